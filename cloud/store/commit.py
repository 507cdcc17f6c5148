"""Writing: everything of one batch in one transaction, idempotent on the samples' identity.

A frame that arrives again, and a commit repeated because its answer was lost, store no sample and
no finding twice; only counts of what was resent or quarantined may then be one too high.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields

from cloud.device_stream import Findings
from cloud.store.database import DbConnection
from ecgcore.events import BeatClassified, Measurement, RhythmEnded, Wave
from ecgcore.pipeline import ALGORITHM_VERSION
from ecgcore.types import GapReason

_MEASURED = tuple(each.name for each in fields(Measurement))


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

    @property
    def key(self) -> tuple[str, int]:
        """Device and boot."""
        return self.device, self.boot_id


def session_id(device: str, boot_id: int) -> str:
    """Give the name by which people call one boot of one device."""
    return f"{device}.{boot_id:08x}"


async def store_boots(
    connection: DbConnection, boots: Collection[BootCommit], stored_ns: int
) -> None:
    """Write a batch, each table once for all boots; the caller holds the transaction."""
    await _open_recordings(connection, boots)
    await _store_frames(connection, boots, stored_ns)
    await _store_beats(connection, boots)
    await _store_rhythms(connection, boots)
    await _store_windows(connection, boots)
    await _store_blocks(connection, boots)
    await _store_ledger(connection, boots)
    await _store_progress(connection, boots)


async def store_quarantined(connection: DbConnection, messages: Sequence[Quarantined]) -> None:
    """Keep what could not be read, with the reason."""
    await connection.executemany(
        "INSERT INTO quarantine (received_ns, topic, reason, payload) VALUES ($1, $2, $3, $4)",
        [(m.received_ns, m.topic, m.reason, m.payload) for m in messages],
    )


async def _open_recordings(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = []
    for boot in boots:
        frames = boot.findings.frames + boot.findings.late
        if frames:
            first = frames[0].frame
            rows.append(
                (
                    *boot.key,
                    session_id(*boot.key),
                    boot.gateway,
                    first.fs_mhz,
                    first.lsb_pv,
                    first.lead_mask,
                    first.start,
                    first.utc_ns,
                )
            )
    await _insert(connection, "recording", 9, rows)


async def _store_frames(
    connection: DbConnection, boots: Collection[BootCommit], stored_ns: int
) -> None:
    rows = [
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
        for boot in boots
        for f, body in boot.findings.frames + boot.findings.late
    ]
    await _insert(connection, "frame", 11, rows)


async def _store_beats(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = [
        (*boot.key, *_beat_row(beat, offset_ns))
        for boot in boots
        for beat, offset_ns in boot.findings.beats
    ]
    await _insert(connection, "beat", 21, rows)


async def _insert(
    connection: DbConnection, table: str, n_columns: int, rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert whole rows; those that are there stay as they are."""
    if rows:
        places = ", ".join(f"${n}" for n in range(1, n_columns + 1))
        # The names are ours, the values go beside.
        sql = f"INSERT INTO {table} VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
        await connection.executemany(sql, rows)


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


async def _store_rhythms(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = [
        (
            *boot.key,
            str(event.label),
            event.start,
            event.end if isinstance(event, RhythmEnded) else None,
            start_ns,
            end_ns,
            event.confidence,
            ALGORITHM_VERSION,
        )
        for boot in boots
        for event, start_ns, end_ns in boot.findings.rhythms
    ]
    if rows:
        await connection.executemany(
            "INSERT INTO rhythm VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
            "ON CONFLICT (device_id, boot_id, label, start_counter) DO UPDATE SET "
            "end_counter = coalesce(excluded.end_counter, rhythm.end_counter), "
            "end_ns = coalesce(excluded.end_ns, rhythm.end_ns), confidence = excluded.confidence",
            rows,
        )


async def _store_windows(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = [
        (
            *boot.key,
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
            boot.params_digest,
        )
        for boot in boots
        for window, offset_ns in boot.findings.windows
    ]
    await _insert(connection, "feature_window", 15, rows)


async def _store_blocks(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = [
        (*boot.key, block.start, block.n_samples, block.sha256)
        for boot in boots
        for block in boot.findings.blocks
    ]
    await _insert(connection, "block", 5, rows)


async def _store_progress(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    await connection.executemany(
        "INSERT INTO progress VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, boot_id) DO UPDATE "
        "SET next_counter = excluded.next_counter, through_ns = excluded.through_ns "
        "WHERE progress.next_counter <= excluded.next_counter",
        [(*boot.key, boot.next_counter, boot.through_ns) for boot in boots],
    )
    states = [(*b.key, b.next_counter, b.state) for b in boots if b.state is not None]
    if states:
        await connection.executemany(
            "INSERT INTO checkpoint VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, boot_id) "
            "DO UPDATE SET next_counter = excluded.next_counter, state = excluded.state",
            states,
        )


def _stored(measured: Measurement) -> dict[str, object]:
    """Give a value as it is kept: what it does not have is left out."""
    given = ((name, getattr(measured, name)) for name in _MEASURED)
    return {name: value for name, value in given if value is not None or name == "value"}


async def _store_ledger(connection: DbConnection, boots: Collection[BootCommit]) -> None:
    rows = [(*boot.key, *line) for boot in boots for line in _ledger_lines(boot.findings)]
    if rows:
        await connection.executemany(
            "INSERT INTO ledger VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (device_id, boot_id, "
            "kind, first_counter, n_samples) DO UPDATE SET times = ledger.times + 1",
            rows,
        )


def _ledger_lines(found: Findings) -> Iterator[tuple[str, int, int, int]]:
    for frame in found.resent:
        yield "resent", frame.start, frame.end - frame.start, int(GapReason.NONE)
    for frame, _ in found.late:
        yield "late", frame.start, frame.end - frame.start, int(GapReason.NONE)
    for hole in found.holes:
        yield "gap", hole.start, hole.n_samples, int(hole.reason)
