"""The whole system under `ecgomics demo`: latency, CPU and memory while everything streams."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.demo_run import DemoRun, running_demo

OWN = ("engine", "gateway", "server")
"""The processes that a house and its cloud run; the rest is database, broker and rig."""
_SETTLE_S = 3.0
_BEFORE_END_S = 1.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class SystemRun:
    """What one run of the demo cost."""

    patches: int
    window_s: float
    """Stretch the rates are taken over: every patch streams, nothing starts or stops."""
    to_websocket_p50_s: float
    to_websocket_p99_s: float
    to_commit_p50_s: float
    to_commit_p99_s: float
    framing_s: float
    """From the first to one after the last sample of a notification; the patch decides it."""
    frames_per_s: float
    cpu_pct: dict[str, float]
    """Of one core, by process."""
    peak_memory_mb: dict[str, float]
    """PSS, by process, start-up included."""
    lost_samples: int

    @property
    def own_cpu_pct(self) -> float:
        """Engine, gateway and server together."""
        return sum(self.cpu_pct[name] for name in OWN)

    @property
    def p99_beyond_framing_s(self) -> float:
        """What radio, gateway, broker, engine, store and server add for the slowest samples."""
        return self.to_websocket_p99_s - self.framing_s


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    cpu_s: dict[str, float]
    n_frames: int


def measure_system(folder: Path, patches: int, duration_s: float) -> SystemRun:
    """Run the demo on the synthetic heart and measure its streaming stretch."""
    with running_demo(folder, "--patients", str(patches), "--for", str(duration_s)) as run:
        run.wait_for("pages at")
        end_s = time.monotonic() + duration_s - _BEFORE_END_S
        wait_until(lambda: run.log.count("state=streaming") >= patches, run, duration_s / 2)
        time.sleep(_SETTLE_S)
        # Not sooner: the first state is written before the gateway has its process.
        pids = run.state["pids"]
        before = _read(pids, folder)
        time.sleep(max(end_s - time.monotonic(), 1))
        after = _read(pids, folder)
        account = run.result()
    return _figures(patches, account, before, after, _framing_s(folder))


def wait_until(is_so: Callable[[], bool], run: DemoRun, within_s: float) -> None:
    """Wait for the running demo to get somewhere."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, run.log
        time.sleep(_POLL_S)


def _figures(
    patches: int, account: dict[str, Any], before: _Reading, after: _Reading, framing_s: float
) -> SystemRun:
    latency, window_s = account["latency"], after.at_s - before.at_s
    return SystemRun(
        patches=patches,
        window_s=window_s,
        to_websocket_p50_s=latency["sample_to_websocket"]["p50_s"],
        to_websocket_p99_s=latency["sample_to_websocket"]["p99_s"],
        to_commit_p50_s=latency["sample_to_commit"]["p50_s"],
        to_commit_p99_s=latency["sample_to_commit"]["p99_s"],
        framing_s=framing_s,
        frames_per_s=(after.n_frames - before.n_frames) / window_s,
        cpu_pct={
            name: 100 * (cpu_s - before.cpu_s[name]) / window_s
            for name, cpu_s in after.cpu_s.items()
        },
        peak_memory_mb={
            name: usage["peak_memory_mb"] for name, usage in account["processes"].items()
        },
        lost_samples=account["samples"]["lost"],
    )


def _read(pids: dict[str, int], folder: Path) -> _Reading:
    n_frames = sum(book["notifications"] for book in _journals(folder))
    return _Reading(time.monotonic(), {name: _cpu_s(pid) for name, pid in pids.items()}, n_frames)


def _cpu_s(pid: int) -> float:
    """Give what a process and its children took, those that have ended included."""
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    return float(sum(sum(process.cpu_times()[:4]) for process in family))


def _framing_s(folder: Path) -> float:
    books = _journals(folder)
    seconds = sum(book["sent_samples"] / book["fs_hz"] for book in books)
    return float(seconds / sum(book["notifications"] for book in books))


def _journals(folder: Path) -> list[dict[str, Any]]:
    paths = (folder / "data" / "journal").glob("*.json")
    return [json.loads(path.read_text()) for path in paths]
