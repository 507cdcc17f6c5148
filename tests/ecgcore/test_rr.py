import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.rpeak import RPeak
from ecgcore.rr import RrConfig, RrSeries, is_normal

NAN = float("nan")


def peak(sample: int, offset: float = 0.0) -> RPeak:
    return RPeak(sample, offset, 1.0, 0.8, sample + 50)


def intervals(beats: list[tuple[RPeak, float, float]]) -> list[float | None]:
    series = RrSeries(RrConfig(), 250.0)
    return [series.push(*beat).rr_ms for beat in beats]


def test_an_interval_is_the_difference_of_device_times() -> None:
    # The device's clock runs 1 % slow against the nominal rate; its word counts.
    beats = [(peak(1000, 0.25), 5000.0, 1.0), (peak(1250, -0.25), 6008.0, 1.0)]
    assert intervals(beats) == [None, 1008.0]


def test_no_interval_touches_a_beat_of_unusable_signal() -> None:
    beats = [(peak(250 * k), 1000.0 * k, 0.3 if k == 2 else 0.9) for k in range(5)]
    assert intervals(beats) == [None, 1000.0, None, None, 1000.0]


def test_no_interval_is_formed_across_a_gap() -> None:
    series = RrSeries(RrConfig(), 250.0)
    series.push(peak(0), 0.0, 1.0)
    series.reset()
    assert series.push(peak(250), 1000.0, 1.0).rr_ms is None
    assert series.push(peak(500), 2000.0, 1.0).rr_ms == 1000.0


@pytest.mark.parametrize("jump_ms", [-1500.0, -80.0, 80.0, 1e12])
def test_no_interval_is_formed_across_a_clock_that_was_set(jump_ms: float) -> None:
    beats = [(peak(0), 0.0, 1.0), (peak(250), 1000.0 + jump_ms, 1.0)]
    assert intervals(beats) == [None, None]


def test_a_beat_carries_what_is_known_of_it() -> None:
    beat = RrSeries(RrConfig(), 250.0).push(peak(1000, 0.25), 4001.0, 0.5)
    assert (beat.sample, beat.offset, beat.time_ms, beat.amplitude_mv) == (1000, 0.25, 4001.0, 1.0)
    assert beat.confidence == 0.4


def test_a_premature_beat_and_its_pause_are_not_normal() -> None:
    rr_ms = np.array([800.0, 810.0, 790.0, 500.0, 1100.0, 800.0, 805.0])
    assert is_normal(rr_ms).tolist() == [True, True, True, False, False, True, True]


def test_missing_intervals_are_not_normal_and_do_not_count() -> None:
    assert is_normal(np.array([NAN, 800.0, NAN, 810.0])).tolist() == [False, True, False, True]
    assert is_normal(np.array([NAN, NAN])).tolist() == [False, False]
    assert is_normal(np.array([])).tolist() == []


@given(rr_ms=st.lists(st.floats(250.0, 2000.0) | st.just(NAN), max_size=60))
def test_equals_the_rule_spelt_out(rr_ms: list[float]) -> None:
    expected = []
    for i, value in enumerate(rr_ms):
        around = sorted(v for v in rr_ms[max(i - 5, 0) : i + 6] if v == v)
        middle = (around[(len(around) - 1) // 2] + around[len(around) // 2]) / 2 if around else NAN
        expected.append(abs(value - middle) <= 0.2 * middle)
    assert is_normal(np.array(rr_ms, float)).tolist() == expected
