"""The live summary: how it stands at the end of a stretch."""

from dataclasses import dataclass

from ecgcore.events import PATTERNS, USABLE_SQI, BeatLabel, NullReason, QualityReason, RhythmLabel
from ecgcore.report import SCHEMA_VERSION
from ecgcore.report_gaps import gap_of
from ecgcore.report_input import ReportInput
from ecgcore.report_kinds import Counters, LiveSummary

_FIBRILLATES = frozenset({RhythmLabel.AFIB, RhythmLabel.AFLUTTER})


@dataclass(frozen=True, slots=True)
class Link:
    """What the gateway tells of the patch."""

    state: str | None = None
    battery_pct: int | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """How the present is looked at."""

    recent_s: float = 10.0
    least_intervals: int = 2


def compose_live(
    given: ReportInput, link: Link | None = None, config: LiveConfig | None = None
) -> LiveSummary:
    """Summarise a stretch that began at the start and ends now."""
    link, config = link or Link(), config or LiveConfig()
    recent = given.parts[-1] if given.parts else given.window
    rate, reason = _rate(given, recent.sqi, config)
    base = [r for r in given.rhythms if r.label not in PATTERNS and r.end >= recent.start]
    now = max(base, key=lambda each: each.end, default=None)
    newest = max(
        (each for each in given.rhythms if each.label in PATTERNS),
        key=lambda each: each.start,
        default=None,
    )
    return LiveSummary(
        schema_version=SCHEMA_VERSION,
        patient_ref=given.patient_ref,
        at_ns=given.end_ns,
        hr_mean=rate,
        hr_null_reason=reason,
        rhythm=None if now is None else str(now.label),
        rhythm_confidence=None if now is None else now.confidence,
        sqi=recent.sqi,
        lead_off=QualityReason.LEAD_OFF in recent.quality_reasons,
        battery_pct=link.battery_pct,
        link=link.state,
        last_gap=gap_of(given, given.gaps[-1]) if given.gaps else None,
        since_start=counted(given),
        newest_event=None if newest is None else f"{newest.label}-{newest.start}",
        latency_ms=link.latency_ms,
    )


def counted(given: ReportInput) -> Counters:
    """Count the beats and rhythms of a stretch."""
    labels = [beat.label for beat in given.beats]
    fibrillating = (each for each in given.rhythms if each.label in _FIBRILLATES)
    return Counters(
        beats=len(labels),
        pvc=labels.count(BeatLabel.VENTRICULAR),
        pac=labels.count(BeatLabel.SUPRAVENTRICULAR),
        pauses=sum(each.label is RhythmLabel.PAUSE for each in given.rhythms),
        af_s=sum((given.time_ns(r.end) - given.time_ns(r.start)) / 1e9 for r in fibrillating),
    )


def _rate(
    given: ReportInput, sqi: float, config: LiveConfig
) -> tuple[float | None, NullReason | None]:
    if sqi < USABLE_SQI:
        return None, NullReason.LOW_SQI
    since_ns = given.end_ns - config.recent_s * 1e9
    rr_ms = [b.rr_ms for b in given.beats if b.utc_ns >= since_ns and b.rr_ms is not None]
    if len(rr_ms) < config.least_intervals:
        return None, NullReason.TOO_FEW_BEATS
    return 60_000.0 * len(rr_ms) / sum(rr_ms), None
