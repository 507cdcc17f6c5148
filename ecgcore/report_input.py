"""All that a report is made from."""

from dataclasses import dataclass

from ecgcore.baseline import Baseline
from ecgcore.person import UNKNOWN, Person
from ecgcore.report import Algorithm, Device, Report, ReportKind, RepresentativeBeat
from ecgcore.sample_runs import SampleRun
from ecgcore.stored import StoredBeat, StoredRhythm, Window
from ecgcore.types import Gap


@dataclass(frozen=True, slots=True)
class ReportInput:
    """All that a report is made from."""

    kind: ReportKind
    created_ns: int
    patient_ref: str
    device: Device
    algorithm: Algorithm
    window: Window
    """The whole stretch."""
    start_ns: int
    end_ns: int
    parts: tuple[Window, ...] = ()
    """The 10-s windows inside it."""
    gaps: tuple[Gap, ...] = ()
    beats: tuple[StoredBeat, ...] = ()
    rhythms: tuple[StoredRhythm, ...] = ()
    """By their start."""
    runs: tuple[SampleRun, ...] = ()
    """Samples, in counter order."""
    beat: RepresentativeBeat | None = None
    """Where one was made."""
    person: Person = UNKNOWN
    is_time_known: bool = True
    """Whether `start_ns` and `end_ns` are UTC rather than counted from the first sample."""
    previous: Report | None = None
    """The patient's last report before this one."""
    baseline: Baseline | None = None
    """The patient's own past, of the same site, leads and algorithm."""

    def time_ns(self, counter: float) -> int:
        """Give the UTC of a counter, on the line through the stretch's two ends."""
        share = (counter - self.window.start) / (self.window.end - self.window.start)
        return self.start_ns + round(share * (self.end_ns - self.start_ns))
