"""How fast the gateway makes frames durable, against what a bare fsync takes on the same disk."""

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecgcore.wire.frame import Frame
from gateway.outbox import Outbox
from gateway.spool import Entry, Spool
from tests.bench.ecg import source
from tests.bench.timing import best_us

_FS_HZ = 130
_FRAME_SAMPLES = 73
_MAX_BYTES = 64 << 20
_STATE = b"s" * 300
"""As long as a recorder's state."""


@dataclass(frozen=True, slots=True)
class SpoolCost:
    """Throughput of the spool; every figure is with fsync."""

    fsync_us: float
    """Of 4 KiB appended to a bare file."""
    one_by_one_frames_per_s: float
    """A transaction each: what a patch alone needs at worst."""
    together_frames_per_s: float
    """Twenty frames a transaction."""
    outbox_frames_per_s: float
    """As the event loop sees it, waiting for room."""


def measure_spool(folder: Path) -> SpoolCost:
    """Measure in `folder`."""
    return SpoolCost(
        _fsync_us(folder / "bare"),
        _written_per_s(folder / "one.sqlite", batch_frames=1, n_batches=200),
        _written_per_s(folder / "together.sqlite", batch_frames=20, n_batches=100),
        asyncio.run(_outbox_per_s(folder / "outbox.sqlite", n_frames=5_000)),
    )


def _fsync_us(path: Path) -> float:
    block = bytes(4096)
    with path.open("ab", buffering=0) as file:

        def append() -> None:
            file.write(block)
            os.fsync(file)

        return best_us(append, 40)


def _written_per_s(path: Path, *, batch_frames: int, n_batches: int) -> float:
    spool = Spool(path, _MAX_BYTES)
    entries = _entries()
    batches = [list(itertools.islice(entries, batch_frames)) for _ in range(n_batches)]
    start_s = time.perf_counter()
    for batch in batches:
        spool.write(batch)
    took_s = time.perf_counter() - start_s
    spool.close()
    return batch_frames * n_batches / took_s


async def _outbox_per_s(path: Path, n_frames: int) -> float:
    entries = list(itertools.islice(_entries(), n_frames))
    async with Outbox.open(path, max_bytes=_MAX_BYTES, linger_s=0) as outbox:
        writer = asyncio.create_task(outbox.run())
        start_s = time.perf_counter()
        for entry in entries:
            if not outbox.has_room:
                await outbox.flush()
            outbox.put(entry)
        await outbox.flush()
        took_s = time.perf_counter() - start_s
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer
    return n_frames / took_s


def _entries() -> Iterator[Entry]:
    for first in itertools.count(0, _FRAME_SAMPLES):
        time_ns = first * 10**9 // _FS_HZ
        frame = Frame(
            device="polar-h10-0A1B2C3D",
            boot_id=7,
            first_counter=first,
            adc=source(_FS_HZ).read_uv(first, _FRAME_SAMPLES)[None],
            lead_mask=1,
            fs_mhz=_FS_HZ * 1000,
            lsb_pv=1_000_000,
            device_time_ns=time_ns,
            device_span_ns=_FRAME_SAMPLES * 10**9 // _FS_HZ,
            utc_ns=time_ns,
            arrival_ns=time_ns,
        )
        yield Entry.of(frame, _STATE)
