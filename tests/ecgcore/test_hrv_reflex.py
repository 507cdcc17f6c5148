"""Hand-worked values."""

import numpy as np
import pytest
from hypothesis import given

from ecgcore.hrv_reflex import capacity, deceleration_runs_pct, stress_index, turbulence
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import rows, series, split

SLOPE_MS = 10.0


def premature(n: int = 6) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Give sinus rhythm with ventricular beats that it answers: faster, then slower."""
    before = [800.0] * 6
    answer = [780.0, 776.0, 780.0, 790.0, 800.0, 810.0, 820.0, *([810.0] * 9)]
    row = np.array([*before, 550.0, 1050.0, *answer] * n)
    ventricular = row == 550.0
    normal = ~ventricular & (row != 1050.0)
    return row, normal, ventricular


def test_capacity_of_one_slowing() -> None:
    # Only 800 -> 810 slows, between 800 before and 806 after; 806 speeds up.
    found = capacity(series([800.0, 800.0, 810.0, 806.0, 806.0]), 0.05)
    assert found.dc == pytest.approx((810.0 + 806.0 - 800.0 - 800.0) / 4.0)
    assert found.ac == pytest.approx((806.0 + 806.0 - 810.0 - 800.0) / 4.0)
    assert (found.n_dc, found.n_ac) == (1, 1)


def test_anchors_that_change_too_much_or_lie_at_lost_samples_do_not_count() -> None:
    assert capacity(series([800.0, 800.0, 850.0, 850.0]), 0.05).n_dc == 0
    assert capacity(split([800.0, 800.0], [810.0, 810.0]), 0.05).n_dc == 0
    assert np.isnan(capacity(series([800.0, 810.0]), 0.05).dc)


@given(row=rows(least=8))
def test_backwards_in_sign_capacities_change_places(row: FloatArray) -> None:
    # Mirrored about 900 ms with a wide limit, every slowing is a speeding up.
    one, other = capacity(series(row), 1e9), capacity(series(3000.0 - row), 1e9)
    assert other.ac == pytest.approx(-one.dc, nan_ok=True)
    assert other.n_ac == one.n_dc


def test_runs_of_slowing() -> None:
    row = series([800, 810, 820, 800, 810, 820, 830, 840, 800, 810, 800, 810, 820])
    # Rows of 2, 4, 1 and 2 in thirteen intervals.
    assert deceleration_runs_pct(row) == pytest.approx((100 * 2 / 13, 100 / 13, 0.0))
    assert deceleration_runs_pct(split([800.0, 810.0], [820.0, 830.0])) == (0.0, 0.0, 0.0)


def test_stress_index() -> None:
    # Six of ten between 800 and 850 ms; range 200 ms.
    row = np.array([700.0, 760.0, *([810.0] * 6), 860.0, 900.0])
    assert stress_index(row, 50.0) == pytest.approx(60.0 / (2.0 * 0.825 * 0.2))
    assert np.isnan(stress_index(np.full(9, 800.0), 50.0))


def test_turbulence() -> None:
    found = turbulence(*premature())
    assert found.n == 6
    assert found.hrt_to == pytest.approx(100.0 * (780.0 + 776.0 - 1600.0) / 1600.0)
    # Steepest over 780, 790, 800, 810, 820: the third to the seventh.
    assert found.hrt_ts == pytest.approx(SLOPE_MS)
    assert found.hrt_tt == 3.0
    assert found.hrt_class == 0.0


def test_no_answer_is_abnormal() -> None:
    row, normal, ventricular = premature()
    row = np.where(normal, 800.0, row)
    assert turbulence(row, normal, ventricular).hrt_class == 2.0
    # Faster, but hardly slower after.
    half = np.where(np.isin(np.arange(row.size) % 24, (8, 9)), 795.0, row)
    assert turbulence(half, normal, ventricular).hrt_class == 1.0


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (6, 700.0),  # not early enough
        (7, 900.0),  # no pause
        (4, np.nan),  # samples lost before
        (12, np.nan),  # and after
        (20, 1010.0),  # too far from the mean
    ],
)
def test_premature_beats_that_break_a_rule_do_not_count(at: int, value: float) -> None:
    row, normal, ventricular = premature(1)
    assert turbulence(row, normal, ventricular).n == 1
    row[at] = value
    assert turbulence(row, normal, ventricular).n == 0


def test_neither_does_one_with_another_ectopic_beat_near() -> None:
    row, normal, ventricular = premature(1)
    normal[15] = False
    found = turbulence(row, normal, ventricular)
    assert found.n == 0
    assert np.isnan(found.hrt_to)


def test_the_ends_of_a_row_are_no_place_for_turbulence() -> None:
    for n in (0, 1, 5, 20, 22):
        ventricular = np.ones(n, bool)
        assert turbulence(np.full(n, 800.0), ~ventricular, ventricular).n == 0
