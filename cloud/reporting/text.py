"""A report as plain text, in one language."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from ecgcore.clinician import evidence_of, in_order
from ecgcore.report import Envelope, Localised, Report, ReportKind, ReportMeasurement
from ecgcore.report_kinds import HolterReport, TrendReport
from ecgcore.rounding import lead_shown, range_shown, shown, value_shown
from ecgcore.wording import CERTAINTIES, DIMENSIONS, FLAGS, KINDS, REASONS, name_of

Language: TypeAlias = Literal["en", "zh"]

INTERVALS = (
    *("hr_mean", "p_dur", "pr_int", "qrs_dur", "qt_int", "qtc_fridericia"),
    *("p_axis", "qrs_axis", "t_axis"),
)
LEAD_COLUMNS = {
    "p_amp_pos": "P mV",
    "q_amp": "Q mV",
    "r_amp": "R mV",
    "s_amp": "S mV",
    "st_j0": "J µV",
    "st_j60": "J+60 µV",
    "st_j80": "J+80 µV",
    "t_amp": "T mV",
}
LEAST_LEADS_OF_TABLE = 8
_RULE = "─" * 78


def in_language(text: Localised, lang: Language) -> str:
    """Give a text in one language."""
    return text.zh if lang == "zh" else text.en


def text_of_stretch(report: Report, lang: Language) -> str:
    """Write a report of a stretch."""
    return "\n".join(_lines(report, lang)) + "\n"


def _lines(report: Report, lang: Language) -> Iterator[str]:
    yield from header_lines(report, report.kind, lang)
    yield ""
    yield in_language(report.narrative.headline, lang)
    yield ""
    yield from interval_lines(report.measurements, lang)
    yield ""
    yield from statement_lines(report, lang)
    if rows := lead_rows(report):
        yield ""
        yield from table_lines(rows)
    for summary in report.dimensions:
        yield ""
        yield in_language(DIMENSIONS[summary.dim], lang)
        yield from (f"  {line}" for line in value_lines(summary.values, lang))
    yield ""
    yield in_language(report.narrative.patient, lang)
    yield from footer_lines(report, lang)


def header_lines(report: Envelope, kind: ReportKind, lang: Language) -> Iterator[str]:
    """Say whose report it is, of what, when and how good the signal was."""
    zh = lang == "zh"
    recording = report.recording
    yield in_language(KINDS[kind], lang)
    yield _RULE
    yield f"{'受检者' if zh else 'Patient'}: {report.patient_ref}{person_shown(report, lang)}"
    yield (
        f"{'记录' if zh else 'Recording'}: {when(report, lang)}, {recording.wall_s:.0f} s, "
        f"{', '.join(report.device.leads)}, {report.device.fs_nominal_hz:g} Hz"
    )
    yield (
        f"{'信号质量' if zh else 'Quality'}: SQI {report.quality.sqi:.2f}, "
        f"{100 * recording.coverage:.1f} %, {recording.analysable_s:.0f} s "
        f"{'可分析' if zh else 'analysable'}, {report.quality.n_beats} {'心搏' if zh else 'beats'}"
    )


def when(report: Envelope, lang: Language) -> str:
    """Give the begin of the recording, where it is known."""
    recording = report.recording
    if recording.is_time_known:
        return time_shown(recording.start_ns)
    return "时间未知" if lang == "zh" else "time not known"


def time_shown(at_ns: int) -> str:
    """Give a UTC to the second."""
    return datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def person_shown(report: Envelope, lang: Language) -> str:
    """Give sex and age, as far as they are known, to follow a name."""
    person = report.person
    sex = {"female": ("female", "女"), "male": ("male", "男")}.get(person.sex or "", ("", ""))
    age = "" if person.age_years is None else f"{person.age_years:.0f}"
    words = [sex[lang == "zh"], f"{age} {'岁' if lang == 'zh' else 'y'}" if age else ""]
    return "".join(f", {word}" for word in words if word)


def interval_lines(
    measurements: Sequence[ReportMeasurement], lang: Language, keys: Iterable[str] = INTERVALS
) -> Iterator[str]:
    """Write rate, intervals and axes; what was not asked of the recording is left out."""
    by_key = {m.key: m for m in reversed(measurements)}
    yield from value_lines([by_key[key] for key in keys if key in by_key], lang)


def value_lines(values: Iterable[ReportMeasurement], lang: Language) -> Iterator[str]:
    """Write values with their ranges, or why there is none."""
    for m in values:
        name = in_language(name_of(m.key), lang)
        lead = f" {lead_shown(m)}".rstrip()
        if m.null_reason is not None:
            yield f"{name}{lead}: – ({in_language(REASONS[m.null_reason], lang)})"
            continue
        flag = "" if m.flag is None else in_language(FLAGS[m.flag], lang)
        notes = ", ".join(filter(None, (range_shown(m), flag)))
        yield f"{name}{lead}: {value_shown(m)}" + (f"  [{notes}]" if notes else "")


def statement_lines(report: Envelope, lang: Language) -> Iterator[str]:
    """Write the statements with their evidence."""
    for s in in_order(report.statements):
        certainty = in_language(CERTAINTIES[s.certainty], lang)
        yield f"• {in_language(s.text, lang)} ({certainty}; {evidence_of(s)})"


def lead_rows(report: Envelope) -> list[list[str]]:
    """Give amplitudes and ST of each lead, a header first; empty with fewer than eight leads."""
    if len(report.device.leads) < LEAST_LEADS_OF_TABLE:
        return []
    values = {(m.lead, m.key): m for m in report.measurements if m.lead is not None}
    rows = [["", *LEAD_COLUMNS.values()]]
    for lead in report.device.leads:
        found = (values.get((lead, key)) for key in LEAD_COLUMNS)
        rows.append(
            [
                lead,
                *("–" if m is None or m.value is None else shown(m.value, m.unit) for m in found),
            ]
        )
    return rows


def hour_rows(report: HolterReport, lang: Language) -> list[list[str]]:
    """Give the table by the hour, a header first."""
    zh = lang == "zh"
    head = (
        [
            "开始",
            "可分析 min",
            "质量",
            "心搏",
            "最低",
            "平均",
            "最高",
            "室性",
            "室上性",
            "停搏",
            "房颤 min",
        ]
        if zh
        else ["from", "min", "SQI", "beats", "low", "mean", "high", "V", "S", "pauses", "AF min"]
    )
    known = report.recording.is_time_known
    rows = [head]
    for hour in report.hours:
        since_h = (hour.start_ns - report.recording.start_ns) / 3.6e12
        rates = (hour.hr_low, hour.hr_mean, hour.hr_high)
        rows.append(
            [
                time_shown(hour.start_ns)[:16] if known else f"{since_h:.0f} h",
                f"{hour.analysable_s / 60:.0f}",
                f"{hour.sqi:.2f}",
                str(hour.n_beats),
                *("–" if rate is None else f"{rate:.0f}" for rate in rates),
                str(hour.pvc),
                str(hour.pac),
                str(hour.pauses),
                f"{hour.af_s / 60:.1f}",
            ]
        )
    return rows


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table with its columns in line."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def footer_lines(report: Envelope, lang: Language) -> Iterator[str]:
    """Say what the report is not and what made it."""
    yield _RULE
    for disclaimer in report.disclaimers:
        yield in_language(disclaimer, lang)
    yield algorithm_line(report)


def algorithm_line(report: Envelope | TrendReport) -> str:
    """Name what computed the report."""
    made = report.algorithm
    return f"{made.name} {made.version} · parameters {made.params_digest[:16]} · {report.report_id}"
