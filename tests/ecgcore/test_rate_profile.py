"""The rate over a day and after exercise, of days whose rate is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.events import NullReason
from ecgcore.long_rate import LongRateConfig, measure_long_rate, profile_of
from ecgcore.occasion import Mark, MarkKind, Occasion
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
from tests.ecgcore.lettered import FS_HZ, recorded_of

HOUR = 3600.0


def profile(
    start_h: float, end_h: float, mesor: float = 70.0, amplitude: float = 10.0, peak_h: float = 15.0
) -> RateProfile:
    """Give a rate that follows a cosine, beat by beat."""
    found, at_s = RateProfile(ProfileConfig()), start_h * HOUR
    while at_s < end_h * HOUR:
        angle = 2 * math.pi * (at_s / HOUR - peak_h) / 24
        rr_s = 60.0 / (mesor + amplitude * math.cos(angle))
        at_s += rr_s
        found.push(at_s, round(rr_s * 1e6))
    return found


DAY = profile(0.0, 24.0)


def test_a_cosine_is_found_again() -> None:
    curve = cosinor(DAY)
    assert isinstance(curve, Cosinor)
    circ_mesor, circ_amp, circ_acro = curve
    assert circ_mesor == pytest.approx(70.0, abs=0.02)
    assert circ_amp == pytest.approx(10.0, abs=0.03)
    assert circ_acro == pytest.approx(15.0, abs=0.02)


def test_day_and_night() -> None:
    hours = np.arange(0.0, 24.0, 0.001)
    bpm = 70.0 + 10.0 * np.cos(2 * np.pi * (hours - 15.0) / 24)
    is_day = (hours >= 6) & (hours < 22)
    # The rate of a span is its beats over its time.
    hr_day, hr_night = day_bpm(DAY), night_bpm(DAY)
    assert hr_day == pytest.approx(bpm[is_day].mean(), abs=0.05)
    assert hr_night == pytest.approx(bpm[~is_day].mean(), abs=0.05)
    rhr = resting_bpm(DAY)
    lowest = 70.0 + 10.0 * math.cos(2 * math.pi * (4 + 2.5 / 60 - 15.0) / 24)
    assert rhr == pytest.approx(lowest, abs=0.1)
    assert resting_bpm(DAY, ((2 * HOUR, 3.5 * HOUR),)) == pytest.approx(60.0, abs=0.1)


def test_a_part_of_a_day_says_nothing_of_the_rest() -> None:
    morning = profile(8.0, 16.0)
    assert isinstance(day_bpm(morning), float)
    for measure in (night_bpm, resting_bpm, cosinor):
        assert measure(morning) is NullReason.TOO_SHORT


def test_days_are_sums_of_hours_in_any_order() -> None:
    parts = [profile(0.0, 5.0), profile(5.0, 11.3), profile(11.3, 24.0)]
    one, other = parts[0] + parts[1] + parts[2], parts[2] + (parts[0] + parts[1])
    assert one.state == other.state
    total = sum(step.n for step in one.state.steps.values())
    assert total == sum(step.n for part in parts for step in part.state.steps.values())
    with pytest.raises(ValueError, match="other steps"):
        one + RateProfile(ProfileConfig(step_s=60.0))


def exercise(**occasion: int) -> Occasion:
    return Occasion(marks=(Mark(round(120 * FS_HZ), MarkKind.EXERCISE_END),), **occasion)


def test_recovery_after_exercise() -> None:
    # 120/min to the end at 120 s, then 90/min for 85 s, then 75/min.
    steps = [0.5] * 239 + [60 / 90] * 128 + [0.8] * 70
    found = measure_long_rate(recorded_of("N" * 437, steps, occasion=exercise()), LongRateConfig())
    hrr1, hrr2 = found["hrr1"], found["hrr2"]
    assert hrr1 == pytest.approx(30.0)
    assert hrr2 == pytest.approx(45.0)
    short = measure_long_rate(recorded_of("N" * 340, steps, occasion=exercise()), LongRateConfig())
    assert (short["hrr1"], short["hrr2"]) == (pytest.approx(30.0), NullReason.TOO_SHORT)
    unmarked = measure_long_rate(recorded_of("N" * 437, steps), LongRateConfig())
    assert unmarked["hrr1"] is NullReason.NOT_APPLICABLE


def test_the_hour_of_the_day_must_be_told() -> None:
    recorded = recorded_of("N" * 60)
    found = measure_long_rate(recorded, LongRateConfig())
    for key in ("hr_day", "hr_night", "hr_dip", "circ_acro", "rhr"):
        assert found[key] is NullReason.NOT_APPLICABLE, key
    # 23:59:40 in UTC is 4:59:40 five hours further east.
    start_ns = round((24 * HOUR - 20) * 1e9)
    occasion = Occasion(start_utc_ns=start_ns, utc_offset_s=5 * 3600)
    assert occasion.local_h(20.0) == pytest.approx(5.0)
    assert Occasion(start_utc_ns=start_ns).local_h(20.0) is None
    clocked = recorded_of("N" * 400, [0.9] * 400, occasion=occasion)
    rhr = measure_long_rate(clocked, LongRateConfig())["rhr"]
    assert rhr == pytest.approx(60.0 / 0.9)
    assert min(profile_of(clocked, LongRateConfig()).state.steps) == 59


@pytest.mark.parametrize(("by_night", "dip"), [(60.0, 25.0), (80.0, 0.0), (88.0, -10.0)])
def test_the_dip_of_the_night(by_night: float, dip: float) -> None:
    profile = RateProfile(ProfileConfig())
    for hour in range(24):
        rr_s = 60.0 / (80.0 if 6 <= hour < 22 else by_night)
        for k in range(int(HOUR / rr_s)):
            profile.push(hour * HOUR + (k + 0.5) * rr_s, round(rr_s * 1e6))
    hr_dip = dip_pct(profile)
    assert hr_dip == pytest.approx(dip, abs=0.01)


def test_a_whole_day_recorded() -> None:
    # One beat each minute and its short interval; the samples take no room.
    recorded = recorded_of("N" * 1441, [0.8] * 1441, seconds=1160)
    beats = [
        beat._replace(beat=beat.beat._replace(sample=round(60 * k * FS_HZ)))
        for k, beat in enumerate(recorded.beats)
    ]
    day = replace(
        recorded,
        events=tuple(beats),
        ecg_mv=np.broadcast_to(0.0, (1, round(24 * HOUR * FS_HZ))),
        occasion=Occasion(start_utc_ns=0, utc_offset_s=0),
    )
    config = LongRateConfig(ProfileConfig(least_share=0.01))
    found = measure_long_rate(day, config)
    expected = {
        "hr_day": 75.0,
        "hr_night": 75.0,
        "hr_dip": 0.0,
        "circ_mesor": 75.0,
        "circ_amp": 0.0,
        "rhr": 75.0,
    }
    for key, value in expected.items():
        assert (key, found[key]) == (key, pytest.approx(value, abs=1e-6))
