"""How fast the gateway makes frames durable, against what a bare fsync takes on the same disk.

And what a long outage takes: an hour of three leads at 250 Hz, a frame and a transaction a second,
scaled to the 72 hours a gateway must hold out.
"""

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
_OUTAGE_H = 72
_OUTAGE_FS_HZ = 250
_LEADS = 3
_HOUR_S = 3600


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
    outage_mb: float
    """File with indices and write-ahead log after 72 h of three leads at 250 Hz."""
    outage_encrypted_mb: float
    """The same under a key."""
    spooling_cpu_pct: float
    """Of a core: encoding and storing three leads at 250 Hz, a transaction a second."""


def measure_spool(folder: Path) -> SpoolCost:
    """Measure in `folder`."""
    plain_mb, cpu_pct = _hour(folder / "hour.sqlite", None)
    encrypted_mb, _ = _hour(folder / "hour-encrypted.sqlite", bytes(32))
    return SpoolCost(
        _fsync_us(folder / "bare"),
        _written_per_s(folder / "one.sqlite", batch_frames=1, n_batches=200),
        _written_per_s(folder / "together.sqlite", batch_frames=20, n_batches=100),
        asyncio.run(_outbox_per_s(folder / "outbox.sqlite", n_frames=5_000)),
        plain_mb,
        encrypted_mb,
        cpu_pct,
    )


def _hour(path: Path, key: bytes | None) -> tuple[float, float]:
    """Give the megabytes of 72 h, and the share of a core in percent."""
    frames = list(itertools.islice(_frames(_OUTAGE_FS_HZ, _OUTAGE_FS_HZ, _LEADS), _HOUR_S))
    spool = Spool(path, _MAX_BYTES, key=key)
    start_s = time.process_time()
    for frame in frames:
        spool.write([Entry.of(frame, _STATE)])
    cpu_s = time.process_time() - start_s
    log_bytes = path.with_name(path.name + "-wal").stat().st_size
    n_bytes = path.stat().st_size * _OUTAGE_H + log_bytes
    spool.close()
    return n_bytes / 1e6, 100 * cpu_s / _HOUR_S


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
    for frame in _frames(_FS_HZ, _FRAME_SAMPLES, 1):
        yield Entry.of(frame, _STATE)


def _frames(fs_hz: int, n_samples: int, n_leads: int) -> Iterator[Frame]:
    for first in itertools.count(0, n_samples):
        time_ns = first * 10**9 // fs_hz
        # Leads from elsewhere in the record: beats and noise of their own, as hard to compress.
        leads = [source(fs_hz).read_uv(first + 7001 * k, n_samples) for k in range(n_leads)]
        yield Frame(
            device="polar-h10-0A1B2C3D",
            boot_id=7,
            first_counter=first,
            adc=np.stack(leads),
            lead_mask=(1 << n_leads) - 1,
            fs_mhz=fs_hz * 1000,
            lsb_pv=1_000_000,
            device_time_ns=time_ns,
            device_span_ns=n_samples * 10**9 // fs_hz,
            utc_ns=time_ns,
            arrival_ns=time_ns,
        )
