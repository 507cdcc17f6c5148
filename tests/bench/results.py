"""All figures of one run, the targets beside them, and how they grow with the patches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.analysis import Analysis
from tests.bench.core import CoreCost
from tests.bench.spool import SpoolCost
from tests.bench.startup import StartUp
from tests.bench.system import SystemRun
from tests.bench.wire import FormatCost


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is to stay below a limit."""

    name: str
    value: float
    below: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether it does."""
        return self.value < self.below


@dataclass(frozen=True, slots=True)
class Results:
    """What `make bench` found."""

    signal: str
    """The ECG that codecs, core and spool were measured with."""
    wire: list[FormatCost]
    core: list[CoreCost]
    analysis: Analysis
    spool: SpoolCost
    system: list[SystemRun]
    start_up: StartUp

    @property
    def largest(self) -> SystemRun:
        """The run with the most patches; the targets are judged on it."""
        return max(self.system, key=lambda run: run.patches)

    @property
    def targets(self) -> list[Target]:
        """The figures that have a limit."""
        run = self.largest
        return [
            Target("sample to WebSocket, p99", run.to_websocket_p99_s, 2.5, "s"),
            Target("  of which framing", run.framing_s, 1.2, "s"),
            Target("engine + gateway + server", run.own_cpu_pct, 100, "% of a core"),
            Target("peak memory engine", run.peak_memory_mb["engine"], 300, "MB"),
            Target("72 h of three leads spooled", self.spool.outage_mb, 500, "MB"),
            Target("spooling three leads", self.spool.spooling_cpu_pct, 3, "% of a core"),
            Target("second start to first patch", self.start_up.second.to_streaming_s, 15, "s"),
        ]


def growth(runs: Sequence[SystemRun], value: Callable[[SystemRun], float]) -> float | None:
    """Give how many times larger a figure is with the most patches than with the fewest.

    None if there is nothing to compare with.
    """
    by_size = sorted(runs, key=lambda run: run.patches)
    first, last = value(by_size[0]), value(by_size[-1])
    return last / first if len(by_size) > 1 and first else None


def times(value: float, reference: float) -> str:
    """Say how a figure compares with the one it stands beside: ``0.25x``."""
    return f"{value / reference:.2g}x"
