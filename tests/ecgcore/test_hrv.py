"""Hand-worked values; definitions of the Task Force (1996)."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore import hrv

RR_MS = np.array([800.0, 860.0, 810.0, 759.0, 1200.0, 800.0, 820.0])
NORMAL = np.array([True, True, True, True, False, True, True])


def test_differences_are_formed_between_normal_neighbours_only() -> None:
    assert hrv.successive_differences_ms(RR_MS, NORMAL).tolist() == [60.0, -50.0, -51.0, 20.0]


def test_rmssd() -> None:
    expected = ((60**2 + 50**2 + 51**2 + 20**2) / 4) ** 0.5
    assert hrv.rmssd_ms(RR_MS, NORMAL) == pytest.approx(expected)


def test_sdnn() -> None:
    expected = statistics.stdev([800, 860, 810, 759, 800, 820])
    assert hrv.sdnn_ms(RR_MS, NORMAL) == pytest.approx(expected)


def test_pnn50_counts_strictly_and_divides_by_the_number_of_nn() -> None:
    # 60 and 51 are beyond 50 ms, 50 is not; six NN.
    assert hrv.pnn50_pct(RR_MS, NORMAL) == pytest.approx(100 * 2 / 6)


@given(st.lists(st.floats(300.0, 1500.0), min_size=3, max_size=50), st.floats(-50.0, 50.0))
def test_variability_does_not_depend_on_the_mean(rr_ms: list[float], shift_ms: float) -> None:
    values, normal = np.array(rr_ms), np.ones(len(rr_ms), bool)
    for measure in (hrv.sdnn_ms, hrv.rmssd_ms):
        assert measure(values + shift_ms, normal) == pytest.approx(
            measure(values, normal), abs=1e-6
        )
