"""All figures of one run, the targets beside them, and how they grow with the patches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.analysis import Analysis
from tests.bench.bluetooth import BluetoothRun
from tests.bench.catch_up import CatchUp
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
    catch_up: CatchUp
    system: list[SystemRun]
    start_up: StartUp
    bluetooth: list[BluetoothRun]
    clock_error_p95_ms: float

    @property
    def largest(self) -> SystemRun:
        """The run with the most patches; the targets are judged on it."""
        return max(self.system, key=lambda run: run.patches)

    @property
    def targets(self) -> list[Target]:
        """The figures that have a limit."""
        run, limit_s = self.largest, self.catch_up.backlog_s / 20
        return [
            Target("sample to WebSocket, p99", run.to_websocket_p99_s, 2.5, "s"),
            Target("  of which framing", run.framing_s, 1.2, "s"),
            Target("engine + gateway + server", run.own_cpu_pct, 100, "% of a core"),
            Target("peak memory engine", run.peak_memory_mb["engine"], 300, "MB"),
            Target("72 h of three leads spooled", self.spool.outage_mb, 500, "MB"),
            Target("spooling three leads", self.spool.spooling_cpu_pct, 3, "% of a core"),
            # Twenty times real time.
            Target("backlog drained in", self.catch_up.drained_in_s, limit_s, "s"),
            Target("  live beside it, p99", self.catch_up.live_p99_s, 2.5, "s"),
            Target("  others committed, p99", self.catch_up.others_p99_s, 2.5, "s"),
            Target("second start to first patch", self.start_up.second.to_streaming_s, 15, "s"),
            Target("UTC of a sample, error p95", self.clock_error_p95_ms, 5, "ms"),
            *(target for bluetooth in self.bluetooth for target in _bluetooth_targets(bluetooth)),
        ]


def _bluetooth_targets(run: BluetoothRun) -> list[Target]:
    name = f"{run.patches} straps"
    targets = [
        Target(f"{name}: gateway and straps", run.cpu_pct, 15 * run.patches / 50, "% of a core"),
        Target(f"{name}: until all stream", run.connected_s, 30, "s"),
        Target(f"{name}: lost", run.lost_samples, 1, "samples"),
    ]
    if run.reconnect_p95_s is not None:
        targets.append(Target(f"{name}: back after a cut, p95", run.reconnect_p95_s, 3, "s"))
    if run.silence_told_s is not None:
        targets.append(Target(f"{name}: silence told after", run.silence_told_s, 5, "s"))
    return targets


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
