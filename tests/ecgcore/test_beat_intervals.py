"""Intervals against plain numpy over the same beats."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.beat_features import FEATURES
from ecgcore.beat_intervals import (
    N_BEATS,
    RR,
    RR_ORDER,
    SHAPE,
    STEP_ORDER,
    compare,
    hold,
    no_intervals,
    quantile,
)

INTERVALS_S = st.one_of(st.just(math.nan), st.sampled_from([0.4, 0.8, 0.82, 1.6]))


@given(rr_s=st.lists(INTERVALS_S, min_size=1, max_size=150))
def test_what_is_in_order_is_what_is_kept(rr_s: list[float]) -> None:
    table = no_intervals()
    for each in rr_s:
        hold(table, each)
        table[SHAPE, -1] = 0.0
    kept = np.array(rr_s[-N_BEATS:])
    steps = np.abs(np.diff(kept))
    np.testing.assert_array_equal(table[RR, -kept.size :], kept)
    for row, values in ((RR_ORDER, kept), (STEP_ORDER, steps)):
        there = np.sort(values[np.isfinite(values)])
        np.testing.assert_array_equal(table[row, : there.size], there)
        assert np.isinf(table[row, there.size :]).all()


@given(
    values=st.lists(INTERVALS_S, max_size=20),
    at=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
)
def test_a_quantile_is_the_value_of_that_rank(values: list[float], at: float) -> None:
    there = sorted(value for value in values if not math.isnan(value))
    found = quantile(np.array(values), 0, len(values), at)
    assert found == there[int(at * len(there))] if there else math.isnan(found)


def test_a_beat_is_early_by_the_usual_interval() -> None:
    table = no_intervals()
    assert hold(table, math.nan) == 1.0
    assert hold(table, 0.8) == 1.0
    assert hold(table, 0.6) == pytest.approx(0.75)
    assert hold(table, 7.0) == 2.0
    assert hold(table, math.nan) == 1.0


def test_an_early_beat_and_its_pause_show() -> None:
    table, features = no_intervals(), np.zeros(len(FEATURES))
    for rr_s in (*[0.8] * 20, 0.5, 1.1, 0.8, 0.8, 0.8, 0.8):
        hold(table, rr_s)
        table[SHAPE, -1] = float(rr_s == 0.5)
    compare(table, 6, features)
    before, after = 0.5 / 0.8, 1.1 / 0.8
    assert features[:8].tolist() == pytest.approx(
        [before, before, before, after, after, before, 2.2, 1.0]
    )
    assert features[14:20].tolist() == pytest.approx([0.8, 1.0, 0.0, 0.0, 1.0, 1.0 / 26])
    # No other beat has its shape.
    assert features[40:43].tolist() == [0.0, 1.0, 1.0]
