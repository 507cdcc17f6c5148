"""A stretch measured from its stored beats, against values worked by hand."""

import pytest

from ecgcore.events import Measurement, NullReason
from ecgcore.spot import measure_span
from ecgcore.stored import Window
from tests.ecgcore.reporting import END, FS_HZ, START, START_NS, beat, parts, time_ns


def measure(
    rr_ms: list[float | None], sqis: list[float], coverage: float | None = None
) -> tuple[Window, dict[str, Measurement]]:
    beats, sample = [], START - 50
    for each in rr_ms:
        sample += round((800 if each is None else each) * FS_HZ / 1000)
        beats.append(beat(sample, each))
    window = measure_span(START, END, parts(sqis, coverage), beats, START_NS, FS_HZ)
    return window, {m.key: m for m in window.measurements}


def test_the_interval_that_began_before_does_not_count() -> None:
    _, values = measure([800.0, 1000.0, 1000.0, None, 500.0], [1.0] * 6)
    # Three intervals: 1000, 1000, 500.
    assert values["rr_mean"].value == pytest.approx(2500 / 3)
    assert values["hr_mean"].value == pytest.approx(72.0)
    assert values["rr_longest"].value == 1000
    assert values["hr_mean"].n == 3
    assert values["qrs_count"].value == 5


def test_quality_is_the_mean_over_the_whole_stretch() -> None:
    window, _ = measure([800.0], [1.0, 0.5, 1.0])
    # Three of six parts exist, the rest counts as nothing.
    assert window.sqi == pytest.approx(2.5 / 6)
    assert window.coverage == pytest.approx(3 / 6)


def test_absent_values_say_why() -> None:
    # Noise all through, against half of the parts missing.
    _, values = measure([800.0] * 10, [0.4] * 6, coverage=1.0)
    assert values["hr_mean"].null_reason is NullReason.LOW_SQI
    _, values = measure([800.0] * 10, [0.9, 0.9])
    assert values["hr_mean"].null_reason is NullReason.GAP
    _, values = measure([800.0], [1.0] * 6)
    assert values["hr_mean"].null_reason is NullReason.TOO_FEW_BEATS
    _, values = measure([800.0] * 10, [1.0] * 6)
    assert values["pr_int"].null_reason is NullReason.NO_P_WAVE


def test_hrv_of_a_metronome_is_zero() -> None:
    _, values = measure([800.0] * 70, [1.0] * 6)
    assert values["sdnn"].value == pytest.approx(0)
    assert values["rmssd"].value == pytest.approx(0)


def test_time_runs_with_the_counter() -> None:
    assert time_ns(END) - START_NS == 60 * 10**9
