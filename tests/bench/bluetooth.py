"""Many simulated straps on one gateway: cost, loss, and how soon it notices and comes back."""

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.types import Int64Array
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import LinkState
from tests.gateway.broker import Engine, running_engine, running_nats

Ranges = list[tuple[int, int]]
"""Sample numbers, as [start, end)."""

_POLL_S = 0.02
_HOUSE_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class BluetoothRun:
    """One gateway and its patches in one process; broker and consumer in others."""

    patches: int
    window_s: float
    connected_s: float
    """From the gateway's start until the last patch streamed."""
    cpu_pct: float
    """Of one core: virtual radio, patches, Bleak, gateway."""
    start_cpu_s: float
    lag_p99_ms: float
    peak_memory_mb: float
    sent_samples: int
    lost_samples: int
    """Handed to the link and to no fault, and not with the consumer."""
    repeated_samples: int
    reconnect_p50_s: float | None = None
    """After a link of 1.5 s out of reach; None where nothing was cut."""
    reconnect_p95_s: float | None = None
    holes: int = 0
    holes_named_late: int = 0
    """Holes that the frame right after did not name, with their exact size."""
    silence_told_s: float | None = None
    """The longest from a standing link's last notification to the status that tells."""


def measure_bluetooth(
    folder: Path, patches: int, duration_s: float, *, breaks: bool
) -> BluetoothRun:
    """Run a house in a process of its own, and compare what it sent with what came."""
    return asyncio.run(_measure(folder, patches, duration_s, breaks=breaks))


async def _measure(folder: Path, patches: int, duration_s: float, *, breaks: bool) -> BluetoothRun:
    stalled_ns: dict[str, int] = {}
    async with running_nats(folder) as broker, running_engine(broker) as engine:
        watching = asyncio.create_task(_watch(engine, stalled_ns), name="watch")
        house = await _run_house(
            patches, duration_s, broker.url, folder / "spool.sqlite", breaks=breaks
        )
        watching.cancel()
        await asyncio.wait([watching])
        return _figures(house, engine, stalled_ns)


async def _run_house(
    patches: int, duration_s: float, broker_url: str, spool: Path, *, breaks: bool
) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.house"]
    command += [str(patches), str(duration_s), broker_url, str(spool)]
    command += ["--breaks"] if breaks else []
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(_HOUSE_WITHIN_S):
        output, _ = await process.communicate()
    book: dict[str, Any] = json.loads(output)
    return book


async def _watch(engine: Engine, stalled_ns: dict[str, int]) -> None:
    while True:
        for device, statuses in engine.statuses.items():
            if statuses[-1].link is LinkState.STALLED:
                stalled_ns.setdefault(device, time.time_ns())
        await asyncio.sleep(_POLL_S)


def _figures(house: dict[str, Any], engine: Engine, stalled_ns: dict[str, int]) -> BluetoothRun:
    silent: dict[str, int] = house["silent"]
    accounts = [
        account_of(engine.of(device), sent, house["lost"][device])
        for device, sent in house["sent"].items()
        # What a silenced patch went on sending is not to arrive.
        if device not in silent
    ]
    reconnects_s = house["reconnect_s"]
    told_s = [(stalled_ns[device] - last_ns) / 1e9 for device, last_ns in silent.items()]
    return BluetoothRun(
        patches=house["patches"],
        window_s=house["window_s"],
        connected_s=house["connected_s"],
        cpu_pct=house["cpu_pct"],
        start_cpu_s=house["start_cpu_s"],
        lag_p99_ms=house["lag_p99_ms"],
        peak_memory_mb=house["peak_memory_mb"],
        sent_samples=sum(account.sent for account in accounts),
        lost_samples=sum(account.lost for account in accounts),
        repeated_samples=sum(account.repeated for account in accounts),
        reconnect_p50_s=float(np.percentile(reconnects_s, 50)) if reconnects_s else None,
        reconnect_p95_s=float(np.percentile(reconnects_s, 95)) if reconnects_s else None,
        holes=sum(account.holes for account in accounts),
        holes_named_late=sum(account.holes_named_late for account in accounts),
        silence_told_s=max(told_s, default=None),
    )


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """What one patch sent beside what came."""

    sent: int
    lost: int
    repeated: int
    holes: int
    holes_named_late: int


def account_of(frames: list[Frame], sent: Ranges, lost: Ranges) -> SampleAccount:
    """Compare sample numbers sent and not lost on the air with the frames that came, in order.

    A frame's samples are their own numbers; the numbers left out between two frames must be what
    the later one names as its gap.
    """
    numbers = np.setdiff1d(_numbers(sent), _numbers(lost))
    came = np.concatenate([frame.adc[0] for frame in frames]) if frames else numbers[:0]
    late = 0
    holes = 0
    for before, after in itertools.pairwise(frames):
        hole = int(after.adc[0, 0]) - int(before.adc[0, -1]) - 1
        holes += hole > 0
        late += hole > 0 and after.gap_before != hole
    return SampleAccount(
        sent=len(numbers),
        lost=len(np.setdiff1d(numbers, came)),
        repeated=len(came) - len(np.unique(came)),
        holes=holes,
        holes_named_late=late,
    )


def _numbers(ranges: Ranges) -> Int64Array:
    parts = [np.arange(start, end, dtype=np.int64) for start, end in ranges]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
