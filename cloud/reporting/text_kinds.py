"""Reports of every kind as plain text."""

from collections.abc import Iterator

from cloud.reporting.text import (
    Language,
    footer_lines,
    header_lines,
    hour_rows,
    in_language,
    interval_lines,
    statement_lines,
    table_lines,
    text_of_stretch,
    time_shown,
    value_lines,
)
from ecgcore.report import Report
from ecgcore.report_kinds import AnyReport, EventReport, HolterReport, LiveSummary, TrendReport
from ecgcore.wording import KINDS, URGENCIES


def text_of(report: AnyReport, lang: Language) -> str:
    """Write a report."""
    if isinstance(report, Report):
        return text_of_stretch(report, lang)
    if isinstance(report, LiveSummary):
        lines = _live(report, lang)
    elif isinstance(report, EventReport):
        lines = _event(report, lang)
    elif isinstance(report, HolterReport):
        lines = _holter(report, lang)
    else:
        lines = _trend(report, lang)
    return "\n".join(lines) + "\n"


def _live(report: LiveSummary, lang: Language) -> Iterator[str]:
    yield in_language(KINDS[report.kind], lang)
    rate = "–" if report.hr_mean is None else f"{report.hr_mean:.0f}"
    counts = report.since_start
    yield f"{report.patient_ref}: {rate} /min, {report.rhythm or '–'}, SQI {report.sqi:.2f}"
    yield (
        f"PVC {counts.pvc}, PAC {counts.pac}, pauses {counts.pauses}, AF {counts.af_s:.0f} s, "
        f"{counts.beats} beats"
    )


def _event(report: EventReport, lang: Language) -> Iterator[str]:
    yield from header_lines(report, report.kind, lang)
    yield ""
    yield in_language(report.symptom_rhythm, lang)
    zh = lang == "zh"
    urgency = in_language(URGENCIES[report.urgency], lang)
    since_s = (report.onset_ns - report.recording.start_ns) / 1e9
    yield f"{'开始' if zh else 'Onset'} +{since_s:.1f} s, {report.duration_s:.1f} s, {urgency}"
    rate = report.rate
    rates = ("–" if v is None else f"{v:.0f}" for v in (rate.low, rate.mean, rate.high))
    yield f"{'心率' if zh else 'Rate'} {' / '.join(rates)} /min"
    yield ""
    yield from interval_lines(report.measurements, lang)
    yield ""
    yield from statement_lines(report, lang)
    yield ""
    yield in_language(report.narrative.patient, lang)
    yield from footer_lines(report, lang)


def _holter(report: HolterReport, lang: Language) -> Iterator[str]:
    yield from header_lines(report, report.kind, lang)
    yield ""
    yield from statement_lines(report, lang)
    for section in report.sections:
        yield ""
        yield in_language(section.title, lang)
        yield from (f"  {line}" for line in value_lines(section.values, lang))
    yield ""
    yield from table_lines(hour_rows(report, lang))
    yield ""
    yield in_language(report.narrative.patient, lang)
    yield from footer_lines(report, lang)


def _trend(report: TrendReport, lang: Language) -> Iterator[str]:
    yield in_language(KINDS[report.kind], lang)
    yield f"{report.patient_ref}: {time_shown(report.start_ns)} – {time_shown(report.end_ns)}"
    yield ""
    yield in_language(report.narrative.headline, lang)
    yield in_language(report.narrative.clinician, lang)
    yield ""
    yield in_language(report.narrative.patient, lang)
    yield from (in_language(each, lang) for each in report.disclaimers)
