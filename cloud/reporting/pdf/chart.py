"""Electrocardiographic paper and the signal on it, in true size."""

from dataclasses import dataclass

import numpy as np
from reportlab.lib.colors import white
from reportlab.pdfgen.canvas import Canvas

from cloud.reporting.pdf.ink import GRID_BOLD, GRID_FINE, INK, MM, Face, width_mm, write
from ecgcore.types import FloatArray

FINE_MM = 1.0
BOLD_MM = 5.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How signal is put on paper."""

    mm_per_s: float = 25.0
    mm_per_mv: float = 10.0

    @property
    def words(self) -> str:
        """As it stands beside a strip."""
        return f"{self.mm_per_s:g} mm/s · {self.mm_per_mv:g} mm/mV"


TRUE = Scale()


def draw_paper(canvas: Canvas, x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> None:
    """Draw the grid of millimetres, every fifth line bold; `y_mm` is the lower edge."""
    for step, colour, line_mm in ((FINE_MM, GRID_FINE, 0.1), (BOLD_MM, GRID_BOLD, 0.18)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(line_mm * MM)
        across = np.arange(0.0, width_mm + 0.01, step)
        up = np.arange(0.0, height_mm + 0.01, step)
        canvas.lines(
            [
                *((*_pt(x_mm + at, y_mm), *_pt(x_mm + at, y_mm + height_mm)) for at in across),
                *((*_pt(x_mm, y_mm + at), *_pt(x_mm + width_mm, y_mm + at)) for at in up),
            ]
        )


def draw_signal(
    canvas: Canvas,
    x_mm: float,
    y_mm: float,
    ecg_mv: FloatArray,
    fs_hz: float,
    scale: Scale = TRUE,
    line_mm: float = 0.22,
) -> None:
    """Draw samples, shape (n_samples,), from the left; 0 mV lies at `y_mm`."""
    if not ecg_mv.size:
        return
    x = (x_mm + np.arange(ecg_mv.size) / fs_hz * scale.mm_per_s) * MM
    y = (y_mm + ecg_mv * scale.mm_per_mv) * MM
    _polyline(canvas, x, y, line_mm)


def _polyline(canvas: Canvas, x: FloatArray, y: FloatArray, line_mm: float) -> None:
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(line_mm * MM)
    canvas.setLineJoin(1)
    path = canvas.beginPath()
    path.moveTo(float(x[0]), float(y[0]))
    for at_x, at_y in zip(x[1:].tolist(), y[1:].tolist(), strict=True):
        path.lineTo(at_x, at_y)
    canvas.drawPath(path)


def draw_calibration(canvas: Canvas, x_mm: float, y_mm: float, scale: Scale = TRUE) -> None:
    """Draw the pulse of 1 mV and 0.2 s that starts and ends at 0 mV."""
    width, height = 0.2 * scale.mm_per_s, scale.mm_per_mv
    x = np.array([0.0, 1.0, 1.0, 1.0 + width, 1.0 + width, 2.0 + width]) + x_mm
    y = np.array([0.0, 0.0, height, height, 0.0, 0.0]) + y_mm
    _polyline(canvas, x * MM, y * MM, 0.22)


def draw_lead_name(canvas: Canvas, x_mm: float, y_mm: float, name: str) -> None:
    """Write the name of a lead over where its signal begins."""
    face = Face(9.0, is_bold=True)
    canvas.setFillColor(white)
    canvas.setFillAlpha(0.75)
    box = (x_mm - 0.6, y_mm - 0.9, width_mm(name, face) + 1.2, 4.0)
    canvas.roundRect(*(side * MM for side in box), 0.8 * MM, stroke=0, fill=1)
    canvas.setFillAlpha(1.0)
    write(canvas, x_mm, y_mm, name, face)


def draw_separator(canvas: Canvas, x_mm: float, y_mm: float) -> None:
    """Mark where one lead ends and another begins."""
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.3 * MM)
    canvas.line(*_pt(x_mm, y_mm - 2.5), *_pt(x_mm, y_mm + 2.5))


def _pt(x_mm: float, y_mm: float) -> tuple[float, float]:
    return x_mm * MM, y_mm * MM
