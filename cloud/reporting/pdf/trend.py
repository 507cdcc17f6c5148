"""The printed trend: a small chart of each biomarker with its own band, then the words."""

from collections.abc import Sequence
from functools import partial

from cloud.reporting.pdf.ink import ACCENT, BOLD, GOOD, MM, SMALL, WARN
from cloud.reporting.pdf.parts import draw_narrative, for_clinician, for_patient
from cloud.reporting.pdf.sheet import (
    LEFT_MM,
    RIGHT_MM,
    TOP_MM,
    Frame,
    Page,
    Sheet,
    length_shown,
    printed,
)
from cloud.reporting.text import Language, algorithm_line, in_language, time_shown
from ecgcore.report_kinds import TrendReport, TrendSeries
from ecgcore.rounding import shown, with_unit
from ecgcore.wording import name_of

_COLUMNS, _ROWS = 3, 3
_GAP_MM = 9.0
_HEIGHT_MM = 46.0
_WIDTH_MM = (RIGHT_MM - LEFT_MM - (_COLUMNS - 1) * _GAP_MM) / _COLUMNS


def pdf_of_trend(report: TrendReport, lang: Language) -> bytes:
    """Print a trend."""
    n_page = _COLUMNS * _ROWS
    pages: list[Page] = [
        partial(_charts, report=report, series=report.series[at : at + n_page])
        for at in range(0, len(report.series), n_page)
    ]
    pages.append(partial(_words, report=report))
    return printed(_frame(report, lang), pages, lang)


def _frame(report: TrendReport, lang: Language) -> Frame:
    zh = lang == "zh"
    return Frame(
        kind=report.kind,
        title=report.patient_ref,
        report_id=str(report.report_id),
        facts=(
            ("受检者" if zh else "Patient", report.patient_ref),
            ("自" if zh else "From", time_shown(report.start_ns)),
            ("至" if zh else "To", time_shown(report.end_ns)),
            ("跨度" if zh else "Span", length_shown((report.end_ns - report.start_ns) / 1e9)),
            ("报告数" if zh else "Reports", f"{len(report.report_ids)}"),
        ),
        quality=in_language(report.narrative.headline, lang),
        disclaimer=" ".join(in_language(each, lang) for each in report.disclaimers),
        made=algorithm_line(report),
    )


def _charts(sheet: Sheet, report: TrendReport, series: Sequence[TrendSeries]) -> None:
    for number, each in enumerate(series):
        row, column = divmod(number, _COLUMNS)
        x = LEFT_MM + column * (_WIDTH_MM + _GAP_MM)
        y = TOP_MM - 4.0 - row * (_HEIGHT_MM + 6.0)
        _chart(sheet, x, y, report, each)


def _chart(sheet: Sheet, x_mm: float, y_mm: float, report: TrendReport, each: TrendSeries) -> None:
    """Draw one biomarker; `y_mm` is the upper edge."""
    name = name_of(each.key)
    sheet.heading(x_mm, y_mm, name.en, name.zh, _WIDTH_MM)
    last = each.points[-1]
    changed = each.changed_at_ns is not None
    face = BOLD if not changed else type(BOLD)(BOLD.size_pt, True, WARN)
    sheet.write(x_mm + _WIDTH_MM, y_mm, with_unit(last.value, each.unit), face, "right")
    values = [point.value for point in each.points]
    limits = values if each.band is None else [*values, each.band.low, each.band.high]
    low, high = min(limits), max(limits)
    room = 0.1 * (high - low) or 1.0
    low, high = low - room, high + room
    bottom, left = y_mm - _HEIGHT_MM + 4.0, x_mm + 11.0
    height, width = _HEIGHT_MM - 10.0, _WIDTH_MM - 11.0

    def at(value: float) -> float:
        return bottom + (value - low) / (high - low) * height

    span = max(report.end_ns - report.start_ns, 1)
    places = [left + (p.at_ns - report.start_ns) / span * width for p in each.points]
    canvas = sheet.canvas
    if each.band is not None:
        band = each.band
        canvas.setFillColor(GOOD)
        canvas.setFillAlpha(0.13)
        canvas.rect(
            left * MM, at(band.low) * MM, width * MM, (at(band.high) - at(band.low)) * MM, 0, 1
        )
        canvas.setFillAlpha(1.0)
        for limit in (band.low, band.high):
            sheet.write(left - 1.5, at(limit) - 0.9, shown(limit, each.unit), SMALL, "right")
    else:
        for limit in {min(values), max(values)}:
            sheet.write(left - 1.5, at(limit) - 0.9, shown(limit, each.unit), SMALL, "right")
    sheet.line(left, bottom, left + width)
    canvas.setStrokeColor(ACCENT)
    canvas.setLineWidth(0.3 * MM)
    path = canvas.beginPath()
    path.moveTo(places[0] * MM, at(values[0]) * MM)
    for place, value in zip(places[1:], values[1:], strict=True):
        path.lineTo(place * MM, at(value) * MM)
    canvas.drawPath(path)
    for place, point in zip(places, each.points, strict=True):
        canvas.setFillColor(WARN if point.is_outside else ACCENT)
        canvas.circle(place * MM, at(point.value) * MM, 0.8 * MM, stroke=0, fill=1)
    sheet.write(left, bottom - 3.2, time_shown(report.start_ns)[:10], SMALL)
    sheet.write(left + width, bottom - 3.2, time_shown(report.end_ns)[:10], SMALL, "right")


def _words(sheet: Sheet, report: TrendReport) -> None:
    words = (for_patient(report), for_clinician(report))
    draw_narrative(sheet, LEFT_MM, TOP_MM - 4.0, RIGHT_MM - LEFT_MM, words)
