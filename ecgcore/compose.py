"""Composing a report out of what is stored: values in, one `Report` out, the same each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ecgcore import findings
from ecgcore.dimensions import summarised
from ecgcore.events import USABLE_SQI
from ecgcore.lead_set import as_sure_as_leads_allow, disclaimers_of
from ecgcore.narrative import Facts, narrate
from ecgcore.report import (
    SCHEMA_VERSION,
    LeadQuality,
    Quality,
    Recording,
    Report,
    ReportEvent,
    ReportKind,
    ReportMeasurement,
    ReportPerson,
    ReportStatus,
    Statement,
    Stretch,
    Strip,
    report_id,
)
from ecgcore.report_gaps import gap_of
from ecgcore.report_input import ReportInput
from ecgcore.report_strips import long_intervals_of, main_strips, rhythms_of
from ecgcore.report_values import compared, report_measurement
from ecgcore.statements import RhythmFound


@dataclass(frozen=True, slots=True)
class Composed:
    """What reports of every kind have in common, before it is put into one."""

    measurements: tuple[ReportMeasurement, ...]
    statements: tuple[Statement, ...]
    strips: tuple[Strip, ...]
    fields: dict[str, Any]
    """Of an `Envelope`, all but its identity."""


def compose(given: ReportInput) -> Report:
    """Make the report of a stretch.

    Raises
    ------
    ValueError
        If the kind is not one of a stretch.
    """
    kind = _stretch(given.kind)
    parts = composed(given)
    # A minute asked for early begins where the one asked for later does; they end apart.
    at = given.window.start if kind is ReportKind.SUMMARY else given.window.end
    return Report(
        report_id=report_id(given.device.device_id, given.device.boot_id, kind, at),
        kind=kind,
        beat=given.beat,
        dimensions=summarised(parts.measurements),
        **parts.fields,
    )


def composed(given: ReportInput) -> Composed:
    """Make what reports of every kind have in common."""
    recording = recording_of(given)
    strips = main_strips(given)
    events = long_intervals_of(given, strips)
    rhythms = rhythms_of(given, strips)
    measurements = measurements_of(given)
    statements = statements_of(given, strips, events, rhythms)
    comparison = compared(given)
    leads = given.device.leads
    facts = Facts(recording, given.window.sqi, measurements, statements, leads, comparison)
    fields = {
        "schema_version": SCHEMA_VERSION,
        "status": ReportStatus.UNCONFIRMED,
        "created_ns": given.created_ns,
        "patient_ref": given.patient_ref,
        "person": ReportPerson(sex=given.person.sex, age_years=given.person.age_years),
        "device": given.device,
        "recording": recording,
        "quality": quality_of(given),
        "algorithm": given.algorithm,
        "measurements": measurements,
        "statements": statements,
        "events": tuple(events),
        "strips": tuple(strips),
        "comparison": comparison,
        "narrative": narrate(facts),
        "confirmation": None,
        "disclaimers": disclaimers_of(leads),
    }
    return Composed(measurements, statements, tuple(strips), fields)


def _stretch(kind: ReportKind) -> Stretch:
    if kind is ReportKind.SPOT or kind is ReportKind.SUMMARY:
        return kind
    msg = f"a report of kind {kind} is not one of a stretch"
    raise ValueError(msg)


def measurements_of(given: ReportInput) -> tuple[ReportMeasurement, ...]:
    """Give all that was measured, with ranges for the person."""
    leads = given.device.leads
    only = leads[0] if len(leads) == 1 else None
    return tuple(report_measurement(m, only, given.person) for m in given.window.measurements)


def recording_of(given: ReportInput) -> Recording:
    """Say what the stretch is: its times, its gaps, how much of it can be used."""
    window = given.window
    wall_s = (given.end_ns - given.start_ns) / 1e9
    parts = given.parts or (window,)
    usable = sum(p.coverage * (p.end - p.start) for p in parts if p.sqi >= USABLE_SQI)
    return Recording(
        start_ns=given.start_ns,
        end_ns=given.end_ns,
        start_counter=window.start,
        end_counter=window.end,
        is_time_known=given.is_time_known,
        wall_s=wall_s,
        analysable_s=wall_s * usable / (window.end - window.start),
        coverage=window.coverage,
        gaps=tuple(gap_of(given, gap) for gap in given.gaps),
    )


def quality_of(given: ReportInput) -> Quality:
    """Say how far the signal can be trusted."""
    sqi = given.window.sqi
    return Quality(
        sqi=sqi,
        per_lead=tuple(LeadQuality(lead=lead, sqi=sqi) for lead, sqi in _per_lead(given)),
        n_beats=given.window.n_beats,
        reasons=given.window.quality_reasons,
    )


def _per_lead(given: ReportInput) -> list[tuple[str, float]]:
    """Give the quality of each lead, as far as it was judged apart."""
    if len(given.device.leads) == 1:
        return [(given.device.leads[0], given.window.sqi)]
    return [
        (m.lead, min(max(m.value, 0.0), 1.0))
        for m in given.window.measurements
        if m.key == "sqi" and m.lead is not None and m.value is not None
    ]


def statements_of(
    given: ReportInput,
    strips: Sequence[Strip],
    events: Sequence[ReportEvent],
    rhythms: Sequence[RhythmFound],
) -> tuple[Statement, ...]:
    """Say what was found, most serious first, as sure as the leads allow."""
    facts = findings.Facts(
        measurements=given.window.measurements,
        sqi=given.window.sqi,
        coverage=given.window.coverage,
        start_ns=given.start_ns,
        end_ns=given.end_ns,
        leads=given.device.leads,
        person=given.person,
        rhythms=rhythms,
        intervals=events,
        strip_ids=tuple(strip.id for strip in strips[:1]),
    )
    return tuple(as_sure_as_leads_allow(s, given.device.leads) for s in findings.find(facts))
