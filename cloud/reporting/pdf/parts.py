"""What reports of several kinds show: statements, intervals, the median beat, the dimensions."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from cloud.reporting.pdf.chart import Scale, draw_paper, draw_signal
from cloud.reporting.pdf.ink import (
    ACCENT,
    BODY,
    BOLD,
    FAINT,
    GOOD,
    MM,
    SMALL,
    SOFT,
    WARN,
    Face,
    shortened,
    width_mm,
    wrapped,
    write_lines,
)
from cloud.reporting.pdf.sheet import BOTTOM_MM, Sheet, flag_face
from cloud.reporting.text import in_language
from ecgcore.clinician import evidence_of, in_order
from ecgcore.report import (
    DimensionSummary,
    Envelope,
    Localised,
    ReportMeasurement,
    RepresentativeBeat,
    Statement,
)
from ecgcore.report_kinds import TrendReport
from ecgcore.rounding import lead_shown, range_shown, shown, unit_shown, value_shown
from ecgcore.wording import CERTAINTIES, DIMENSIONS, REASONS, name_of

BEAT_SCALE = Scale(mm_per_s=100.0, mm_per_mv=20.0)
BEAT_MM = (110.0, 55.0)
_SHORT = {
    "hr_mean": ("HR", "心率"),
    "p_dur": ("P", "P"),
    "pr_int": ("PR", "PR"),
    "qrs_dur": ("QRS", "QRS"),
    "qt_int": ("QT", "QT"),
    "qtc_fridericia": ("QTcF", "QTcF"),
}
_AXES = ("p_axis", "qrs_axis", "t_axis")
_BEAT_LEADS = ("II", "V5", "I")
_HEAD_MM = 7.7
"""Of a heading, and of the space before the next one."""
_SIZES_PT = (8.0, 7.0, 6.0, 5.0, 4.0)
Titled: TypeAlias = tuple[str, str, Localised]
"""Heading in English and in Chinese, and the text."""
_FIDUCIALS = {"p_on": "P", "qrs_on": "QRS", "qrs_off": "J", "t_peak": "T", "t_off": "Tend"}


def draw_intervals(
    sheet: Sheet, x_mm: float, y_mm: float, width: float, measured: Sequence[ReportMeasurement]
) -> None:
    """Draw rate and intervals as large numbers with their ranges below, axes in one cell."""
    by_key = {m.key: m for m in reversed(measured)}
    present = [key for key in _SHORT if key in by_key]
    axes = [by_key[key].value for key in _AXES if key in by_key]
    axes = [] if all(each is None for each in axes) else axes
    step = width / (len(present) + bool(axes) * 1.4)
    for number, key in enumerate(present):
        _figure(sheet, x_mm + number * step, y_mm, _SHORT[key][sheet.lang == "zh"], by_key[key])
    if axes:
        at = x_mm + len(present) * step
        sheet.write(at, y_mm, "电轴 P QRS T" if sheet.lang == "zh" else "axes P QRS T", SMALL)
        degrees = " ".join("–" if each is None else f"{shown(each, 'deg')}°" for each in axes)
        sheet.write(at, y_mm - 5.6, degrees, Face(12.0, is_bold=True))


def _figure(sheet: Sheet, x_mm: float, y_mm: float, name: str, m: ReportMeasurement) -> None:
    sheet.write(x_mm, y_mm, name, SMALL)
    if m.value is None:
        sheet.write(x_mm, y_mm - 5.6, "–", Face(13.0, is_bold=True, colour=SOFT))
        why = "" if m.null_reason is None else in_language(REASONS[m.null_reason], sheet.lang)
        sheet.write(x_mm, y_mm - 9.2, why, SMALL)
        return
    big = flag_face(m, Face(13.0, is_bold=True))
    number = shown(m.value, m.unit)
    sheet.write(x_mm, y_mm - 5.6, number, big)
    sheet.write(x_mm + width_mm(number, big) + 0.8, y_mm - 5.6, unit_shown(m.unit), SMALL)
    sheet.write(x_mm, y_mm - 9.2, range_shown(m), SMALL)


def draw_statements(
    sheet: Sheet,
    x_mm: float,
    y_mm: float,
    width: float,
    statements: Sequence[Statement],
    most: int,
) -> float:
    """Write statements with certainty and evidence, in the order they are read; say what is left.

    Returns
    -------
    float
        Base line after the last.
    """
    zh = sheet.lang == "zh"
    if not statements:
        sheet.write(x_mm, y_mm, "无自动结论" if zh else "No automatic statement.", BODY)
        return y_mm - BODY.line_mm
    ordered = in_order(statements)
    for statement in ordered[:most]:
        sheet.canvas.setFillColor(ACCENT)
        sheet.canvas.circle((x_mm + 0.8) * MM, (y_mm + 0.9) * MM, 0.6 * MM, stroke=0, fill=1)
        text = in_language(statement.text, sheet.lang)
        sheet.write(x_mm + 2.6, y_mm, text, BOLD)
        at = x_mm + 2.6 + width_mm(text, BOLD) + 1.5
        certainty = in_language(CERTAINTIES[statement.certainty], sheet.lang)
        evidence = f"{certainty} · {evidence_of(statement)}"
        if at + width_mm(evidence, SMALL) > x_mm + width:
            y_mm -= SMALL.line_mm
            at = x_mm + 2.6
        sheet.write(at, y_mm, shortened(evidence, x_mm + width - at, SMALL), SMALL)
        y_mm -= BODY.line_mm
    if len(ordered) > most:
        more = len(ordered) - most
        sheet.write(x_mm + 2.6, y_mm, f"另有 {more} 项" if zh else f"and {more} more", SMALL)
        y_mm -= BODY.line_mm
    return y_mm


def draw_beat(sheet: Sheet, x_mm: float, y_mm: float, beat: RepresentativeBeat) -> None:
    """Draw the median beat of one lead with its points; `y_mm` is the lower edge."""
    lead = next((each for each in _BEAT_LEADS if each in beat.leads), beat.leads[0])
    ecg_mv = np.array(beat.ecg_uv[beat.leads.index(lead)], float) / 1e3
    canvas, (width, height) = sheet.canvas, BEAT_MM
    draw_paper(canvas, x_mm, y_mm, width, height)
    low, high = float(ecg_mv.min()), float(ecg_mv.max())
    zero = y_mm + height / 2 - BEAT_SCALE.mm_per_mv * (low + high) / 2
    for name, label in _FIDUCIALS.items():
        if name not in beat.fiducials:
            continue
        at = x_mm + beat.fiducials[name] / beat.fs_hz * BEAT_SCALE.mm_per_s
        canvas.setStrokeColor(ACCENT)
        canvas.setLineWidth(0.2 * MM)
        canvas.setDash(1.5, 1.5)
        canvas.line(at * MM, (y_mm + 1) * MM, at * MM, (y_mm + height - 4.5) * MM)
        canvas.setDash()
        sheet.write(at, y_mm + height - 3.5, label, Face(6.5, True, ACCENT), "centre")
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(x_mm * MM, y_mm * MM, width * MM, height * MM)
    canvas.clipPath(clip, stroke=0)
    draw_signal(canvas, x_mm, zero, ecg_mv, beat.fs_hz, BEAT_SCALE, line_mm=0.35)
    canvas.restoreState()
    zh = sheet.lang == "zh"
    said = f"{lead} · {'中位心搏' if zh else 'median of'} {beat.n_beats}"
    sheet.write(x_mm, y_mm - 3.5, f"{said}{'' if zh else ' beats'} ({beat.label})", SMALL)
    sheet.write(x_mm + width, y_mm - 3.5, BEAT_SCALE.words, SMALL, "right")


def draw_dimensions(
    sheet: Sheet, x_mm: float, y_mm: float, width: float, summaries: Sequence[DimensionSummary]
) -> float:
    """Draw the headline values of each dimension, with a bar where there is a range."""
    for summary in summaries:
        dim = in_language(DIMENSIONS[summary.dim], sheet.lang)
        sheet.write(x_mm, y_mm, dim, Face(8.0, True, ACCENT))
        sheet.line(x_mm, y_mm - 1.2, x_mm + width)
        y_mm -= 4.6
        for measured in summary.values:
            draw_value(sheet, x_mm, y_mm, width, measured)
            y_mm -= 3.9
        y_mm -= 1.6
    return y_mm


def draw_value(sheet: Sheet, x_mm: float, y_mm: float, width: float, m: ReportMeasurement) -> None:
    """Write a name, its value or why there is none, and where it lies in its range."""
    name = in_language(name_of(m.key), sheet.lang)
    sheet.write(x_mm, y_mm, " · ".join(filter(None, (name, lead_shown(m)))), BODY)
    bar = width * 0.26
    right = x_mm + width - bar - 4
    if m.null_reason is not None:
        why = in_language(REASONS[m.null_reason], sheet.lang)
        sheet.write(right, y_mm, "–", BODY, "right")
        sheet.write(right + 2, y_mm, why, SMALL)
        return
    sheet.write(right, y_mm, value_shown(m), flag_face(m, BOLD), "right")
    _range_bar(sheet, x_mm + width - bar, y_mm, bar, m)


def _range_bar(sheet: Sheet, x_mm: float, y_mm: float, width: float, m: ReportMeasurement) -> None:
    """Show a range as a band on a line and the value as a dot; the ends hold what lies beyond."""
    low, high = m.ref_low, m.ref_high
    if m.value is None or (low is None and high is None):
        return
    if low is None or high is None:
        only = high if low is None else low
        low, high = (0.0, only) if low is None else (only, 2.0 * (only or 0.0))
    if low is None or high is None or not high > low:
        return
    span = high - low
    left, right = low - 0.6 * span, high + 0.6 * span
    canvas, middle = sheet.canvas, y_mm + 0.9
    canvas.setStrokeColor(FAINT)
    canvas.setLineWidth(0.5 * MM)
    canvas.line(x_mm * MM, middle * MM, (x_mm + width) * MM, middle * MM)
    scale = width / (right - left)
    canvas.setStrokeColor(GOOD)
    canvas.setLineWidth(1.1 * MM)
    start = x_mm + ((low if m.ref_low is not None else left) - left) * scale
    end = x_mm + ((high if m.ref_high is not None else right) - left) * scale
    canvas.setStrokeAlpha(0.35)
    canvas.line(start * MM, middle * MM, end * MM, middle * MM)
    canvas.setStrokeAlpha(1.0)
    at = x_mm + min(max((m.value - left) * scale, 0.0), width)
    canvas.setFillColor(GOOD if m.flag == "N" else WARN)
    canvas.circle(at * MM, middle * MM, 0.9 * MM, stroke=0, fill=1)


def draw_narrative(
    sheet: Sheet, x_mm: float, y_mm: float, width: float, texts: Sequence[Titled]
) -> float:
    """Write texts with their headings, smaller where they would not fit above the footer."""
    said = [(en, zh, in_language(text, sheet.lang)) for en, zh, text in texts]
    for size_pt in _SIZES_PT:
        face = Face(size_pt)
        lines = [wrapped(text, width, face) for _, _, text in said]
        needed = sum(_HEAD_MM + len(each) * face.line_mm for each in lines)
        if y_mm - needed >= BOTTOM_MM - 3.0:
            break
    for (en, zh, _), text in zip(said, lines, strict=True):
        sheet.heading(x_mm, y_mm, en, zh, width)
        y_mm = write_lines(sheet.canvas, x_mm, y_mm - 5.2, text, face) - _HEAD_MM + 5.2
    return y_mm


def for_patient(report: Envelope | TrendReport) -> Titled:
    """Give what the patient is told."""
    return "For the patient", "致受检者", report.narrative.patient


def for_clinician(report: Envelope | TrendReport) -> Titled:
    """Give what a clinician reads."""
    return "For the clinician", "致医生", report.narrative.clinician
