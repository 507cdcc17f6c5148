"""A page: what stands above and below on each of them, and tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from cloud.reporting.pdf.ink import (
    ACCENT,
    BODY,
    BOLD,
    FAINT,
    HEADING,
    MM,
    PANEL,
    SMALL,
    TITLE,
    WARN,
    Face,
    write,
)
from cloud.reporting.text import Language, algorithm_line, in_language, person_shown, when
from ecgcore.report import Envelope, ReportKind, ReportMeasurement
from ecgcore.wording import KINDS

WIDTH_MM, HEIGHT_MM = 297.0, 210.0
LEFT_MM = 11.0
RIGHT_MM = LEFT_MM + 275.0
TOP_MM = HEIGHT_MM - 33.0
"""Below what every page says above."""
BOTTOM_MM = 16.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page that is being drawn."""

    canvas: Canvas
    lang: Language

    def heading(self, x_mm: float, y_mm: float, en: str, zh: str, width_mm: float) -> None:
        """Write a heading over a thin line."""
        write(self.canvas, x_mm, y_mm, zh if self.lang == "zh" else en, HEADING)
        self.line(x_mm, y_mm - 1.4, x_mm + width_mm)

    def line(self, x_mm: float, y_mm: float, end_mm: float) -> None:
        """Draw a thin line across."""
        self.canvas.setStrokeColor(FAINT)
        self.canvas.setLineWidth(0.2 * MM)
        self.canvas.line(x_mm * MM, y_mm * MM, end_mm * MM, y_mm * MM)

    def panel(
        self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, colour: Color = PANEL
    ) -> None:
        """Fill a box; `y_mm` is its lower edge."""
        self.canvas.setFillColor(colour)
        self.canvas.roundRect(
            x_mm * MM, y_mm * MM, width_mm * MM, height_mm * MM, 1.2 * MM, stroke=0, fill=1
        )

    def write(
        self, x_mm: float, y_mm: float, text: str, face: Face = BODY, align: str = "left"
    ) -> None:
        """Write a line."""
        write(self.canvas, x_mm, y_mm, text, face, align)

    def table(
        self,
        x_mm: float,
        y_mm: float,
        rows: Sequence[Sequence[str]],
        widths_mm: Sequence[float],
        face: Face = BODY,
    ) -> float:
        """Write rows, the first one a header, all but the first column to the right.

        Returns
        -------
        float
            Base line after the last row.
        """
        for number, row in enumerate(rows):
            if number % 2:
                height = face.line_mm
                self.panel(x_mm - 1, y_mm - 0.3 * height, sum(widths_mm) + 2, height)
            at = x_mm
            style = BOLD if not number else face
            for column, (cell, width) in enumerate(zip(row, widths_mm, strict=True)):
                self.write(
                    at + (width if column else 0),
                    y_mm,
                    cell,
                    _sized(style, face),
                    "right" if column else "left",
                )
                at += width
            y_mm -= face.line_mm
        return y_mm


def _sized(style: Face, face: Face) -> Face:
    return Face(face.size_pt, style.is_bold, style.colour)


def flag_face(measured: ReportMeasurement, face: Face = BODY) -> Face:
    """Give a face that shows a value outside its range."""
    is_out = measured.flag is not None and measured.flag != "N"
    return Face(face.size_pt, is_out or face.is_bold, WARN if is_out else face.colour)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands above and below on every page."""

    kind: ReportKind
    title: str
    """Of the file."""
    report_id: str
    facts: tuple[tuple[str, str], ...]
    """Names and values."""
    quality: str
    disclaimer: str
    made: str


Page = Callable[[Sheet], None]


def printed(frame: Frame, pages: Sequence[Page], lang: Language) -> bytes:
    """Draw pages into one PDF; the same report gives the same bytes."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=landscape(A4), invariant=1, lang=lang)
    canvas.setTitle(f"{in_language(KINDS[frame.kind], lang)} {frame.title}")
    canvas.setAuthor("ECGomics")
    canvas.setSubject(frame.report_id)
    for number, page in enumerate(pages, start=1):
        sheet = Sheet(canvas, lang)
        _above(sheet, frame)
        page(sheet)
        _below(sheet, frame, number, len(pages))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def frame_of(report: Envelope, kind: ReportKind, lang: Language) -> Frame:
    """Give the frame of a report of one recording."""
    zh = lang == "zh"
    recording, device = report.recording, report.device
    leads = ", ".join(device.leads)
    return Frame(
        kind=kind,
        title=report.patient_ref,
        report_id=str(report.report_id),
        facts=(
            ("受检者" if zh else "Patient", report.patient_ref + person_shown(report, lang)),
            ("时间" if zh else "Recorded", when(report, lang)),
            ("时长" if zh else "Length", length_shown(recording.wall_s)),
            ("导联" if zh else "Leads", leads if len(leads) <= 24 else f"{len(device.leads)}"),
            ("采样" if zh else "Rate", f"{device.fs_nominal_hz:g} Hz"),
            ("设备" if zh else "Device", device.model or device.device_id),
        ),
        quality=_quality(report, lang),
        disclaimer=" ".join(in_language(each, lang) for each in report.disclaimers),
        made=algorithm_line(report),
    )


def _above(sheet: Sheet, frame: Frame) -> None:
    y = HEIGHT_MM - 14.0
    sheet.write(LEFT_MM, y, in_language(KINDS[frame.kind], sheet.lang), TITLE)
    status = "自动生成 · 未经确认" if sheet.lang == "zh" else "AUTOMATIC · UNCONFIRMED"
    sheet.write(RIGHT_MM, y + 1.5, status, Face(8.0, is_bold=True, colour=WARN), "right")
    _facts(sheet, y - 7.0, frame.facts)
    sheet.write(LEFT_MM, y - 15.5, frame.quality, SMALL)


def _facts(sheet: Sheet, y_mm: float, facts: Sequence[tuple[str, str]]) -> None:
    step = (RIGHT_MM - LEFT_MM) / len(facts)
    for number, (name, value) in enumerate(facts):
        at = LEFT_MM + number * step
        sheet.write(at, y_mm, name, SMALL)
        sheet.write(at, y_mm - 3.6, value, Face(8.5, is_bold=True))
    sheet.canvas.setStrokeColor(ACCENT)
    sheet.canvas.setLineWidth(0.4 * MM)
    line = (y_mm - 5.6) * MM
    sheet.canvas.line(LEFT_MM * MM, line, RIGHT_MM * MM, line)


def _quality(report: Envelope, lang: Language) -> str:
    zh = lang == "zh"
    quality, recording = report.quality, report.recording
    words = [
        f"{'信号质量' if zh else 'Signal quality'} {quality.sqi:.2f}",
        f"{100 * recording.coverage:.1f} % {'信号存在' if zh else 'present'}",
        f"{length_shown(recording.analysable_s)} {'可分析' if zh else 'analysable'}",
        f"{quality.n_beats} {'心搏' if zh else 'beats'}",
    ]
    if quality.reasons:
        words.append(", ".join(quality.reasons))
    return "  ·  ".join(words)


def length_shown(seconds: float) -> str:
    """Give a length as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"


def _below(sheet: Sheet, frame: Frame, number: int, n_pages: int) -> None:
    sheet.line(LEFT_MM, 12.5, RIGHT_MM)
    sheet.write(LEFT_MM, 9.2, frame.disclaimer, Face(7.0, is_bold=True))
    sheet.write(LEFT_MM, 5.8, frame.made, SMALL)
    page = f"第 {number} / {n_pages} 页" if sheet.lang == "zh" else f"page {number} of {n_pages}"
    sheet.write(RIGHT_MM, 5.8, page, SMALL, "right")
