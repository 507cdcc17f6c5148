"""Composing a report out of what is stored: values in, one `Report` out, the same each time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore import findings
from ecgcore.baseline import Baseline
from ecgcore.events import PATTERNS, USABLE_SQI, BeatLabel, Measurement, RhythmLabel
from ecgcore.intervals import BeatIntervals
from ecgcore.narrative import DISCLAIMERS, Facts, narrate
from ecgcore.own_comparison import OwnComparisonConfig, compare
from ecgcore.person import UNKNOWN, Person
from ecgcore.reference import Reference, reference_of
from ecgcore.report import (
    SCHEMA_VERSION,
    Algorithm,
    Codes,
    Comparison,
    Device,
    Flag,
    LeadQuality,
    OwnPastMeasurement,
    Quality,
    Recording,
    RecordingGap,
    Report,
    ReportEvent,
    ReportKind,
    ReportMeasurement,
    ReportStatus,
    Strip,
    report_id,
)
from ecgcore.statements import GOOD_SQI, LONG_INTERVAL_MS, RhythmFound
from ecgcore.types import Gap, Int32Array

_STRIP_S = 10.0
_MAX_EVENTS = 3
_NO_INTERVALS = BeatIntervals()
_MAX_STRIPS = 8
_COMPARED = ("hr_mean", "pr_int", "qrs_dur", "qtc_fridericia", "rmssd", "sdnn")
_OWN_COMPARISON = OwnComparisonConfig()


@dataclass(frozen=True, slots=True)
class Window:
    """A stored window: how good the signal in it was and what was measured."""

    start: int
    end: int
    """Counters, end exclusive."""
    sqi: float
    coverage: float
    n_beats: int
    measurements: tuple[Measurement, ...] = ()
    quality_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredBeat:
    """A beat with its time."""

    sample: int
    utc_ns: int
    amplitude_mv: float
    rr_ms: float | None
    label: BeatLabel | None = BeatLabel.NORMAL
    """None if it was never classified."""
    intervals: BeatIntervals = _NO_INTERVALS


@dataclass(frozen=True, slots=True)
class StoredRhythm:
    """What of a rhythm lies in the stretch."""

    label: RhythmLabel
    start: int
    end: int
    """Counters, end exclusive."""
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class SampleRun:
    """Consecutive samples of one lead."""

    first_counter: int
    adc: Int32Array
    """shape (n_samples,)"""

    @property
    def end(self) -> int:
        """Counter after the last sample."""
        return self.first_counter + self.adc.size


@dataclass(frozen=True, slots=True)
class ReportInput:
    """All that a report is made from."""

    kind: ReportKind
    created_ns: int
    patient_ref: str
    device: Device
    algorithm: Algorithm
    window: Window
    """The whole stretch."""
    start_ns: int
    end_ns: int
    parts: tuple[Window, ...] = ()
    """The 10-s windows inside it."""
    gaps: tuple[Gap, ...] = ()
    beats: tuple[StoredBeat, ...] = ()
    rhythms: tuple[StoredRhythm, ...] = ()
    """By their start."""
    runs: tuple[SampleRun, ...] = ()
    """Samples of the first lead, in counter order."""
    previous: Report | None = None
    """The patient's last report before this one."""
    person: Person = UNKNOWN
    baseline: Baseline | None = None
    """The patient's own past, of the same site, leads and algorithm."""

    def time_ns(self, counter: float) -> int:
        """Give the UTC of a counter, on the line through the stretch's two ends."""
        share = (counter - self.window.start) / (self.window.end - self.window.start)
        return self.start_ns + round(share * (self.end_ns - self.start_ns))


def compose(given: ReportInput) -> Report:
    """Make the report."""
    recording = _recording(given)
    sqi = given.window.sqi
    strips, events = _strips_and_events(given)
    rhythms = _rhythms(given, strips)
    measurements = tuple(_measurement(m, given.device.leads[0]) for m in given.window.measurements)
    statements = findings.find(_facts(given, strips, events, rhythms))
    facts = Facts(recording, sqi, measurements, statements)
    device = given.device
    # A minute asked for early begins where the one asked for later does; they end apart.
    at = given.window.start if given.kind is ReportKind.SUMMARY else given.window.end
    return Report(
        report_id=report_id(device.device_id, device.boot_id, given.kind, at),
        schema_version=SCHEMA_VERSION,
        kind=given.kind,
        status=ReportStatus.UNCONFIRMED,
        created_ns=given.created_ns,
        patient_ref=given.patient_ref,
        device=device,
        recording=recording,
        quality=_quality(given),
        algorithm=given.algorithm,
        measurements=measurements,
        statements=statements,
        events=tuple(events),
        strips=tuple(strips),
        comparison=_comparison(given),
        narrative=narrate(facts),
        confirmation=None,
        disclaimers=DISCLAIMERS,
    )


def _recording(given: ReportInput) -> Recording:
    window = given.window
    wall_s = (given.end_ns - given.start_ns) / 1e9
    parts = given.parts or (window,)
    usable = sum(p.coverage * (p.end - p.start) for p in parts if p.sqi >= USABLE_SQI)
    return Recording(
        start_ns=given.start_ns,
        end_ns=given.end_ns,
        start_counter=window.start,
        end_counter=window.end,
        wall_s=wall_s,
        analysable_s=wall_s * usable / (window.end - window.start),
        coverage=window.coverage,
        gaps=tuple(_gap(given, gap) for gap in given.gaps),
    )


def _gap(given: ReportInput, gap: Gap) -> RecordingGap:
    start_ns = given.time_ns(gap.start)
    return RecordingGap(
        start_counter=gap.start,
        n_samples=gap.n_samples,
        start_ns=start_ns,
        duration_s=(given.time_ns(gap.end) - start_ns) / 1e9,
        reason=gap.reason.name.lower(),
    )


def _quality(given: ReportInput) -> Quality:
    sqi = given.window.sqi
    return Quality(
        sqi=sqi,
        per_lead=(LeadQuality(lead=given.device.leads[0], sqi=sqi),),
        n_beats=given.window.n_beats,
        reasons=given.window.quality_reasons,
    )


def _measurement(measured: Measurement, lead: str) -> ReportMeasurement:
    reference = reference_of(measured.key)
    codes = Codes(loinc=reference.loinc, mdc=reference.mdc)
    return ReportMeasurement(
        key=measured.key,
        value=measured.value,
        unit=measured.unit,
        dim=measured.dim,
        lead=measured.lead or lead,
        n=measured.n,
        sqi=measured.sqi,
        ref_low=reference.low,
        ref_high=reference.high,
        ref_id=reference.source,
        flag=_flag(measured.value, reference),
        codes=codes if reference.loinc or reference.mdc else None,
        null_reason=measured.null_reason,
    )


def _flag(value: float | None, reference: Reference) -> Flag | None:
    if value is None or reference.source is None:
        return None
    if reference.low is not None and value < reference.low:
        return Flag.LOW
    if reference.high is not None and value > reference.high:
        return Flag.HIGH
    return Flag.NORMAL


def _facts(
    given: ReportInput,
    strips: Sequence[Strip],
    events: Sequence[ReportEvent],
    rhythms: Sequence[RhythmFound],
) -> findings.Facts:
    return findings.Facts(
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


def _rhythms(given: ReportInput, strips: list[Strip]) -> list[RhythmFound]:
    """Gather the rhythms by their name, and add a strip of each that the main one does not show."""
    runs = _joined(given.runs)
    found = []
    for label in dict.fromkeys(each.label for each in given.rhythms):
        alike = [each for each in given.rhythms if each.label is label]
        longest = max(alike, key=lambda each: each.end - each.start)
        found.append(
            RhythmFound(
                label=label,
                n=len(alike),
                duration_s=sum(
                    (given.time_ns(e.end) - given.time_ns(e.start)) / 1e9 for e in alike
                ),
                confidence=longest.confidence,
                start_ns=given.time_ns(longest.start),
                end_ns=given.time_ns(longest.end),
                strip_ids=_strip_ids_of(given, runs, longest, strips),
            )
        )
    return found


def _strip_ids_of(
    given: ReportInput, runs: Sequence[SampleRun], shown: StoredRhythm, strips: list[Strip]
) -> tuple[str, ...]:
    if (
        shown.label not in PATTERNS
        and shown.end - shown.start == given.window.end - given.window.start
    ):
        return tuple(strip.id for strip in strips[:1])
    if len(strips) > _MAX_STRIPS:
        return ()
    half = round(_STRIP_S * given.device.fs_nominal_hz / 2)
    middle = (shown.start + min(shown.end, shown.start + 2 * half)) // 2
    strip = _longest_strip(given, runs, middle - half, middle + half, f"rhythm-{shown.label}")
    if strip is None:
        return ()
    strips.append(strip)
    return (strip.id,)


def _comparison(given: ReportInput) -> tuple[Comparison, ...]:
    # Versions and sites are never joined silently: another's number is not the same number.
    previous = given.previous
    if previous is None or previous.algorithm != given.algorithm:
        return ()
    if _place(previous.device) != _place(given.device):
        return ()
    found = []
    for measured in given.window.measurements:
        before = previous.value_of(measured.key)
        if measured.key in _COMPARED and measured.value is not None and before is not None:
            found.append(
                Comparison(
                    key=measured.key,
                    unit=measured.unit,
                    value=measured.value,
                    previous=before,
                    change=measured.value - before,
                    previous_report_id=previous.report_id,
                    previous_end_ns=previous.recording.end_ns,
                    own_past=_own_past(given, measured, before),
                )
            )
    return tuple(found)


def _place(device: Device) -> tuple[str | None, tuple[str, ...]]:
    return device.site, device.leads


def _own_past(
    given: ReportInput, measured: Measurement, before: float
) -> tuple[OwnPastMeasurement, ...]:
    baseline = given.baseline
    past = None
    if baseline is not None and measured.key in baseline.config.keys:
        past = baseline.past(measured.key, given.start_ns)
    return tuple(
        OwnPastMeasurement(
            key=made.key,
            value=made.value,
            unit=made.unit,
            n=made.n,
            concern=concern,
            null_reason=made.null_reason,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
        )
        for made, concern, interval in compare(
            measured, before, past, given.start_ns, _OWN_COMPARISON
        )
    )


def _strips_and_events(given: ReportInput) -> tuple[list[Strip], list[ReportEvent]]:
    runs = _joined(given.runs)
    main = _best_strip(given, runs)
    strips = [] if main is None else [main]
    events = []
    if given.window.sqi >= GOOD_SQI:
        long = [b for b in given.beats if b.rr_ms is not None and b.rr_ms >= LONG_INTERVAL_MS]
        for number, beat in enumerate(long[:_MAX_EVENTS], start=1):
            event, strip = _long_interval(given, runs, beat, number)
            events.append(event)
            strips += [] if strip is None else [strip]
    return strips, events


def _long_interval(
    given: ReportInput, runs: Sequence[SampleRun], beat: StoredBeat, number: int
) -> tuple[ReportEvent, Strip | None]:
    rr_ms = beat.rr_ms or 0.0
    start = beat.sample - round(rr_ms * given.device.fs_nominal_hz / 1000)
    half = round(_STRIP_S * given.device.fs_nominal_hz / 2)
    middle = (start + beat.sample) // 2
    strip = _longest_strip(given, runs, middle - half, middle + half, f"event-{number}")
    event = ReportEvent(
        id=f"long-interval-{number}",
        kind="long_interval",
        start_ns=beat.utc_ns - round(rr_ms * 1e6),
        end_ns=beat.utc_ns,
        start_counter=start,
        end_counter=beat.sample,
        strip_ids=() if strip is None else (strip.id,),
    )
    return event, strip


def _best_strip(given: ReportInput, runs: Sequence[SampleRun]) -> Strip | None:
    """Give the samples of the best ten seconds, the latest of equals."""
    parts = sorted(given.parts or (given.window,), key=lambda p: (p.sqi, p.end), reverse=True)
    for part in parts:
        strip = _longest_strip(given, runs, part.start, part.end, "main")
        if strip is not None:
            return strip
    return None


def _longest_strip(
    given: ReportInput, runs: Sequence[SampleRun], start: int, end: int, id_: str
) -> Strip | None:
    """Give the longest consecutive samples between two counters, at most ten seconds of them."""
    pieces = [_clipped(run, start, end) for run in runs]
    longest = max(pieces, key=lambda piece: piece.adc.size, default=None)
    if longest is None or longest.adc.size == 0:
        return None
    most = round(_STRIP_S * given.device.fs_nominal_hz)
    return Strip(
        id=id_,
        lead=given.device.leads[0],
        first_counter=longest.first_counter,
        start_ns=given.time_ns(longest.first_counter),
        fs_hz=given.device.fs_nominal_hz,
        lsb_pv=given.device.lsb_pv,
        samples=tuple(longest.adc[:most].tolist()),
    )


def _clipped(run: SampleRun, start: int, end: int) -> SampleRun:
    first = min(max(start, run.first_counter), run.end)
    last = max(min(end, run.end), first)
    adc = run.adc[first - run.first_counter : last - run.first_counter]
    return replace(run, first_counter=first, adc=adc)


def _joined(runs: Iterable[SampleRun]) -> list[SampleRun]:
    """Join runs that follow each other without a gap."""
    joined: list[list[SampleRun]] = []
    for run in runs:
        if joined and joined[-1][-1].end == run.first_counter:
            joined[-1].append(run)
        else:
            joined.append([run])
    return [replace(group[0], adc=np.concatenate([r.adc for r in group])) for group in joined]
