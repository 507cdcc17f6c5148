"""Slopes and charts of days, against scipy and hand-worked numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ecgcore.baseline import DAY_MIN, Past
from ecgcore.events import NullReason
from ecgcore.trend import Days, Slope, TrendConfig, charts, cusum, days_of, ewma, slope

CONFIG = TrendConfig()
NOW = 28_000_000


def days(values: list[float]) -> Days:
    return Days(np.arange(1.0 - len(values), 1.0), np.array(values, float))


@given(st.lists(st.integers(-20, 20), min_size=4, max_size=30))
def test_slopes_are_those_of_scipy_with_their_interval(values: list[int]) -> None:
    found = slope(days([float(v) for v in values]), len(values), CONFIG)
    oracle = stats.theilslopes(values, np.arange(len(values)), alpha=0.95)
    assert isinstance(found, Slope)
    assert found.per_day == pytest.approx(oracle[0])
    assert (found.low, found.high) == pytest.approx((oracle[2], oracle[3]))


def test_a_rise_of_a_week_is_told_whatever_one_bad_day_says() -> None:
    slope_7d = slope(days([50.0] * 8 + [60.0, 62.0, 64.0, 99.0, 68.0, 70.0, 72.0]), 7, CONFIG)
    assert isinstance(slope_7d, Slope)
    assert slope_7d.per_day == pytest.approx(2.0)
    assert slope_7d.is_real
    assert slope_7d.n == 7
    slope_30d = slope(days([60.0, 61.0, 60.0, 61.0] * 5), 30, CONFIG)
    assert isinstance(slope_30d, Slope)
    assert slope_30d.per_day == pytest.approx(0.0)
    assert not slope_30d.is_real


def test_half_of_a_span_is_needed() -> None:
    assert slope(days([60.0] * 3), 7, CONFIG) is NullReason.TOO_SHORT
    assert isinstance(slope(days([60.0, 61.0, 62.0, 63.0]), 7, CONFIG), Slope)
    assert slope(days([60.0] * 14), 30, CONFIG) is NullReason.TOO_SHORT


def test_days_are_counted_back_from_now_and_have_their_median() -> None:
    # 8 values a day, 3 h apart, of which one is far off; today has but three.
    at_min = NOW - 180 * np.arange(27, 0, -1)
    values = np.where(np.arange(27) % 8 == 0, 500.0, 70.0 + np.arange(27) // 8)
    found = days_of(Past(at_min, values), NOW, CONFIG)
    # Windows of 24 h end with now.
    assert found.day.tolist() == [-2.0, -1.0, 0.0]
    assert found.values.tolist() == pytest.approx([71.0, 72.0, 73.0], abs=1.0)
    sparse = days_of(Past(at_min[::2], values[::2]), NOW, CONFIG)
    assert sparse.day.size == 0


def test_ewma_and_its_limits_by_hand() -> None:
    found = ewma(np.array([10.0, 20.0, 30.0]), 10.0, 5.0, CONFIG)
    # 10 -> 10 -> 12 -> 15.6
    assert found.value == pytest.approx(15.6)
    half = 3.0 * 5.0 * (0.2 / 1.8 * (1.0 - 0.8**6)) ** 0.5
    assert (found.low, found.high) == pytest.approx((10.0 - half, 10.0 + half))
    assert found.is_crossed


def test_cusum_by_hand() -> None:
    # z: 1, 2, -1, 3; up 0.5, 2.0, 0.5, 3.0; down 0, 0, 0.5, 0.
    found = cusum(np.array([12.0, 14.0, 8.0, 16.0]), 10.0, 2.0, CONFIG)
    assert (found.up, found.down) == pytest.approx((3.0, 0.0))
    assert not found.is_crossed
    falling = cusum(np.array([4.0, 4.0, 4.0]), 10.0, 2.0, CONFIG)
    # Down 2.5, 5, 7.5.
    assert falling.value == pytest.approx(-7.5)
    assert falling.is_crossed


def test_charts_tell_a_shift_from_none() -> None:
    rng = np.random.default_rng(4)
    steady = charts(days(list(60.0 + rng.standard_normal(20))), CONFIG)
    shifted = charts(days(list(60.0 + rng.standard_normal(14)) + [66.0] * 6), CONFIG)
    assert not isinstance(steady, NullReason)
    assert not isinstance(shifted, NullReason)
    assert [chart.is_crossed for chart in steady] == [False, False]
    assert [chart.is_crossed for chart in shifted] == [True, True]


def test_charts_need_a_week_that_varies() -> None:
    assert charts(days([60.0 + k for k in range(6)]), CONFIG) is NullReason.TOO_SHORT
    assert charts(days([60.0] * 10), CONFIG) is NullReason.NOT_APPLICABLE


def test_nothing_at_all_is_no_day() -> None:
    empty = days_of(Past(np.empty(0, np.int64), np.empty(0)), NOW, CONFIG)
    assert (empty.day.size, DAY_MIN) == (0, 1440)
    assert slope(empty, 7, CONFIG) is NullReason.TOO_SHORT
