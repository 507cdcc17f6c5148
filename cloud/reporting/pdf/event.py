"""The printed report of an event: what happened, then the signal around it without a break."""

from functools import partial

from cloud.reporting.pdf.ink import ACCENT, BOLD, SMALL, Face
from cloud.reporting.pdf.leads import draw_row, row_mm
from cloud.reporting.pdf.parts import (
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
    length_shown,
    printed,
)
from cloud.reporting.pdf.spot import caption_of, pages_of_strips
from cloud.reporting.text import Language, in_language, time_shown
from ecgcore.report import Strip
from ecgcore.report_kinds import EventReport
from ecgcore.wording import URGENCIES

_ROW_S = 10.0


def pdf_of_event(report: EventReport, lang: Language) -> bytes:
    """Print an event."""
    rows = [piece for strip in report.strips for piece in cut(strip)]
    pages: list[Page] = [partial(_first, report=report), *pages_of_strips(report, rows)]
    return printed(frame_of(report, report.kind, lang), pages, lang)


def cut(strip: Strip) -> list[Strip]:
    """Cut a long strip into rows of ten seconds."""
    n = round(_ROW_S * strip.fs_hz)
    if len(strip.samples) <= n:
        return [strip]
    return [
        strip.model_copy(
            update={
                "id": f"{strip.id} {at / strip.fs_hz:.0f} s",
                "first_counter": strip.first_counter + at,
                "start_ns": strip.start_ns + round(at / strip.fs_hz * 1e9),
                "samples": strip.samples[at : at + n],
            }
        )
        for at in range(0, len(strip.samples), n)
    ]


def _first(sheet: Sheet, report: EventReport) -> None:
    zh = sheet.lang == "zh"
    y = TOP_MM - 4.0
    sheet.heading(LEFT_MM, y, "Event", "事件", 120.0)
    told = report.trigger.symptom or report.trigger.rule_id or "–"
    source = {
        ("automatic", True): "自动识别",
        ("automatic", False): "automatic",
        ("patient", True): "受检者触发",
        ("patient", False): "the patient's button",
    }[report.trigger.source, zh]
    rate = report.rate
    rates = " / ".join("–" if v is None else f"{v:.0f}" for v in (rate.low, rate.mean, rate.high))
    first, last = report.first_beat, report.last_beat
    beats = "–" if first is None or last is None else f"{first.label} … {last.label}"
    hour = report.context.hour_of_day
    context = [
        report.context.activity,
        report.context.posture,
        None if hour is None else f"{hour} h",
    ]
    facts = (
        ("触发" if zh else "Trigger", f"{source}: {told}"),
        ("开始" if zh else "Onset", _at(report, report.onset_ns, zh)),
        ("持续" if zh else "Duration", length_shown(report.duration_s)),
        ("心率 低/均/高" if zh else "Rate low/mean/high", f"{rates} /min"),
        ("首末心搏" if zh else "First and last beat", beats),
        ("情境" if zh else "Context", ", ".join(filter(None, context)) or "–"),
        ("紧急程度" if zh else "Urgency", in_language(URGENCIES[report.urgency], sheet.lang)),
        ("已通知" if zh else "Notified", ", ".join(n.who for n in report.notified) or "–"),
    )
    y -= 6.5
    for name, value in facts:
        sheet.write(LEFT_MM, y, name, SMALL)
        sheet.write(LEFT_MM + 34.0, y, value, BOLD)
        y -= 4.8
    said = in_language(report.symptom_rhythm, sheet.lang)
    sheet.write(LEFT_MM, y - 2.0, said, Face(9.0, True, ACCENT))
    beside = LEFT_MM + 130.0
    draw_intervals(sheet, beside, TOP_MM - 4.0, RIGHT_MM - beside, report.measurements)
    sheet.heading(beside, TOP_MM - 22.0, "Statements", "结论", RIGHT_MM - beside)
    lowest = draw_statements(
        sheet, beside, TOP_MM - 28.0, RIGHT_MM - beside, report.statements, most=9
    )
    words = (for_patient(report), for_clinician(report))
    y = draw_narrative(sheet, LEFT_MM, min(y - 12.0, lowest - 6.0), RIGHT_MM - LEFT_MM, words)
    shown = _onset_row(report)
    if shown is not None and y - row_mm(shown) - 6.0 >= BOTTOM_MM:
        y -= row_mm(shown) + 6.0
        draw_row(sheet.canvas, LEFT_MM, y, shown, caption_of(report, shown))


def _onset_row(report: EventReport) -> Strip | None:
    """Give ten seconds in which the event begins after three."""
    strip = next((each for each in report.strips if each.id == "event"), None)
    if strip is None:
        return None
    since_s = (report.onset_ns - strip.start_ns) / 1e9
    first = round(max(since_s - 3.0, 0.0) * strip.fs_hz)
    last = first + round(_ROW_S * strip.fs_hz)
    return strip.model_copy(
        update={
            "id": "onset",
            "first_counter": strip.first_counter + first,
            "start_ns": strip.start_ns + round(first / strip.fs_hz * 1e9),
            "samples": strip.samples[first:last],
        }
    )


def _at(report: EventReport, at_ns: int, zh: bool) -> str:
    if report.recording.is_time_known:
        return time_shown(at_ns)
    since_s = (at_ns - report.recording.start_ns) / 1e9
    return f"{'第' if zh else 't = '}{since_s:.1f} s"
