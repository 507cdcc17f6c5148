"""What a patch did, and what a fault did to it: the truth that stored samples are held against.

A *run* is one count from sample 0 on one clock; a patch that starts anew, or whose clock is set,
begins another. In a run each sample is *clean* (sent, and touched by nothing: it must be stored),
*touched* by a named fault (sent or not, it may be stored or in a gap), or was never sent (it must
be in a gap, if samples before and after it are stored).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulators.patch import SimulatedPatch


@dataclass(frozen=True, slots=True)
class Touched:
    """Samples that a fault spoiled."""

    samples: range
    kind: str


@dataclass(slots=True)
class Run:
    """One count of one patch."""

    start: int
    """Number of the patch's start, from 0; its samples are counted from there."""
    power_on_utc_ns: int
    fs_hz: float
    sample0_ns: int
    """Patch's clock at sample 0."""
    sent: list[range] = field(default_factory=list)
    """Samples in the order in which they were handed to the link; neighbours joined."""
    touched: list[Touched] = field(default_factory=list)
    notifications: int = 0

    @property
    def n_sent(self) -> int:
        """Samples handed to the link."""
        return sum(len(samples) for samples in self.sent)

    def add(self, samples: range) -> None:
        """Note samples that were handed to the link."""
        self.notifications += 1
        if self.sent and self.sent[-1].stop == samples.start:
            self.sent[-1] = range(self.sent[-1].start, samples.stop)
        else:
            self.sent.append(samples)


class Account:
    """The runs of one patch, the last one being under way."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def begin(self, patch: SimulatedPatch, start: int) -> None:
        """Begin another run."""
        self.runs.append(Run(start, patch.power_on_utc_ns, patch.fs_hz, patch.sample_ns(0)))

    def sent(self, samples: range) -> None:
        """Note samples that were handed to the link; an empty range is nothing."""
        if samples:
            self.runs[-1].add(samples)

    def touched(self, samples: range, kind: str) -> None:
        """Note samples that a fault touches."""
        self.runs[-1].touched.append(Touched(samples, kind))

    @property
    def n_sent(self) -> int:
        """Samples handed to the link, of all runs."""
        return sum(run.n_sent for run in self.runs)

    def touched_by_kind(self) -> dict[str, int]:
        """Give how many samples each kind of fault touched."""
        return _summed((each.kind, len(each.samples)) for run in self.runs for each in run.touched)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, count in pairs:
        total[name] = total.get(name, 0) + count
    return total
