"""Changes and the limits from which they matter."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ecgcore.changes import (
    ChangeLimits,
    Concern,
    d_axis,
    d_hr,
    d_qrsd,
    d_qtc,
    d_st,
    mdc_reliable,
    pre_post,
)
from ecgcore.events import NullReason

LIMITS = ChangeLimits()


@pytest.mark.parametrize(
    ("qtc", "concern"),
    [(430.0, Concern.NONE), (431.0, Concern.WATCH), (460.0, Concern.WATCH), (461.0, Concern.FLAG),
     (300.0, Concern.NONE)],
)  # fmt: skip
def test_qtc(qtc: float, concern: Concern) -> None:
    assert d_qtc(qtc, 400.0, LIMITS) == (qtc - 400.0, concern)


def test_st_counts_when_it_is_held() -> None:
    assert d_st(-120.0, -10.0, 60.0, LIMITS) == (-110.0, Concern.FLAG)
    assert d_st(-120.0, -10.0, 59.0, LIMITS).concern is Concern.NONE
    assert d_st(-109.0, -10.0, 600.0, LIMITS).concern is Concern.NONE


def test_rate_counts_where_the_new_one_is_out_of_range() -> None:
    assert d_hr(121.0, 100.0, LIMITS) == (21.0, Concern.FLAG)
    assert d_hr(100.0, 70.0, LIMITS).concern is Concern.NONE
    assert d_hr(49.0, 70.0, LIMITS).concern is Concern.FLAG
    assert d_hr(49.0, 69.0, LIMITS).concern is Concern.NONE


@pytest.mark.parametrize(
    ("now", "before", "change"), [(40.0, 10.0, 30.0), (-170.0, 170.0, 20.0), (170.0, -170.0, -20.0)]
)
def test_an_axis_turns_the_short_way(now: float, before: float, change: float) -> None:
    assert d_axis(now, before, LIMITS).value == pytest.approx(change)


@given(st.floats(-180, 180), st.floats(-180, 180))
def test_an_axis_never_turns_more_than_half(now: float, before: float) -> None:
    change, concern = d_axis(now, before, LIMITS)
    assert -180.0 < change <= 180.0
    assert math.cos(math.radians(now - before)) == pytest.approx(math.cos(math.radians(change)))
    assert (concern is Concern.FLAG) == (abs(change) > 30.0)


def test_qrs() -> None:
    assert d_qrsd(121.0, 100.0, LIMITS) == (21.0, Concern.FLAG)
    assert d_qrsd(120.0, 100.0, LIMITS).concern is Concern.NONE


def test_what_can_be_detected() -> None:
    assert mdc_reliable("tpe_int", -22.0, LIMITS) is True
    assert mdc_reliable("qt_int", 32.0, LIMITS) is False
    assert mdc_reliable("hr_mean", 50.0, LIMITS) is NullReason.NOT_APPLICABLE


def test_an_effect_is_that_of_the_paired_t_test() -> None:
    before, after = [60.0, 62.0, 70.0, 65.0, math.nan], [66.0, 65.0, 79.0, 70.0, 80.0]
    t = stats.ttest_rel(after[:4], before[:4]).statistic
    assert pre_post(before, after) == pytest.approx(t / 4**0.5)


def test_no_effect_can_be_told_from_too_little() -> None:
    assert pre_post([1.0, 2.0], [2.0, 4.0]) is NullReason.TOO_SHORT
    assert pre_post([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]) is NullReason.NOT_APPLICABLE
    with pytest.raises(ValueError, match="no pairs"):
        pre_post([1.0], [1.0, 2.0])
