"""How leads are laid out on paper: twelve in three rows of four with one below, or row by row."""

from collections.abc import Mapping, Sequence

import numpy as np
from reportlab.pdfgen.canvas import Canvas

from cloud.reporting.pdf.chart import (
    TRUE,
    draw_calibration,
    draw_lead_name,
    draw_paper,
    draw_separator,
    draw_signal,
)
from cloud.reporting.pdf.ink import MM, SMALL, write
from ecgcore.report import Strip
from ecgcore.types import FloatArray

TWELVE = (
    ("I", "aVR", "V1", "V4"),
    ("II", "aVL", "V2", "V5"),
    ("III", "aVF", "V3", "V6"),
)
RHYTHM_LEAD = "II"
COLUMN_S = 2.5
PAPER_MM = 275.0
LEAD_IN_MM = 15.0
"""Room of the calibration pulse."""
TWELVE_HEIGHT_MM = 130.0
LEAST_ROW_MM, MOST_ROW_MM = 30.0, 60.0


def millivolts(strip: Strip) -> FloatArray:
    """Give a strip in mV about its median, shape (n_samples,)."""
    ecg_mv = np.array(strip.samples, float) * (strip.lsb_pv * 1e-9)
    return ecg_mv - np.median(ecg_mv)


def twelve_of(strips: Sequence[Strip]) -> Mapping[str, FloatArray] | None:
    """Give the twelve leads of one moment; those of the limbs follow from I and II.

    None if not all are there or can be made.
    """
    by_lead: dict[str, FloatArray] = {}
    for strip in strips:
        if strip.first_counter == strips[0].first_counter:
            by_lead.setdefault(strip.lead, millivolts(strip))
    if "I" in by_lead and "II" in by_lead:
        one, two = by_lead["I"], by_lead["II"]
        made = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2}
        by_lead = {**made, "aVF": two - one / 2, **by_lead}
    wanted = [lead for row in TWELVE for lead in row]
    return {lead: by_lead[lead] for lead in wanted} if set(wanted) <= set(by_lead) else None


def draw_twelve(
    canvas: Canvas, x_mm: float, y_mm: float, leads: Mapping[str, FloatArray], fs_hz: float
) -> None:
    """Draw three rows of four leads, each a quarter of the time, and one lead whole below."""
    draw_paper(canvas, x_mm, y_mm, PAPER_MM, TWELVE_HEIGHT_MM)
    n_column = round(COLUMN_S * fs_hz)
    spacing = TWELVE_HEIGHT_MM / 4
    zeros = [y_mm + TWELVE_HEIGHT_MM - spacing * (row + 0.55) for row in range(4)]
    for row, zero in zip(TWELVE, zeros, strict=False):
        draw_calibration(canvas, x_mm + 3, zero)
        for column, lead in enumerate(row):
            at = x_mm + LEAD_IN_MM + column * COLUMN_S * TRUE.mm_per_s
            # One sample more, so that a lead reaches the next one.
            piece = leads[lead][column * n_column : (column + 1) * n_column + 1]
            draw_signal(canvas, at, zero, piece, fs_hz)
            if column:
                draw_separator(canvas, at, zero)
            draw_lead_name(canvas, at + 1, zero + 12.5, lead)
    draw_calibration(canvas, x_mm + 3, zeros[3])
    draw_signal(canvas, x_mm + LEAD_IN_MM, zeros[3], leads[RHYTHM_LEAD], fs_hz)
    draw_lead_name(canvas, x_mm + LEAD_IN_MM + 1, zeros[3] + 12.5, RHYTHM_LEAD)


def draw_row(canvas: Canvas, x_mm: float, y_mm: float, strip: Strip, caption: str) -> None:
    """Draw one strip of up to ten seconds on paper of its own; `y_mm` is the lower edge."""
    height = row_mm(strip)
    draw_paper(canvas, x_mm, y_mm, PAPER_MM, height)
    ecg_mv = millivolts(strip)
    zero = y_mm + _zero_mm(ecg_mv, height)
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(*(side * MM for side in (x_mm, y_mm, PAPER_MM, height)))
    canvas.clipPath(clip, stroke=0)
    draw_calibration(canvas, x_mm + 3, zero)
    draw_signal(canvas, x_mm + LEAD_IN_MM, zero, ecg_mv, strip.fs_hz)
    canvas.restoreState()
    draw_lead_name(canvas, x_mm + 1, y_mm + height - 4, strip.lead)
    write(canvas, x_mm + PAPER_MM, y_mm + height + 1, caption, SMALL, "right")


def row_mm(strip: Strip) -> float:
    """Give the height that a strip needs, whole centimetres within limits."""
    low, high = _span(millivolts(strip))
    needed = 10.0 * np.ceil((TRUE.mm_per_mv * (high - low) + 6.0) / 10.0)
    return float(np.clip(needed, LEAST_ROW_MM, MOST_ROW_MM))


def _span(ecg_mv: FloatArray) -> tuple[float, float]:
    """Give the lowest and highest voltage but for a few samples, 0 mV inside."""
    low, high = np.percentile(ecg_mv, (0.1, 99.9))
    return min(float(low), 0.0), max(float(high), 0.0)


def _zero_mm(ecg_mv: FloatArray, height_mm: float) -> float:
    """Place 0 mV on a bold line so that what the signal spans lies in the middle of the row."""
    low, high = _span(ecg_mv)
    middle = height_mm / 2 - TRUE.mm_per_mv * (low + high) / 2
    return float(np.clip(5.0 * round(middle / 5.0), 5.0, height_mm - 5.0))
