"""Reports of recordings in memory or on disk, of each kind."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cloud.evaluation.archive import Leads
from cloud.reporting.reading import analysed, input_of, read_recording
from ecgcore.compose import compose
from ecgcore.compose_event import EventConfig, Happened, compose_event, urgency_of
from ecgcore.compose_holter import HolterConfig, compose_holter
from ecgcore.compose_live import compose_live
from ecgcore.compose_trend import compose_trend
from ecgcore.errors import ConfigError
from ecgcore.events import PATTERNS
from ecgcore.extraction import ExtractionConfig
from ecgcore.person import UNKNOWN, Person
from ecgcore.report import Report, ReportKind
from ecgcore.report_input import ReportInput
from ecgcore.report_kinds import AnyReport, EventReport, HolterReport, LiveSummary, Trigger
from ecgcore.report_strips import clear_rhythms
from ecgcore.stored import StoredRhythm


def given_of(
    leads: Leads, kind: ReportKind, created_ns: int, config: ExtractionConfig
) -> ReportInput:
    """Analyse and measure a recording."""
    return input_of(leads, analysed(leads, config), kind, created_ns, config)


def spot_report(leads: Leads, created_ns: int, config: ExtractionConfig) -> Report:
    """Make the report of a short recording."""
    return compose(given_of(leads, ReportKind.SPOT, created_ns, config))


def live_summary(leads: Leads, created_ns: int, config: ExtractionConfig) -> LiveSummary:
    """Summarise a recording as it stood at its end."""
    return compose_live(given_of(leads, ReportKind.LIVE, created_ns, config))


def holter_report(
    leads: Leads,
    created_ns: int,
    config: ExtractionConfig,
    holter: HolterConfig | None = None,
    symptoms: Sequence[tuple[float, str]] = (),
) -> HolterReport:
    """Make the report of many hours; symptoms by the second."""
    given = given_of(leads, ReportKind.HOLTER, created_ns, config)
    events = [(round(at_s * leads.fs_hz), said) for at_s, said in symptoms]
    return compose_holter(given, holter, events)


def event_report(
    leads: Leads,
    created_ns: int,
    config: ExtractionConfig,
    at_s: float | None = None,
    symptom: str | None = None,
    around: EventConfig | None = None,
) -> EventReport:
    """Make the report of an event.

    Parameters
    ----------
    at_s : float, optional
        Second of the recording; if not given, that of the most serious pattern in it.

    Raises
    ------
    ConfigError
        If there is no such second, or nothing happened.
    """
    around = around or EventConfig()
    duration_s = leads.ecg_mv.shape[1] / leads.fs_hz
    if at_s is None:
        found = _most_serious(given_of(leads, ReportKind.EVENT, created_ns, config))
        if found is None:
            msg = f"recording {leads.name}: no event in it; --at says where one is"
            raise ConfigError(msg)
        at_s = found.start / leads.fs_hz
    if not 0.0 <= at_s < duration_s:
        msg = f"--at {at_s:g}: the recording has seconds 0 to {duration_s:g}"
        raise ConfigError(msg)
    first = max(round((at_s - around.pre_s) * leads.fs_hz), 0)
    last = min(round((at_s + around.post_s) * leads.fs_hz), leads.ecg_mv.shape[1])
    given = given_of(_cut(leads, first, last), ReportKind.EVENT, created_ns, config)
    return compose_event(given, _happened(given, round(at_s * leads.fs_hz) - first, symptom))


def _cut(leads: Leads, first: int, last: int) -> Leads:
    later = timedelta(seconds=first / leads.fs_hz)
    start = None if leads.start is None else leads.start + later
    return replace(leads, ecg_mv=leads.ecg_mv[:, first:last], start=start)


def _most_serious(given: ReportInput, at: int | None = None) -> StoredRhythm | None:
    """Give the most serious pattern, of the whole or around a sample."""
    found = [
        each
        for each in clear_rhythms(given)
        if each.label in PATTERNS and (at is None or each.start <= at < each.end)
    ]
    # Their values rise from P1, and of equals the longest stands.
    return min(found, key=lambda r: (str(urgency_of(given, r)), r.start - r.end), default=None)


def _happened(given: ReportInput, at: int, symptom: str | None) -> Happened:
    """Say what the event is: the pattern around the moment, else the ten seconds after it."""
    found = _most_serious(given, at)
    n_default = round(10.0 * given.device.fs_nominal_hz)
    onset, end = (at, min(at + n_default, given.window.end))
    if found is not None:
        onset, end = found.start, found.end
    rule = None if found is None else str(found.label)
    source = "patient" if symptom is not None or found is None else "automatic"
    trigger = Trigger.model_validate({"source": source, "rule_id": rule, "symptom": symptom})
    return Happened(trigger, onset, end)


def made(
    paths: Sequence[Path],
    kind: ReportKind,
    created_ns: int,
    config: ExtractionConfig,
    person: Person = UNKNOWN,
    at_s: float | None = None,
    symptom: str | None = None,
) -> AnyReport:
    """Make a report of recordings on disk.

    Raises
    ------
    ConfigError
        If they cannot be read or analysed, or are too many or too few for the kind.
    """
    recordings = [read_recording(path, person) for path in paths]
    if kind is ReportKind.TREND:
        return _trend(recordings, created_ns, config)
    if len(recordings) != 1:
        msg = f"--kind {kind}: {len(recordings)} recordings given; only a trend is of several"
        raise ConfigError(msg)
    [leads] = recordings
    if kind is ReportKind.EVENT:
        return event_report(leads, created_ns, config, at_s, symptom)
    if kind is ReportKind.LIVE:
        return live_summary(leads, created_ns, config)
    if kind is ReportKind.HOLTER:
        return holter_report(leads, created_ns, config)
    return spot_report(leads, created_ns, config)


def _trend(recordings: Sequence[Leads], created_ns: int, config: ExtractionConfig) -> AnyReport:
    unknown = [each.name for each in recordings if each.start is None]
    if unknown:
        msg = f"recording {unknown[0]}: its header has no date, which a trend needs"
        raise ConfigError(msg)
    # Recordings are named apart; that they are one person's is for the caller to know.
    name = recordings[0].name
    reports = [spot_report(replace(each, name=name), created_ns, config) for each in recordings]
    try:
        return compose_trend(reports, created_ns)
    except ValueError as error:
        msg = f"--kind trend: {error}"
        raise ConfigError(msg) from error
