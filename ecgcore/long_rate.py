"""The rate over a day and after exercise, of a recording whose occasion is known."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import NullReason
from ecgcore.limits import Seconds
from ecgcore.measured import Value
from ecgcore.occasion import MarkKind
from ecgcore.rate_profile import (
    Cosinor,
    ProfileConfig,
    RateProfile,
    cosinor,
    day_bpm,
    dip_pct,
    night_bpm,
    resting_bpm,
)
from ecgcore.recorded import Recorded

LONG_RATE = (
    *("hrr1", "hrr2", "hr_day", "hr_night", "hr_dip", "circ_mesor", "circ_amp", "circ_acro"),
    "rhr",
)


@dataclass(frozen=True, slots=True)
class LongRateConfig:
    """Spans that rates are taken over."""

    profile: ProfileConfig = field(default_factory=ProfileConfig)
    peak_s: Seconds = 60.0
    """Before the end of exercise, in which the rate peaks."""
    span_s: Seconds = 10.0
    """A rate is the mean of the intervals that end in so long."""


def profile_of(recorded: Recorded, config: LongRateConfig) -> RateProfile:
    """Give the rate step by step, from local midnight or, if not known, from sample 0."""
    profile = RateProfile(config.profile)
    origin_s = recorded.occasion.start_local_s or 0.0
    for beat in recorded.beats:
        if beat.rr_ms is not None:
            at_s = origin_s + beat.sample / recorded.fs_hz
            profile.push(at_s, round(beat.rr_ms * 1e3))
    return profile


def measure_long_rate(recorded: Recorded, config: LongRateConfig) -> dict[str, Value]:
    """Give every key of the table."""
    profile = profile_of(recorded, config)
    curve = cosinor(profile)
    acrophase = _of_curve(curve, lambda found: found.peak_h)
    has_clock = recorded.occasion.start_local_s is not None
    return {
        "hrr1": recovery_bpm(recorded, 60.0, config),
        "hrr2": recovery_bpm(recorded, 120.0, config),
        "hr_day": _clocked(recorded, day_bpm, profile),
        "hr_night": _clocked(recorded, night_bpm, profile),
        "hr_dip": _clocked(recorded, dip_pct, profile),
        "circ_mesor": _of_curve(curve, lambda found: found.mesor_bpm),
        "circ_amp": _of_curve(curve, lambda found: found.amplitude_bpm),
        "circ_acro": acrophase if has_clock else NullReason.NOT_APPLICABLE,
        "rhr": _resting(recorded, profile),
    }


def recovery_bpm(recorded: Recorded, after_s: float, config: LongRateConfig) -> Value:
    """Give the peak rate of exercise less the rate so long after its end, which must be marked."""
    marks = recorded.occasion.marked(MarkKind.EXERCISE_END)
    if not marks:
        return NullReason.NOT_APPLICABLE
    end_s, half_s = marks[0].sample / recorded.fs_hz, 0.5 * config.span_s
    if end_s + after_s + half_s > recorded.duration_s or end_s < config.span_s:
        return NullReason.TOO_SHORT
    at_s = np.array([beat.sample for beat in recorded.beats], float) / recorded.fs_hz

    def bpm(start_s: float, stop_s: float) -> float | None:
        rr_ms = recorded.rr_ms[(at_s >= start_s) & (at_s < stop_s)]
        known = rr_ms[np.isfinite(rr_ms)]
        return 60e3 / float(known.mean()) if known.size else None

    first_s = max(end_s - config.peak_s, 0.0)
    starts_s = np.arange(first_s, end_s - config.span_s + 1e-9, 1.0)
    rates = [bpm(start_s, start_s + config.span_s) for start_s in starts_s]
    known = [rate for rate in rates if rate is not None]
    later = bpm(end_s + after_s - half_s, end_s + after_s + half_s)
    if not known or later is None:
        return NullReason.TOO_FEW_BEATS
    return max(known) - later


def _clocked(
    recorded: Recorded, measure: Callable[[RateProfile], Value], profile: RateProfile
) -> Value:
    has_clock = recorded.occasion.start_local_s is not None
    return measure(profile) if has_clock else NullReason.NOT_APPLICABLE


def _of_curve(curve: Cosinor | NullReason, figure: Callable[[Cosinor], float]) -> Value:
    return curve if isinstance(curve, NullReason) else figure(curve)


def _resting(recorded: Recorded, profile: RateProfile) -> Value:
    occasion = recorded.occasion
    origin_s = occasion.start_local_s
    if occasion.sleep:
        sleep_s = tuple(
            ((origin_s or 0.0) + a / recorded.fs_hz, (origin_s or 0.0) + b / recorded.fs_hz)
            for a, b in occasion.sleep
        )
        return resting_bpm(profile, sleep_s)
    return NullReason.NOT_APPLICABLE if origin_s is None else resting_bpm(profile)
