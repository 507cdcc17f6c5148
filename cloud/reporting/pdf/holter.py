"""The printed Holter report: the hours at a glance, each subject, the table, the strips."""

from collections.abc import Sequence
from functools import partial

from reportlab.lib.colors import Color

from cloud.reporting.pdf.ink import (
    ACCENT,
    BODY,
    BOLD,
    FAINT,
    MM,
    SMALL,
    WARN,
    Face,
    wrapped,
    write_lines,
)
from cloud.reporting.pdf.parts import draw_narrative, draw_statements, for_clinician, for_patient
from cloud.reporting.pdf.sheet import (
    BOTTOM_MM,
    LEFT_MM,
    RIGHT_MM,
    TOP_MM,
    Page,
    Sheet,
    flag_face,
    frame_of,
    printed,
)
from cloud.reporting.pdf.spot import pages_of_strips
from cloud.reporting.text import Language, hour_rows, in_language, time_shown
from ecgcore.report import Localised
from ecgcore.report_kinds import Extreme, HolterReport, HolterSection, Hour
from ecgcore.rounding import value_shown
from ecgcore.wording import REASONS, name_of

_WIDTH_MM = RIGHT_MM - LEFT_MM
_COLUMN_MM = (_WIDTH_MM - 16.0) / 3
_CHART_MM = 46.0
_RATES = (40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0)
_ROWS_OF_TABLE = 38


def pdf_of_holter(report: HolterReport, lang: Language) -> bytes:
    """Print a report of many hours."""
    rows = hour_rows(report, lang)
    head, body = rows[0], rows[1:]
    tables = [body[at : at + _ROWS_OF_TABLE] for at in range(0, len(body), _ROWS_OF_TABLE)]
    pages: list[Page] = [
        partial(_first, report=report),
        partial(_subjects, report=report),
        *(partial(_table, rows=[head, *part]) for part in tables),
        *pages_of_strips(report, report.strips),
    ]
    return printed(frame_of(report, report.kind, lang), pages, lang)


def _first(sheet: Sheet, report: HolterReport) -> None:
    zh = sheet.lang == "zh"
    rate, wear = report.rate, report.wear
    figures = (
        ("佩戴" if zh else "worn", f"{wear.worn_h:.1f}", "h", ""),
        ("可分析" if zh else "analysable", f"{wear.analysable_h:.1f}", "h", ""),
        ("最低心率" if zh else "lowest", *_extreme(rate.low, report)),
        ("平均心率" if zh else "mean", _number(rate.mean), "/min", ""),
        ("最高心率" if zh else "highest", *_extreme(rate.high, report)),
        ("白天" if zh else "day", _number(rate.day_mean), "/min", "8–22 h"),
        ("夜间" if zh else "night", _number(rate.night_mean), "/min", "0–6 h"),
    )
    step = _WIDTH_MM / len(figures)
    for number, (name, value, unit, note) in enumerate(figures):
        at = LEFT_MM + number * step
        sheet.write(at, TOP_MM - 5.0, name, SMALL)
        sheet.write(at, TOP_MM - 11.0, f"{value} {unit}", Face(13.0, is_bold=True))
        sheet.write(at, TOP_MM - 14.6, note, SMALL)
    y = TOP_MM - 21.0
    sheet.heading(LEFT_MM, y, "Rate by the hour: lowest, mean, highest", "每小时心率", _WIDTH_MM)
    _rate_chart(sheet, y - 4.0 - _CHART_MM, report.hours)
    y -= _CHART_MM + 12.0
    half = _WIDTH_MM / 2 - 4.0
    sheet.heading(LEFT_MM, y, "Statements", "结论", half)
    draw_statements(sheet, LEFT_MM, y - 5.5, half, report.statements, most=16)
    draw_narrative(sheet, LEFT_MM + half + 8.0, y, half, (for_patient(report),))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _extreme(extreme: Extreme | None, report: HolterReport) -> tuple[str, str, str]:
    if extreme is None:
        return "–", "/min", ""
    known = report.recording.is_time_known
    since_h = (extreme.at_ns - report.recording.start_ns) / 3.6e12
    at = time_shown(extreme.at_ns)[5:16] if known else f"t = {since_h:.2f} h"
    return f"{extreme.value:.0f}", "/min", at


def _rate_chart(sheet: Sheet, y_mm: float, hours: Sequence[Hour]) -> None:
    """Draw a bar from the lowest to the highest rate of each hour, and ectopy below."""
    canvas = sheet.canvas
    low = min((h.hr_low for h in hours if h.hr_low is not None), default=_RATES[0])
    high = max((h.hr_high for h in hours if h.hr_high is not None), default=_RATES[-1])
    ticks = [r for r in _RATES if low - 20.0 < r < high + 20.0]
    bottom, top = min(ticks[0], low), max(ticks[-1], high)
    scale = (_CHART_MM - 10.0) / (top - bottom)
    base = y_mm + 10.0
    for tick in ticks:
        at = base + (tick - bottom) * scale
        sheet.line(LEFT_MM + 8.0, at, RIGHT_MM)
        sheet.write(LEFT_MM + 6.5, at - 0.9, f"{tick:.0f}", SMALL, "right")
    step = (_WIDTH_MM - 8.0) / max(len(hours), 1)
    most = max((h.pvc + h.pac for h in hours), default=0)
    for number, hour in enumerate(hours):
        middle = LEFT_MM + 8.0 + (number + 0.5) * step
        _bars(sheet, hour, middle, base, scale, bottom, min(0.5 * step, 6.0), most, y_mm)
        if len(hours) <= 30 or number % 6 == 0:
            clock = time_shown(hour.start_ns)[11:16]
            sheet.write(middle, y_mm - 3.0, clock, SMALL, "centre")
    canvas.setLineCap(0)


def _bars(
    sheet: Sheet,
    hour: Hour,
    x_mm: float,
    base_mm: float,
    scale: float,
    bottom: float,
    width_mm: float,
    most_ectopic: int,
    y_mm: float,
) -> None:
    if hour.hr_low is not None and hour.hr_high is not None and hour.hr_mean is not None:
        low, mean, high = (
            base_mm + (each - bottom) * scale for each in (hour.hr_low, hour.hr_mean, hour.hr_high)
        )
        _box(sheet, x_mm, low, width_mm, high - low, ACCENT, 0.25)
        _box(sheet, x_mm, mean - 0.3, width_mm, 0.6, ACCENT, 1.0)
    if most_ectopic:
        height = 8.0 * (hour.pvc + hour.pac) / most_ectopic
        _box(sheet, x_mm, y_mm, width_mm, height, FAINT, 1.0)
        _box(sheet, x_mm, y_mm, width_mm, 8.0 * hour.pvc / most_ectopic, WARN, 0.7)


def _box(
    sheet: Sheet,
    x_mm: float,
    y_mm: float,
    width_mm: float,
    height_mm: float,
    colour: Color,
    alpha: float,
) -> None:
    canvas = sheet.canvas
    canvas.setFillColor(colour)
    canvas.setFillAlpha(alpha)
    left = x_mm - width_mm / 2
    canvas.rect(left * MM, y_mm * MM, width_mm * MM, height_mm * MM, stroke=0, fill=1)
    canvas.setFillAlpha(1.0)


def _subjects(sheet: Sheet, report: HolterReport) -> None:
    column, gap = _COLUMN_MM, 8.0
    x, y = LEFT_MM, TOP_MM - 3.0
    for section in report.sections:
        if y - _height(section) < BOTTOM_MM:
            x, y = x + column + gap, TOP_MM - 3.0
        y = _subject(sheet, x, y, column, section) - 4.0
    if x < LEFT_MM + 2 * (column + gap):
        x, y = LEFT_MM + 2 * (column + gap), TOP_MM - 3.0
    felt = ("What the patient felt", "受检者事件", _felt(report))
    draw_narrative(sheet, x, y, column, (felt, for_clinician(report)))


def _height(section: HolterSection) -> float:
    strips_mm = SMALL.line_mm * len(_strips_named(section, _COLUMN_MM))
    return 7.0 + 4.4 * len(section.values) + strips_mm


def _strips_named(section: HolterSection, width_mm: float) -> list[str]:
    return wrapped(" ".join(section.strip_ids), width_mm, SMALL) if section.strip_ids else []


def _felt(report: HolterReport) -> Localised:
    """Give what the patient felt, with the rhythm at that time."""
    recording = report.recording
    lines = []
    for event in report.patient_events:
        since_s = (event.at_ns - recording.start_ns) / 1e9
        at = time_shown(event.at_ns) if recording.is_time_known else f"t = {since_s:.0f} s"
        lines.append(f"{at} {event.symptom}: {event.rhythm or '–'}")
    return Localised(en="\n".join(lines) or "None told.", zh="\n".join(lines) or "无。")


def _subject(
    sheet: Sheet, x_mm: float, y_mm: float, width_mm: float, section: HolterSection
) -> float:
    title = section.title
    sheet.heading(x_mm, y_mm, title.en, title.zh, width_mm)
    y_mm -= 5.6
    for m in section.values:
        sheet.write(x_mm, y_mm, in_language(name_of(m.key), sheet.lang), BODY)
        if m.null_reason is None:
            sheet.write(x_mm + width_mm, y_mm, value_shown(m), flag_face(m, BOLD), "right")
        else:
            why = in_language(REASONS[m.null_reason], sheet.lang)
            sheet.write(x_mm + width_mm, y_mm, f"– {why}", SMALL, "right")
        y_mm -= 4.4
    if section.strip_ids:
        y_mm = write_lines(sheet.canvas, x_mm, y_mm, _strips_named(section, width_mm), SMALL) - 1.0
    return y_mm


def _table(sheet: Sheet, rows: Sequence[Sequence[str]]) -> None:
    sheet.heading(LEFT_MM, TOP_MM - 3.0, "By the hour", "每小时", _WIDTH_MM)
    widths = [46.0, *[(_WIDTH_MM - 46.0) / (len(rows[0]) - 1)] * (len(rows[0]) - 1)]
    sheet.table(LEFT_MM, TOP_MM - 9.0, rows, widths, Face(7.5))
