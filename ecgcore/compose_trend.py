"""Several reports beside each other: each biomarker over time, and where it may not be joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from ecgcore.report import (
    SCHEMA_VERSION,
    Localised,
    Narrative,
    Report,
    ReportKind,
    ReportMeasurement,
    ReportStatus,
    report_id,
)
from ecgcore.report_kinds import Band, TrendBreak, TrendPoint, TrendReport, TrendSeries
from ecgcore.rounding import shown, with_unit
from ecgcore.wording import name_of

_SD_OF_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class TrendConfig:
    """What is followed, and what counts as a change."""

    keys: tuple[str, ...] = (
        *("hr_mean", "pr_int", "qrs_dur", "qtc_fridericia", "rmssd", "sdnn"),
        *("pvc_burden", "af_burden", "st_j60", "qrs_axis"),
    )
    least_points: int = 5
    """Points that a band is made of; the first ones since the last break."""
    band_sd: float = 3.0
    """Half the width of a band, in standard deviations (from the median absolute deviation)."""
    least_half_band: float = 0.05
    """The same as a share of the median, so that a still value is not called changed by a hair."""
    persistence: int = 2
    """Points in a row outside the band that make a change."""


def compose_trend(
    reports: Sequence[Report], created_ns: int, config: TrendConfig | None = None
) -> TrendReport:
    """Put reports of one patient beside each other.

    Raises
    ------
    ValueError
        If there are fewer than two, or they are of several patients.
    """
    config = config or TrendConfig()
    ordered = sorted(reports, key=lambda each: each.recording.start_ns)
    if len(ordered) < 2 or len({each.patient_ref for each in ordered}) != 1:
        msg = "a trend is of two reports or more of one patient"
        raise ValueError(msg)
    breaks = tuple(each for pair in pairwise(ordered) for each in _breaks(*pair))
    since_ns = max((each.at_ns for each in breaks), default=0)
    joined = [each for each in ordered if each.recording.start_ns >= since_ns]
    series = tuple(_all_series(joined, config))
    newest = ordered[-1]
    return TrendReport(
        report_id=report_id(
            newest.device.device_id,
            newest.device.boot_id,
            ReportKind.TREND,
            newest.recording.end_ns,
        ),
        schema_version=SCHEMA_VERSION,
        status=ReportStatus.UNCONFIRMED,
        created_ns=created_ns,
        patient_ref=newest.patient_ref,
        algorithm=newest.algorithm,
        start_ns=ordered[0].recording.start_ns,
        end_ns=newest.recording.end_ns,
        report_ids=tuple(each.report_id for each in ordered),
        series=series,
        breaks=breaks,
        statements=newest.statements,
        narrative=_narrative(series, breaks, len(ordered)),
        confirmation=None,
        disclaimers=newest.disclaimers,
    )


def _breaks(before: Report, after: Report) -> Iterator[TrendBreak]:
    facts: tuple[
        tuple[Literal["device", "site", "leads", "algorithm", "parameters"], str, str], ...
    ]
    facts = (
        ("device", before.device.device_id, after.device.device_id),
        ("site", before.device.site or "", after.device.site or ""),
        ("leads", " ".join(before.device.leads), " ".join(after.device.leads)),
        ("algorithm", before.algorithm.version, after.algorithm.version),
        ("parameters", before.algorithm.params_digest, after.algorithm.params_digest),
    )
    for what, old, new in facts:
        if old != new:
            yield TrendBreak(at_ns=after.recording.start_ns, what=what, before=old, after=new)


def _all_series(reports: Sequence[Report], config: TrendConfig) -> Iterator[TrendSeries]:
    for key in config.keys:
        found = [(each, m) for each in reports if (m := _one(each, key)) is not None]
        if found:
            yield _series(found, config)


def _one(report: Report, key: str) -> ReportMeasurement | None:
    """Give a value over all leads, else of the first lead that has it."""
    there = [m for m in report.measurements if m.key == key and m.value is not None]
    return min(there, key=lambda m: m.lead is not None, default=None)


def _series(found: Sequence[tuple[Report, ReportMeasurement]], config: TrendConfig) -> TrendSeries:
    first = found[0][1]
    values = [m.value for _, m in found if m.value is not None]
    band = _band(values, config)
    outside = [band is not None and not band.low <= value <= band.high for value in values]
    changed = _changed(outside, config.persistence)
    return TrendSeries(
        key=first.key,
        unit=first.unit,
        dim=first.dim,
        lead=first.lead,
        points=tuple(
            TrendPoint(
                report_id=report.report_id,
                at_ns=report.recording.start_ns,
                value=value,
                sqi=m.sqi,
                is_outside=is_outside,
            )
            for (report, m), value, is_outside in zip(found, values, outside, strict=True)
        ),
        band=band,
        changed_at_ns=None if changed is None else found[changed][0].recording.start_ns,
    )


def _band(values: Sequence[float], config: TrendConfig) -> Band | None:
    if len(values) < config.least_points:
        return None
    first = np.array(values[: config.least_points])
    middle = float(np.median(first))
    scatter = _SD_OF_MAD * float(np.median(np.abs(first - middle)))
    half = max(config.band_sd * scatter, config.least_half_band * abs(middle))
    return Band(low=middle - half, middle=middle, high=middle + half, n=first.size)


def _changed(outside: Sequence[bool], persistence: int) -> int | None:
    """Give where the values left for good: the first of those that are outside to the end."""
    n_last = next((k for k, is_out in enumerate(reversed(outside)) if not is_out), len(outside))
    return len(outside) - n_last if n_last >= persistence else None


def _narrative(
    series: Sequence[TrendSeries], breaks: Sequence[TrendBreak], n_reports: int
) -> Narrative:
    changed = [each for each in series if each.changed_at_ns is not None]
    headline = Localised(
        en=f"{n_reports} reports, {len(changed)} values changed",
        zh=f"{n_reports} 份报告，{len(changed)} 项数值有变化",
    )
    lines_en = [_line(each, "en") for each in series]
    lines_zh = [_line(each, "zh") for each in series]
    for each in breaks:
        lines_en.append(f"Not joined across a change of {each.what}: {each.before} → {each.after}.")
        lines_zh.append(f"以下更改前后的数值不作比较：{each.what} {each.before} → {each.after}。")
    names_en = ", ".join(name_of(each.key).en for each in changed)
    names_zh = "、".join(name_of(each.key).zh for each in changed)
    caveat_en = "This was compared automatically, is unconfirmed and is not a diagnosis."
    caveat_zh = "本对比由系统自动生成，未经确认，不构成诊断。"
    if changed:
        patient = Localised(
            en=f"Compared with your earlier recordings these values changed: {names_en}. "
            f"Talk to your doctor about it. {caveat_en}",
            zh=f"与以往记录相比，以下数值有变化：{names_zh}。请咨询医生。{caveat_zh}",
        )
    else:
        patient = Localised(
            en=f"Your values are much as they were before. "
            f"Talk to your doctor if you feel unwell. {caveat_en}",
            zh=f"您的各项数值与以往相近。如感不适，请咨询医生。{caveat_zh}",
        )
    return Narrative(
        headline=headline,
        patient=patient,
        clinician=Localised(en="\n".join(lines_en), zh="\n".join(lines_zh)),
    )


def _line(series: TrendSeries, lang: Literal["en", "zh"]) -> str:
    name = name_of(series.key)
    first, last = series.points[0].value, series.points[-1].value
    said = f"{shown(first, series.unit)} → {with_unit(last, series.unit)}"
    changed = series.changed_at_ns is not None
    if lang == "zh":
        return f"{name.zh} {said}{'，有变化' if changed else ''}。"
    return f"{name.en} {said}{', changed' if changed else ''}."
