"""Writing: everything of one batch in one transaction, idempotent on the samples' identity.

A frame that arrives again, and a commit repeated because its answer was lost, store no sample and
no finding twice; only counts of what was resent or quarantined may then be one too high.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from cloud.device_stream import Arrived, Findings, TimedRhythm
from cloud.store.database import DbConnection
from ecgcore.events import BeatClassified, Measurement, RhythmEnded, Wave, WindowClosed
from ecgcore.pipeline import ALGORITHM_VERSION
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that is not ours, or not whole."""

    received_ns: int
    topic: str
    reason: str
    payload: bytes


@dataclass(slots=True)
class BootCommit:
    """What a batch brought for one boot of one device."""

    device: str
    boot_id: int
    gateway: str
    next_counter: int
    through_ns: int
    params_digest: str
    findings: Findings = field(default_factory=Findings)
    state: bytes | None = None
    """Checkpoint at `next_counter`, when one is due."""


def session_id(device: str, boot_id: int) -> str:
    """Give the name by which people call one boot of one device."""
    return f"{device}.{boot_id:08x}"


async def store_boot(connection: DbConnection, boot: BootCommit, stored_ns: int) -> None:
    """Write one boot's part of a batch; the caller holds the transaction."""
    key = (boot.device, boot.boot_id)
    found = boot.findings
    frames = found.frames + found.late
    if frames:
        await _open_recording(connection, boot, frames[0].frame)
        await _store_frames(connection, frames, stored_ns)
    await _store_beats(connection, key, found.beats)
    await _store_rhythms(connection, key, found.rhythms)
    await _store_windows(connection, key, found.windows, boot.params_digest)
    await connection.executemany(
        "INSERT INTO block VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [(*key, block.start, block.n_samples, block.sha256) for block in found.blocks],
    )
    await _store_ledger(connection, key, found)
    await connection.execute(
        "INSERT INTO progress VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, boot_id) DO UPDATE "
        "SET next_counter = excluded.next_counter, through_ns = excluded.through_ns "
        "WHERE progress.next_counter <= excluded.next_counter",
        *key,
        boot.next_counter,
        boot.through_ns,
    )
    if boot.state is not None:
        await connection.execute(
            "INSERT INTO checkpoint VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, boot_id) "
            "DO UPDATE SET next_counter = excluded.next_counter, state = excluded.state",
            *key,
            boot.next_counter,
            boot.state,
        )


async def store_quarantined(connection: DbConnection, messages: Sequence[Quarantined]) -> None:
    """Keep what could not be read, with the reason."""
    await connection.executemany(
        "INSERT INTO quarantine (received_ns, topic, reason, payload) VALUES ($1, $2, $3, $4)",
        [(m.received_ns, m.topic, m.reason, m.payload) for m in messages],
    )


async def _open_recording(connection: DbConnection, boot: BootCommit, first: Frame) -> None:
    await connection.execute(
        "INSERT INTO recording VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        boot.device,
        boot.boot_id,
        session_id(boot.device, boot.boot_id),
        boot.gateway,
        first.fs_mhz,
        first.lsb_pv,
        first.lead_mask,
        first.start,
        first.utc_ns,
    )


async def _store_frames(
    connection: DbConnection, frames: Sequence[Arrived], stored_ns: int
) -> None:
    await connection.executemany(
        "INSERT INTO frame VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
        "ON CONFLICT DO NOTHING",
        [
            (
                f.device,
                f.boot_id,
                f.first_counter,
                f.utc_ns,
                f.n_samples,
                f.gap_before,
                int(f.gap_reason),
                f.end_utc_ns,
                f.arrival_ns,
                stored_ns,
                body,
            )
            for f, body in frames
        ],
    )


async def _store_beats(
    connection: DbConnection, key: tuple[str, int], beats: Sequence[tuple[BeatClassified, int]]
) -> None:
    await connection.executemany(
        "INSERT INTO beat VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
        "$15, $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING",
        [(*key, *_beat_row(beat, offset_ns)) for beat, offset_ns in beats],
    )


def _beat_row(classified: BeatClassified, offset_ns: int) -> tuple[object, ...]:
    beat, waves = classified.beat, classified.waves
    r = beat.sample + beat.offset

    def from_r_ms(wave: Wave | None, *points: str) -> tuple[float | None, ...]:
        if wave is None:
            return (None,) * len(points)
        return tuple((getattr(wave, point) - r) * beat.sample_ms for point in points)

    return (
        beat.sample,
        round(beat.time_ms * 1e6) + offset_ns,
        beat.offset,
        beat.amplitude_mv,
        classified.rr_ms,
        beat.confidence,
        str(classified.label),
        classified.confidence,
        classified.cluster,
        *from_r_ms(waves.p, "onset", "peak", "offset"),
        waves.p.amplitude_mv if waves.p else None,
        *from_r_ms(waves.qrs, "onset", "offset"),
        *from_r_ms(waves.t, "onset", "peak", "offset"),
        waves.t.amplitude_mv if waves.t else None,
    )


async def _store_rhythms(
    connection: DbConnection, key: tuple[str, int], rhythms: Sequence[TimedRhythm]
) -> None:
    await connection.executemany(
        "INSERT INTO rhythm VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "ON CONFLICT (device_id, boot_id, label, start_counter) DO UPDATE SET "
        "end_counter = coalesce(excluded.end_counter, rhythm.end_counter), "
        "end_ns = coalesce(excluded.end_ns, rhythm.end_ns), confidence = excluded.confidence",
        [
            (
                *key,
                str(event.label),
                event.start,
                event.end if isinstance(event, RhythmEnded) else None,
                start_ns,
                end_ns,
                event.confidence,
                ALGORITHM_VERSION,
            )
            for event, start_ns, end_ns in rhythms
        ],
    )


async def _store_windows(
    connection: DbConnection,
    key: tuple[str, int],
    windows: Sequence[tuple[WindowClosed, int]],
    params_digest: str,
) -> None:
    await connection.executemany(
        "INSERT INTO feature_window VALUES "
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        [
            (
                *key,
                window.kind,
                window.start,
                window.end,
                round(window.start_ms * 1e6) + offset_ns,
                round(window.end_ms * 1e6) + offset_ns,
                window.n_beats,
                window.sqi,
                window.coverage,
                next((m.value for m in window.measurements if m.key == "hr_mean"), None),
                [_stored(m) for m in window.measurements],
                [str(reason) for reason in window.quality_reasons],
                ALGORITHM_VERSION,
                params_digest,
            )
            for window, offset_ns in windows
        ],
    )


def _stored(measured: Measurement) -> dict[str, object]:
    """Give a value as it is kept: what it does not have is left out."""
    given = asdict(measured)
    return {name: given[name] for name in given if name == "value" or given[name] is not None}


async def _store_ledger(connection: DbConnection, key: tuple[str, int], found: Findings) -> None:
    rows = [("resent", f.start, f.end - f.start, GapReason.NONE) for f in found.resent]
    rows += [("late", f.start, f.end - f.start, GapReason.NONE) for f, _ in found.late]
    rows += [("gap", hole.start, hole.n_samples, hole.reason) for hole in found.holes]
    await connection.executemany(
        "INSERT INTO ledger VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (device_id, boot_id, kind, "
        "first_counter, n_samples) DO UPDATE SET times = ledger.times + 1",
        [(*key, kind, start, n, int(reason)) for kind, start, n, reason in rows],
    )
