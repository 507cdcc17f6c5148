"""Reports from what is stored: gather, compose, insert once, inside the caller's transaction."""

import hashlib
from typing import Any
from uuid import UUID

from cloud.baselines import key_of, read_baseline
from cloud.store.database import DbConnection
from cloud.stretch import (
    Measured,
    Span,
    read_beats,
    read_frames,
    read_gaps,
    read_measured,
    read_rhythms,
    runs_of,
)
from ecgcore.compose import compose
from ecgcore.report import Device, Report, ReportKind
from ecgcore.report_input import ReportInput
from ecgcore.spot import measure_span
from ecgcore.stored import StoredBeat, Window
from ecgcore.types import leads_of
from ecgcore.wire.messages import DeviceStatus

_SPOT_WINDOWS = 6


async def store_report(
    connection: DbConnection,
    *,
    device_id: str,
    boot_id: int,
    kind: str,
    start_counter: int,
    end_counter: int,
    created_ns: int,
    status: DeviceStatus | None = None,
) -> Report | None:
    """Make the report of a stretch and keep it; a report that is there already is given back.

    Parameters
    ----------
    kind : str
        ``summary`` for a closed 60-s window, ``spot`` for any whole 10-s windows.
    status : DeviceStatus or None
        What the patch said of itself, if anybody knows.

    Returns
    -------
    Report or None
        None if nobody wore the device through the stretch, or nothing was measured in it.
    """
    span = Span(device_id, boot_id, start_counter, end_counter)
    measured = await read_measured(connection, span)
    if measured is None:
        return None
    wearer = await _wearer(connection, device_id, measured)
    if wearer is None:
        return None
    patient_id, site = wearer
    beats = await read_beats(connection, span)
    frames = await read_frames(connection, span)
    device = await _device(connection, span, measured, status, site)
    given = ReportInput(
        kind=ReportKind(kind),
        created_ns=created_ns,
        patient_ref=patient_id,
        device=device,
        algorithm=measured.algorithm,
        window=_window(ReportKind(kind), span, measured, beats, device.fs_nominal_hz),
        start_ns=measured.start_ns,
        end_ns=measured.end_ns,
        parts=measured.parts,
        gaps=await read_gaps(connection, span, frames),
        beats=beats,
        rhythms=await read_rhythms(connection, span),
        runs=runs_of(frames, span),
        previous=await _previous(connection, patient_id, measured.start_ns),
        baseline=await read_baseline(connection, key_of(patient_id, device, measured.algorithm)),
    )
    return await _kept(connection, compose(given))


async def store_spot_report(
    connection: DbConnection,
    *,
    patient_id: str,
    created_ns: int,
    status: DeviceStatus | None = None,
) -> Report | None:
    """Make the report of a patient's last minute of measured signal; None if there is none."""
    span = await _last_minute(connection, patient_id)
    if span is None:
        return None
    return await store_report(
        connection,
        device_id=span.device_id,
        boot_id=span.boot_id,
        kind=ReportKind.SPOT,
        start_counter=span.start,
        end_counter=span.end,
        created_ns=created_ns,
        status=status if status is not None and status.device == span.device_id else None,
    )


async def last_report(connection: DbConnection, patient_id: str) -> dict[str, Any] | None:
    """Give the patient's newest report as JSON, None before the first."""
    body: dict[str, Any] | None = await connection.fetchval(
        "SELECT body FROM report WHERE patient_id = $1 "
        "ORDER BY created_ns DESC, end_ns DESC LIMIT 1",
        patient_id,
    )
    return body


async def list_reports(
    connection: DbConnection, patient_id: str, limit: int
) -> list[dict[str, Any]]:
    """Give the newest reports of a patient, without their bodies."""
    rows = await connection.fetch(
        "SELECT report_id, kind, created_ns, start_ns, end_ns, "
        "body #> '{narrative,headline}' AS headline FROM report "
        "WHERE patient_id = $1 ORDER BY created_ns DESC LIMIT $2",
        patient_id,
        limit,
    )
    return [dict(row) for row in rows]


async def read_report(connection: DbConnection, report_id: UUID) -> Report | None:
    """Give a report, None if there is no such."""
    body = await connection.fetchval("SELECT body FROM report WHERE report_id = $1", report_id)
    return None if body is None else Report.model_validate(body)


async def _last_minute(connection: DbConnection, patient_id: str) -> Span | None:
    # Only what was measured since the patient wears the patch is hers.
    rows = await connection.fetch(
        "SELECT w.device_id, w.boot_id, w.start_counter, w.end_counter, w.start_ns, w.end_ns, "
        "from_ns, r.first_counter "
        "FROM wear JOIN feature_window w USING (device_id) "
        "JOIN recording r USING (device_id, boot_id) "
        "WHERE patient_id = $1 AND to_ns IS NULL AND kind = '10s' AND w.start_ns >= from_ns "
        "ORDER BY w.start_ns DESC LIMIT $2",
        patient_id,
        _SPOT_WINDOWS,
    )
    if not rows:
        return None
    newest = rows[0]
    boot = (newest["device_id"], newest["boot_id"])
    length = newest["end_counter"] - newest["start_counter"]
    start = newest["end_counter"] - _SPOT_WINDOWS * length
    start_ns = newest["end_ns"] - _SPOT_WINDOWS * (newest["end_ns"] - newest["start_ns"])
    # A minute has holes if signal is missing, and is short if it had not begun by then.
    if start < newest["first_counter"] or start_ns < newest["from_ns"]:
        start = min(
            row["start_counter"]
            for row in rows
            if (row["device_id"], row["boot_id"]) == boot and row["start_counter"] >= start
        )
    return Span(*boot, start, newest["end_counter"])


async def _wearer(
    connection: DbConnection, device_id: str, measured: Measured
) -> tuple[str, str] | None:
    """Give who wore a patch all the time, and where on the body."""
    row = await connection.fetchrow(
        "SELECT patient_id, site FROM wear WHERE device_id = $1 AND from_ns <= $2 "
        "AND (to_ns IS NULL OR to_ns >= $3)",
        device_id,
        measured.start_ns,
        measured.end_ns,
    )
    return None if row is None else (row["patient_id"], row["site"])


def _window(
    kind: ReportKind,
    span: Span,
    measured: Measured,
    beats: tuple[StoredBeat, ...],
    fs_hz: float,
) -> Window:
    if kind is ReportKind.SUMMARY and measured.whole is not None:
        return measured.whole
    return measure_span(span.start, span.end, measured.parts, beats, measured.start_ns, fs_hz)


async def _device(
    connection: DbConnection,
    span: Span,
    measured: Measured,
    status: DeviceStatus | None,
    site: str,
) -> Device:
    row = await connection.fetchrow(
        "SELECT fs_mhz, lsb_pv, lead_mask FROM recording WHERE device_id = $1 AND boot_id = $2",
        span.device_id,
        span.boot_id,
    )
    wall_s = (measured.end_ns - measured.start_ns) / 1e9
    return Device(
        device_id=span.device_id,
        boot_id=span.boot_id,
        model=(status.model or None) if status else None,
        serial_hash=_hashed(status.serial) if status else None,
        firmware=(status.firmware or None) if status else None,
        leads=tuple(lead.name for lead in leads_of(row["lead_mask"])),
        site=site or None,
        fs_nominal_hz=row["fs_mhz"] / 1000,
        fs_estimated_hz=(span.end - span.start) / wall_s,
        lsb_pv=row["lsb_pv"],
    )


def _hashed(serial: str) -> str | None:
    return hashlib.sha256(serial.encode()).hexdigest()[:16] if serial else None


async def _previous(connection: DbConnection, patient_id: str, before_ns: int) -> Report | None:
    # Minutes that are committed together are made at one moment.
    body = await connection.fetchval(
        "SELECT body FROM report WHERE patient_id = $1 AND end_ns <= $2 "
        "ORDER BY created_ns DESC, end_ns DESC LIMIT 1",
        patient_id,
        before_ns,
    )
    return None if body is None else Report.model_validate(body)


async def _kept(connection: DbConnection, report: Report) -> Report:
    """Insert a report, or give back the one that was made of the same stretch before."""
    inserted = await connection.fetchval(
        "INSERT INTO report VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING "
        "RETURNING report_id",
        report.report_id,
        report.patient_ref,
        report.device.device_id,
        report.kind,
        report.created_ns,
        report.recording.start_ns,
        report.recording.end_ns,
        report.model_dump(mode="json"),
    )
    if inserted is not None:
        return report
    kept = await read_report(connection, report.report_id)
    return report if kept is None else kept
