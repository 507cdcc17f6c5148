"""The printed report of a short recording: the ECG on the first page, the numbers on the second."""

from collections.abc import Sequence
from functools import partial

from cloud.reporting.pdf.chart import TRUE
from cloud.reporting.pdf.ink import SMALL, Face
from cloud.reporting.pdf.leads import (
    draw_row,
    draw_twelve,
    row_mm,
    twelve_of,
)
from cloud.reporting.pdf.parts import (
    BEAT_MM,
    draw_beat,
    draw_dimensions,
    draw_intervals,
    draw_narrative,
    draw_statements,
    for_clinician,
    for_patient,
)
from cloud.reporting.pdf.sheet import (
    BOTTOM_MM,
    LEFT_MM,
    RIGHT_MM,
    TOP_MM,
    Page,
    Sheet,
    frame_of,
    printed,
)
from cloud.reporting.text import Language, lead_rows, time_shown
from ecgcore.report import Envelope, Report, Strip

_MOST_STATEMENTS = 5
_INTERVALS_MM = 118.0
_BETWEEN_ROWS_MM = 6.0
_FIRST_ROW_MM = 24.0
"""Below the numbers."""


def pdf_of(report: Report, lang: Language) -> bytes:
    """Print a report of a stretch."""
    strips = list(report.strips)
    twelve = twelve_of(strips)
    pages: list[Page] = []
    if twelve is not None:
        pages.append(partial(_first, report=report, strips=[]))
        rest = [strip for strip in strips if not strip.id.startswith("main")]
    else:
        [first, *_] = [*_filled(strips, TOP_MM - _FIRST_ROW_MM), []]
        pages.append(partial(_first, report=report, strips=first))
        rest = strips[len(first) :]
    pages.append(partial(_second, report=report))
    pages += pages_of_strips(report, rest)
    return printed(frame_of(report, report.kind, lang), pages, lang)


def pages_of_strips(report: Envelope, strips: Sequence[Strip]) -> list[Page]:
    """Give pages that are full of strips."""
    return [
        partial(_strips, report=report, strips=page, y_mm=TOP_MM)
        for page in _filled(strips, TOP_MM)
    ]


def _filled(strips: Sequence[Strip], top_mm: float) -> list[list[Strip]]:
    """Share strips out among pages, as many on each as there is room for."""
    pages: list[list[Strip]] = []
    left = 0.0
    for strip in strips:
        needed = row_mm(strip) + _BETWEEN_ROWS_MM
        if needed > left or not pages:
            pages.append([])
            left = top_mm - BOTTOM_MM
        pages[-1].append(strip)
        left -= needed
    return pages


def _first(sheet: Sheet, report: Report, strips: Sequence[Strip]) -> None:
    top = TOP_MM - 5.0
    draw_intervals(sheet, LEFT_MM, top, _INTERVALS_MM, report.measurements)
    beside = LEFT_MM + _INTERVALS_MM + 8.0
    width = RIGHT_MM - beside
    draw_statements(sheet, beside, top, width, report.statements, _MOST_STATEMENTS)
    zh = sheet.lang == "zh"
    if strips:
        _strips(sheet, report, strips, TOP_MM - _FIRST_ROW_MM)
        return
    twelve = twelve_of(report.strips)
    if twelve is None:
        why = "没有可显示的信号" if zh else "There is no signal to show."
        sheet.write(LEFT_MM, top - 40.0, why)
        return
    y = BOTTOM_MM + 4.5
    draw_twelve(sheet.canvas, LEFT_MM, y, twelve, report.device.fs_nominal_hz)
    sheet.write(LEFT_MM, y - 3.0, f"{TRUE.words} · {_filters(report, zh)}", SMALL)


def _filters(report: Envelope, zh: bool) -> str:
    filters = report.device.filters
    if filters is None:
        return "滤波未知" if zh else "filters of the recorder not known"
    return ", ".join(filters) or ("无滤波" if zh else "no filter")


def _strips(sheet: Sheet, report: Envelope, strips: Sequence[Strip], y_mm: float) -> None:
    for strip in strips:
        y_mm -= row_mm(strip) + _BETWEEN_ROWS_MM
        draw_row(sheet.canvas, LEFT_MM, y_mm, strip, caption_of(report, strip))


def caption_of(report: Envelope, strip: Strip) -> str:
    """Say what a strip shows, from when, and in what scale."""
    recording = report.recording
    since_s = (strip.start_ns - recording.start_ns) / 1e9
    at = time_shown(strip.start_ns) if recording.is_time_known else f"t = {since_s:.1f} s"
    return f"{strip.id} · {at} · {TRUE.words}"


def _second(sheet: Sheet, report: Report) -> None:
    left, gap = LEFT_MM, 8.0
    right = left + BEAT_MM[0] + 5.0 + gap
    y = TOP_MM - 3.0
    if report.beat is not None:
        sheet.heading(left, y, "Representative beat", "代表性心搏", BEAT_MM[0])
        draw_beat(sheet, left, y - 4.0 - BEAT_MM[1], report.beat)
        y -= BEAT_MM[1] + 14.0
    if rows := lead_rows(report):
        sheet.heading(left, y, "Leads", "各导联", BEAT_MM[0])
        widths = [10.0, *[(BEAT_MM[0] - 10.0) / (len(rows[0]) - 1)] * (len(rows[0]) - 1)]
        sheet.table(left, y - 5.0, rows, widths, Face(7.0))
    width = RIGHT_MM - right
    column = (width - gap) / 2
    sheet.heading(right, TOP_MM - 3.0, "Four dimensions", "四个维度", width)
    half = (len(report.dimensions) + 1) // 2
    lowest = min(
        draw_dimensions(sheet, right + k * (column + gap), TOP_MM - 9.0, column, part)
        for k, part in enumerate((report.dimensions[:half], report.dimensions[half:]))
    )
    words = (for_patient(report), for_clinician(report))
    draw_narrative(sheet, right, lowest - 4.0, width, words)
