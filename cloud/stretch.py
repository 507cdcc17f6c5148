"""Reading back a stretch of one boot of one device: windows, beats, samples and gaps."""

from dataclasses import dataclass

import asyncpg
from pydantic import TypeAdapter

from cloud.auth import Patient
from cloud.store.database import DbConnection
from ecgcore.events import BeatLabel, Measurement, RhythmLabel
from ecgcore.intervals import BeatIntervals
from ecgcore.report import Algorithm
from ecgcore.sample_runs import SampleRun
from ecgcore.stored import StoredBeat, StoredRhythm, Window
from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import MAX_SAMPLES, Frame, decode_frame

_MOST_FRAMES = 2000
_ALGORITHM = "ecgomics"
_MEASUREMENTS = TypeAdapter(tuple[Measurement, ...])


@dataclass(frozen=True, slots=True)
class Span:
    """Counters of one boot, end exclusive."""

    device_id: str
    boot_id: int
    start: int
    end: int

    @property
    def key(self) -> tuple[str, int, int, int]:
        """The four values in the order every query takes them."""
        return (self.device_id, self.boot_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Measured:
    """The windows of a span; `start_ns` and `end_ns` are the span's own."""

    start_ns: int
    end_ns: int
    whole: Window | None
    """The 60-s window that is the span."""
    parts: tuple[Window, ...]
    """The 10-s windows in it."""
    algorithm: Algorithm


async def read_measured(connection: DbConnection, span: Span) -> Measured | None:
    """Read the windows of a span; None if nothing was measured in it."""
    rows = await connection.fetch(
        "SELECT * FROM feature_window WHERE device_id = $1 AND boot_id = $2 "
        "AND start_counter >= $3 AND end_counter <= $4 ORDER BY start_counter",
        *span.key,
    )
    if not rows:
        return None
    parts = [row for row in rows if row["kind"] == "10s"]
    whole = [row for row in rows if row["kind"] == "60s"]
    first = rows[0]
    # What no window covers lies on the same line of time as the first window.
    period_ns = (first["end_ns"] - first["start_ns"]) / (
        first["end_counter"] - first["start_counter"]
    )
    start_ns = first["start_ns"] - round((first["start_counter"] - span.start) * period_ns)
    return Measured(
        start_ns=start_ns,
        end_ns=max(row["end_ns"] for row in rows),
        whole=_window(whole[0]) if whole else None,
        parts=tuple(_window(row) for row in parts),
        algorithm=Algorithm(
            name=_ALGORITHM, version=first["algorithm"], params_digest=first["params_digest"]
        ),
    )


async def read_beats(connection: DbConnection, span: Span) -> tuple[StoredBeat, ...]:
    """Read the beats of a span, in order."""
    rows = await connection.fetch(
        "SELECT sample, utc_ns, amplitude_mv, rr_ms, label, p_off_ms - p_on_ms AS p_dur_ms, "
        "qrs_on_ms - p_on_ms AS pr_ms, qrs_off_ms - qrs_on_ms AS qrs_ms, "
        "t_off_ms - qrs_on_ms AS qt_ms FROM beat WHERE device_id = $1 AND boot_id = $2 "
        "AND sample >= $3 AND sample < $4 AND label IS DISTINCT FROM 'noise' ORDER BY sample",
        *span.key,
    )
    return tuple(
        StoredBeat(
            sample=row["sample"],
            utc_ns=row["utc_ns"],
            amplitude_mv=row["amplitude_mv"],
            rr_ms=row["rr_ms"],
            label=None if row["label"] is None else BeatLabel(row["label"]),
            intervals=BeatIntervals(*(row[name] for name in BeatIntervals._fields)),
        )
        for row in rows
    )


async def read_rhythms(connection: DbConnection, span: Span) -> tuple[StoredRhythm, ...]:
    """Read the rhythms that touch a span, by their start; one that goes on ends with the span."""
    rows = await connection.fetch(
        "SELECT label, start_counter, coalesce(end_counter, $4) AS end_counter, confidence "
        "FROM rhythm WHERE device_id = $1 AND boot_id = $2 AND start_counter < $4 "
        "AND coalesce(end_counter, $4) > $3 ORDER BY start_counter",
        *span.key,
    )
    return tuple(
        StoredRhythm(
            label=RhythmLabel(row["label"]),
            start=max(row["start_counter"], span.start),
            end=min(row["end_counter"], span.end),
            confidence=row["confidence"],
        )
        for row in rows
    )


async def read_frames(connection: DbConnection, span: Span) -> list[Frame]:
    """Read the frames that touch a span, and the one after it for the gap it may name."""
    rows = await connection.fetch(
        f"(SELECT body, first_counter FROM frame WHERE device_id = $1 AND boot_id = $2 "  # noqa: S608 - a constant
        f"AND first_counter > $3 - {MAX_SAMPLES} AND first_counter + n_samples > $3 "
        "AND first_counter < $4) UNION ALL "
        "(SELECT body, first_counter FROM frame WHERE device_id = $1 AND boot_id = $2 "
        "AND first_counter >= $4 ORDER BY first_counter LIMIT 1) ORDER BY first_counter",
        *span.key,
    )
    return [decode_frame(row["body"]) for row in rows]


async def read_gaps(connection: DbConnection, span: Span, frames: list[Frame]) -> tuple[Gap, ...]:
    """Give the gaps of a span: those its frames name and those the cloud itself had to name."""
    rows = await connection.fetch(
        "SELECT first_counter, n_samples, reason FROM ledger WHERE device_id = $1 AND boot_id = $2 "
        "AND kind = 'gap' AND first_counter + n_samples > $3 AND first_counter < $4",
        *span.key,
    )
    named = [Gap(r["first_counter"], r["n_samples"], GapReason(r["reason"])) for r in rows]
    found = [_clipped(gap, span) for gap in [*named, *filter(None, (f.gap() for f in frames))]]
    return tuple(sorted((gap for gap in found if gap.n_samples > 0), key=lambda gap: gap.start))


async def read_recent(connection: DbConnection, patient: Patient, seconds: float) -> list[Frame]:
    """Read the newest seconds of signal since a patient wears her patch, oldest first."""
    rows = await connection.fetch(
        "SELECT body FROM frame WHERE device_id = $1 AND utc_ns >= $2 AND end_ns > $3 + "
        "(SELECT max(end_ns) FROM (SELECT end_ns FROM frame WHERE device_id = $1 "
        "AND utc_ns >= $2 ORDER BY utc_ns DESC LIMIT 1) newest) "
        "ORDER BY utc_ns DESC LIMIT $4",
        patient.device_id,
        patient.from_ns,
        -round(seconds * 1e9),
        _MOST_FRAMES,
    )
    return [decode_frame(row["body"]) for row in reversed(rows)]


def runs_of(frames: list[Frame], span: Span) -> tuple[SampleRun, ...]:
    """Give the samples of the frames inside a span."""
    return tuple(
        SampleRun(frame.first_counter, frame.adc)
        for frame in frames
        if frame.n_samples and frame.first_counter < span.end
    )


def _clipped(gap: Gap, span: Span) -> Gap:
    start, end = max(gap.start, span.start), min(gap.end, span.end)
    return Gap(start, end - start, gap.reason)


def _window(row: asyncpg.Record) -> Window:
    return Window(
        start=row["start_counter"],
        end=row["end_counter"],
        sqi=row["sqi"],
        coverage=row["coverage"],
        n_beats=row["n_beats"],
        measurements=_MEASUREMENTS.validate_python(row["measurements"]),
        quality_reasons=tuple(row["quality_reasons"]),
    )
