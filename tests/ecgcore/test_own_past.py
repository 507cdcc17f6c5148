"""A value against its own past, against hand-worked numbers and scipy."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from ecgcore.baseline import DAY_MIN, Past
from ecgcore.events import NullReason
from ecgcore.own_past import (
    OwnPastConfig,
    circ_adj_z,
    concern_of,
    d_prev,
    pct_prev,
    pct_rank_self,
    robust_spread,
    rz_self,
    stand,
    z_self,
)

CONFIG = OwnPastConfig()
NOW = 28_000_000
PAST = np.array([60.0, 62.0, 64.0, 66.0, 68.0, 70.0, 72.0, 74.0, 76.0, 100.0])


def of(values: list[float], every_min: int = 1) -> Past:
    at_min = NOW - every_min * np.arange(len(values), 0, -1)
    return Past(at_min, np.array(values, float))


def test_changes_from_the_value_before() -> None:
    assert d_prev(66.0, 60.0) == 6.0
    assert pct_prev(66.0, 60.0) == pytest.approx(10.0)
    assert pct_prev(1.0, 0.0) is NullReason.NOT_APPLICABLE


def test_deviations_against_scipy() -> None:
    assert z_self(80.0, PAST) == pytest.approx((80.0 - PAST.mean()) / stats.tstd(PAST))
    mad = stats.median_abs_deviation(PAST, scale=1 / 1.4826)
    assert robust_spread(PAST) == pytest.approx(mad)
    # Median 69, absolute deviations 1 1 3 3 5 5 7 7 9 31: their median is 5.
    assert rz_self(80.0, PAST) == pytest.approx(11.0 / (1.4826 * 5.0))


@pytest.mark.parametrize("value", [50.0, 60.0, 69.0, 70.0, 100.0, 120.0])
def test_rank_against_scipy(value: float) -> None:
    expected = stats.percentileofscore(PAST, value, kind="mean")
    assert pct_rank_self(value, PAST) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("z", "concern"),
    [(1.9, "none"), (-2.0, "watch"), (2.9, "watch"), (3.0, "flag"), (-8.0, "flag")],
)
def test_deviations_that_matter(z: float, concern: str) -> None:
    assert concern_of(z, CONFIG) == concern


def test_a_past_that_never_varied_gives_no_deviation() -> None:
    still = np.full(30, 80.0)
    assert z_self(81.0, still) is NullReason.NOT_APPLICABLE
    assert rz_self(81.0, still) is NullReason.NOT_APPLICABLE
    assert pct_rank_self(80.0, still) == 50.0


def test_a_short_past_tells_nothing_but_its_length() -> None:
    few = stand(70.0, of([70.0 + k for k in range(19)]), NOW, CONFIG)
    assert astuple(few) == (19, *[NullReason.TOO_SHORT] * 6)
    enough = stand(70.0, of([70.0 + k for k in range(20)]), NOW, CONFIG)
    assert (enough.n, enough.centre) == (20, 79.5)
    assert enough.z_self == pytest.approx((70.0 - 79.5) / stats.tstd(np.arange(20.0)))
    assert enough.circ_adj_z is NullReason.TOO_SHORT


def test_what_is_older_than_the_baseline_does_not_count() -> None:
    values = [200.0] * 50 + [70.0 + k % 5 for k in range(28)]
    found = stand(72.0, of(values, every_min=DAY_MIN // 2), NOW, CONFIG)
    assert (found.n, found.centre) == (28, 72.0)


def test_the_hour_of_day_is_compared_with_itself() -> None:
    # 60 at night and 90 in the day, for ten days, each 30 min; a noise of +-1.
    minutes = NOW - 30 * np.arange(1, 481)
    is_night = (minutes - NOW + DAY_MIN // 4) % DAY_MIN < DAY_MIN // 2
    past = Past(minutes[::-1], np.where(is_night, 60.0, 90.0)[::-1] + np.arange(480) % 3 - 1.0)
    found = stand(75.0, past, NOW, CONFIG)
    assert isinstance(found.rz_self, float)
    assert abs(found.rz_self) < 1.0
    # Of this hour there are 60 and a little.
    assert found.circ_adj_z == pytest.approx(15.0 / 1.4826)
    assert circ_adj_z(75.0, past, NOW + DAY_MIN // 2, CONFIG) == pytest.approx(-15.0 / 1.4826)


def test_one_night_is_no_profile() -> None:
    past = of([60.0 + k % 3 for k in range(80)])
    assert circ_adj_z(75.0, past, NOW, CONFIG) is NullReason.TOO_SHORT
