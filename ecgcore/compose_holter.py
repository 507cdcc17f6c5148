"""The report of many hours: wear, rate, each subject with its strips, a table by the hour."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.compose import Composed, composed
from ecgcore.compose_live import counted
from ecgcore.events import PATTERNS, USABLE_SQI, NullReason, RhythmLabel
from ecgcore.holter_sections import SECTIONS, Section
from ecgcore.holter_values import holter_values, length_s, running_rates
from ecgcore.holter_words import holter_narrative
from ecgcore.measured import measurement_of
from ecgcore.report import Recording, ReportKind, ReportMeasurement, Strip, report_id
from ecgcore.report_input import ReportInput
from ecgcore.report_kinds import (
    Extreme,
    HolterRate,
    HolterReport,
    HolterSection,
    Hour,
    SymptomRhythm,
    Wear,
)
from ecgcore.report_strips import STRIP_S, strip_between
from ecgcore.report_values import report_measurement
from ecgcore.sample_runs import joined
from ecgcore.stored import StoredBeat, StoredRhythm

_HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class HolterConfig:
    """How hours are summed up."""

    rate_intervals: int = 8
    """The lowest and highest rate are means of so many intervals."""
    day: tuple[int, int] = (8, 22)
    """Hours of the clock, the second one exclusive."""
    night: tuple[int, int] = (0, 6)
    prescribed_h: float | None = None


def compose_holter(
    given: ReportInput,
    config: HolterConfig | None = None,
    patient_events: Sequence[tuple[int, str]] = (),
) -> HolterReport:
    """Make the report of many hours.

    Parameters
    ----------
    given : ReportInput
        The whole recording; counts among its measurements are taken, others are made of its beats
        and rhythms.
    patient_events : Sequence[tuple[int, str]]
        Counter and symptom.
    """
    config = config or HolterConfig()
    hours = tuple(_hours(given, config))
    analysable_s = sum(hour.analysable_s for hour in hours)
    added = holter_values(given, analysable_s)
    full = replace(
        given, window=replace(given.window, measurements=(*given.window.measurements, *added))
    )
    parts = composed(full)
    strips = {strip.id: strip for strip in parts.strips}
    rate = _rate(full, config, strips)
    sections = tuple(_section(full, parts, section, strips) for section in SECTIONS)
    device = given.device
    fields = dict(parts.fields)
    wear = Wear(
        prescribed_h=config.prescribed_h,
        worn_h=(given.end_ns - given.start_ns) / _HOUR_NS,
        analysable_h=analysable_s / 3600.0,
    )
    recording: Recording = fields["recording"]
    fields |= {
        "recording": recording.model_copy(update={"analysable_s": analysable_s}),
        "strips": tuple(strips.values()),
        "narrative": holter_narrative(fields["narrative"], wear, rate, sections),
    }
    return HolterReport(
        report_id=report_id(device.device_id, device.boot_id, ReportKind.HOLTER, given.window.end),
        **fields,
        wear=wear,
        rate=rate,
        dominant_rhythm=_dominant(full),
        sections=sections,
        hours=hours,
        patient_events=tuple(_symptom(full, at, said) for at, said in sorted(patient_events)),
    )


def _hours(given: ReportInput, config: HolterConfig) -> Iterator[Hour]:
    """Cut at the hours of the clock, or of the recording where the clock is not known."""
    at_ns = given.start_ns - given.start_ns % _HOUR_NS if given.is_time_known else given.start_ns
    while at_ns < given.end_ns:
        yield _hour(given, max(at_ns, given.start_ns), min(at_ns + _HOUR_NS, given.end_ns), config)
        at_ns += _HOUR_NS


def _hour(given: ReportInput, start_ns: int, end_ns: int, config: HolterConfig) -> Hour:
    piece = _piece(given, start_ns, end_ns)
    counts = counted(piece)
    parts = [(p, given.time_ns(p.end) - given.time_ns(p.start)) for p in piece.parts]
    whole_ns = end_ns - start_ns
    rates = running_rates([b.rr_ms for b in piece.beats], config.rate_intervals)
    rates = rates[np.isfinite(rates)]
    return Hour(
        start_ns=start_ns,
        analysable_s=sum(p.coverage * ns for p, ns in parts if p.sqi >= USABLE_SQI) / 1e9,
        sqi=min(sum(p.sqi * ns for p, ns in parts) / whole_ns, 1.0),
        n_beats=counts.beats,
        hr_low=float(rates.min()) if rates.size else None,
        hr_mean=_mean_rate(piece.beats),
        hr_high=float(rates.max()) if rates.size else None,
        pvc=counts.pvc,
        pac=counts.pac,
        pauses=counts.pauses,
        af_s=counts.af_s,
    )


def _piece(given: ReportInput, start_ns: int, end_ns: int) -> ReportInput:
    """Give the beats, parts and rhythms of some time; a rhythm is cut at its borders."""
    scale = (given.window.end - given.window.start) / (given.end_ns - given.start_ns)
    start = given.window.start + round((start_ns - given.start_ns) * scale)
    end = given.window.start + round((end_ns - given.start_ns) * scale)
    return replace(
        given,
        beats=tuple(b for b in given.beats if start <= b.sample < end),
        parts=tuple(p for p in given.parts if start <= p.start < end),
        rhythms=tuple(
            replace(r, start=max(r.start, start), end=min(r.end, end))
            for r in given.rhythms
            if r.start < end and r.end > start and (r.label not in PATTERNS or r.start >= start)
        ),
    )


def _mean_rate(beats: Iterable[StoredBeat]) -> float | None:
    rr_ms = [beat.rr_ms for beat in beats if beat.rr_ms is not None]
    return 60_000.0 * len(rr_ms) / sum(rr_ms) if rr_ms else None


def _rate(given: ReportInput, config: HolterConfig, strips: dict[str, Strip]) -> HolterRate:
    n = config.rate_intervals
    rates = running_rates([b.rr_ms for b in given.beats], n)
    extremes: list[Extreme | None] = [None, None]
    if np.isfinite(rates).any():
        for k, (name, at) in enumerate(
            (("hr-low", int(np.nanargmin(rates))), ("hr-high", int(np.nanargmax(rates))))
        ):
            middle = given.beats[at + n // 2]
            extremes[k] = Extreme(value=float(rates[at]), at_ns=middle.utc_ns)
            _add_strip(given, middle.sample, name, strips)
    return HolterRate(
        low=extremes[0],
        mean=_mean_rate(given.beats),
        high=extremes[1],
        day_mean=_mean_rate(_between(given, config.day)),
        night_mean=_mean_rate(_between(given, config.night)),
    )


def _between(given: ReportInput, hours: tuple[int, int]) -> list[StoredBeat]:
    if not given.is_time_known:
        return []
    return [b for b in given.beats if hours[0] <= b.utc_ns // _HOUR_NS % 24 < hours[1]]


def _dominant(given: ReportInput) -> str | None:
    lasted: dict[RhythmLabel, float] = {}
    for each in given.rhythms:
        if each.label not in PATTERNS:
            lasted[each.label] = lasted.get(each.label, 0.0) + length_s(given, each)
    return str(max(lasted, key=lasted.__getitem__)) if lasted else None


def _section(
    given: ReportInput, parts: Composed, section: Section, strips: dict[str, Strip]
) -> HolterSection:
    by_key = {m.key: m for m in reversed(parts.measurements)}
    ids = []
    for label in section.rhythms:
        found = [each for each in given.rhythms if each.label is label]
        for which, chosen in _chosen(given, found):
            ids.append(_add_strip(given, _middle(given, chosen), f"{which}-{label}", strips))
    for kind in section.beats:
        first = next((b for b in given.beats if b.label is kind), None)
        if first is not None:
            ids.append(_add_strip(given, first.sample, f"first-{kind.name.lower()}", strips))
    return HolterSection(
        id=section.id,
        title=section.title,
        values=tuple(by_key.get(key) or _absent(given, key) for key in section.keys),
        strip_ids=tuple(dict.fromkeys(filter(None, ids))),
    )


def _absent(given: ReportInput, key: str) -> ReportMeasurement:
    nothing = measurement_of(key, NullReason.NOT_MEASURED, 0, given.window.sqi, None)
    return report_measurement(nothing, None, given.person)


def _chosen(given: ReportInput, found: Sequence[StoredRhythm]) -> list[tuple[str, StoredRhythm]]:
    """Give the first, the longest and the fastest, each once."""
    if not found:
        return []
    rates = [_mean_rate(b for b in given.beats if r.start <= b.sample < r.end) for r in found]
    fastest = max(range(len(found)), key=lambda k: rates[k] or 0.0)
    chosen = {
        "first": found[0],
        "longest": max(found, key=lambda each: each.end - each.start),
        "fastest": found[fastest],
    }
    once = {(each.start, each.end): (which, each) for which, each in reversed(chosen.items())}
    return list(reversed(once.values()))


def _middle(given: ReportInput, rhythm: StoredRhythm) -> int:
    most = round(STRIP_S * given.device.fs_nominal_hz)
    return (rhythm.start + min(rhythm.end, rhythm.start + most)) // 2


def _add_strip(given: ReportInput, middle: int, id_: str, strips: dict[str, Strip]) -> str | None:
    """Add ten seconds around a sample, and give their id; None without samples there."""
    half = round(STRIP_S * given.device.fs_nominal_hz / 2)
    strip = strip_between(given, joined(given.runs), middle - half, middle + half, id_)
    if strip is None:
        return None
    strips.setdefault(id_, strip)
    return id_


def _symptom(given: ReportInput, at: int, said: str) -> SymptomRhythm:
    found = [r for r in given.rhythms if r.start <= at < r.end]
    rhythm = next((r for r in found if r.label in PATTERNS), found[0] if found else None)
    return SymptomRhythm(
        at_ns=given.time_ns(at), symptom=said, rhythm=None if rhythm is None else str(rhythm.label)
    )
