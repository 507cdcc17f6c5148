"""Wellness figures, from values and histories that are known."""

import math

import numpy as np
import pytest

from ecgcore.events import Measurement, NullReason
from ecgcore.measured import Value, measurement_of
from ecgcore.occasion import Occasion
from ecgcore.wellness import WellnessConfig, measure_wellness, night_ln_rmssd, percentile
from tests.ecgcore.lettered import FS_HZ, recorded_of

CONFIG = WellnessConfig()
TEN = tuple(float(k) for k in range(1, 11))
NIGHT = Occasion(start_utc_ns=0, utc_offset_s=0)
STEPS = list(0.9 + 0.02 * (-1.0) ** np.arange(80))


def measured(
    past: dict[str, tuple[float, ...]], sqi: float = 1.0, **now: Value
) -> dict[str, Value]:
    found: dict[tuple[str, str | None], Measurement] = {
        (key, None): measurement_of(key, value, 90, 1.0, None) for key, value in now.items()
    }
    recorded = recorded_of("N" * 80, STEPS, occasion=NIGHT, past=past, sqi=sqi)
    return {
        each.key: each.null_reason if each.value is None else each.value  # type: ignore[misc]
        for each in measure_wellness(recorded, found, CONFIG)
    }


def test_percentile() -> None:
    assert [percentile(x, TEN) for x in (0.0, 3.0, 5.5, 11.0)] == [0.0, 25.0, 50.0, 100.0]


def test_each_is_a_mean_of_its_parts() -> None:
    past = dict.fromkeys(
        ("ln_rmssd", "stress_index", "rhr", "dfa_a1", "lf_hf", "edr_rate"), TEN
    ) | {"night_ln_rmssd": (3.0,) * 4 + (4.0,) * 4}
    found = measured(
        past, ln_rmssd=3.0, stress_index=9.5, rhr=2.0, dfa_a1=5.5, lf_hf=5.5, edr_rate=10.0
    )
    stress_0_100, recovery_0_100 = found["stress_0_100"], found["recovery_0_100"]
    fatigue_0_100, arousal = found["fatigue_0_100"], found["arousal"]
    assert stress_0_100 == pytest.approx((75.0 + 90.0) / 2)
    # ln 40 ms lies between 3 and 4.
    assert recovery_0_100 == pytest.approx((50.0 + 85.0) / 2)
    assert fatigue_0_100 == pytest.approx((15.0 + 75.0 + 0.0) / 3)
    assert arousal == pytest.approx((0.0 + 4.5 / np.std(TEN, ddof=1)) / 2)


def test_without_a_history_there_is_none() -> None:
    everything = {"ln_rmssd": 3.0, "stress_index": 9.5, "rhr": 2.0, "dfa_a1": 1.0}
    assert set(measured({}, **everything).values()) == {NullReason.NOT_APPLICABLE}
    few = {"ln_rmssd": TEN[:6], "stress_index": TEN}
    assert measured(few, **everything)["stress_0_100"] is NullReason.NOT_APPLICABLE


def test_what_is_missing_now_says_why() -> None:
    past = dict.fromkeys(("ln_rmssd", "stress_index", "lf_hf", "edr_rate"), TEN)
    found = measured(past, ln_rmssd=NullReason.AF, stress_index=3.0, lf_hf=NullReason.TOO_SHORT)
    assert found["stress_0_100"] is NullReason.AF
    assert found["arousal"] is NullReason.TOO_SHORT
    assert measured(past, sqi=0.6, ln_rmssd=3.0, stress_index=3.0)["stress_0_100"] is (
        NullReason.LOW_SQI
    )


def test_variability_of_the_night() -> None:
    assert night_ln_rmssd(recorded_of("N" * 80, STEPS, occasion=NIGHT), CONFIG) == pytest.approx(
        math.log(40.0)
    )
    noon = Occasion(start_utc_ns=0, utc_offset_s=12 * 3600)
    assert night_ln_rmssd(recorded_of("N" * 80, STEPS, occasion=noon), CONFIG) is (
        NullReason.TOO_SHORT
    )
    asleep = Occasion(sleep=((0, round(100 * FS_HZ)),))
    assert night_ln_rmssd(recorded_of("N" * 80, STEPS, occasion=asleep), CONFIG) == pytest.approx(
        math.log(40.0)
    )
    assert night_ln_rmssd(recorded_of("N" * 80), CONFIG) is NullReason.NOT_APPLICABLE
