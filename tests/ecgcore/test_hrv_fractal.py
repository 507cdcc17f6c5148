"""Golden values, for `golden_ms(400)`.

NeuroKit2 0.3.0: `fractal_dfa(overlap=False)` (nolds 0.6.3 gives the same for short boxes),
`fractal_higuchi`, `fractal_katz`, `complexity_lempelziv(symbolize="median")` (antropy 0.2.3 gives
the same). Correlation dimension: distances by SciPy 1.17.1 (`spatial.distance.pdist`), slope by
`numpy.polyfit` over the same radii.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hrv_fractal import (
    correlation_dimension,
    dfa_alpha,
    higuchi_dimension,
    katz_dimension,
    lempel_ziv,
)
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, rows, series, split

GOLDEN_MS = golden_ms(400)
NOISE = np.random.default_rng(11).standard_normal(20_000)


def test_golden_values() -> None:
    nn = series(GOLDEN_MS)
    assert dfa_alpha(nn, 4, 11) == pytest.approx(0.6960751224230763, rel=1e-9)
    assert dfa_alpha(nn, 12, 64) == pytest.approx(1.2407741291335586, rel=1e-9)
    assert higuchi_dimension(GOLDEN_MS, 10) == pytest.approx(1.9340114864609557, rel=1e-9)
    assert katz_dimension(GOLDEN_MS) == pytest.approx(4.574882838379836, rel=1e-9)
    assert lempel_ziv(GOLDEN_MS) == pytest.approx(0.8859952594519094, rel=1e-9)
    assert correlation_dimension(GOLDEN_MS, 10) == pytest.approx(6.616696048659779, rel=1e-9)


@pytest.mark.parametrize(
    ("row", "alpha", "dimension"), [(NOISE, 0.5, 2.0), (np.cumsum(NOISE), 1.5, 1.5)]
)
def test_noise_and_its_walk(row: FloatArray, alpha: float, dimension: float) -> None:
    assert dfa_alpha(series(row), 12, 64) == pytest.approx(alpha, abs=0.06)
    assert higuchi_dimension(row, 10) == pytest.approx(dimension, abs=0.05)


def test_boxes_do_not_reach_over_lost_samples() -> None:
    # Rows of ten with a level of their own: no box of four to five sees another's level.
    rng = np.random.default_rng(5)
    runs = [list(800.0 + 10.0 * rng.standard_normal(10)) for _ in range(40)]
    moved = [[value + 1e4 * (k % 2) for value in run] for k, run in enumerate(runs)]
    # A box's line takes up what a level adds to the running sum.
    assert dfa_alpha(split(*moved), 4, 5) == pytest.approx(dfa_alpha(split(*runs), 4, 5), rel=1e-5)
    assert np.isnan(dfa_alpha(split(*runs), 4, 11))


def test_too_few_boxes_give_no_slope() -> None:
    assert np.isnan(dfa_alpha(series(GOLDEN_MS[:255]), 12, 64))
    assert np.isfinite(dfa_alpha(series(GOLDEN_MS[:256]), 12, 64))


def test_a_line_has_dimension_one() -> None:
    ramp = np.arange(700.0, 900.0)
    assert higuchi_dimension(ramp, 10) == pytest.approx(1.0)
    assert katz_dimension(ramp) == pytest.approx(1.0)


def test_a_constant_row_has_none() -> None:
    level = np.full(300, 800.0)
    assert np.isnan([dfa_alpha(series(level), 4, 11), higuchi_dimension(level, 10)]).all()
    assert np.isnan([katz_dimension(level), correlation_dimension(level, 2)]).all()


def test_the_words_of_lempel_and_zivs_example() -> None:
    # 0001101001000101 parses as 0.001.10.100.1000.101 (Lempel and Ziv 1976): six words.
    symbols = np.array([int(symbol) for symbol in "0001101001000101"], float)
    assert lempel_ziv(symbols) == pytest.approx(6 * np.log2(16) / 16)


def test_complexity_of_noise_and_of_order() -> None:
    assert lempel_ziv(NOISE[:4000]) == pytest.approx(1.0, abs=0.08)
    assert lempel_ziv(np.tile([800.0, 820.0], 2000)) < 0.02


@given(row=st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_words_of_short_rows_are_counted_within_bounds(row: list[int]) -> None:
    found = lempel_ziv(np.array(row, float))
    assert 0.0 <= found <= 2.0 * np.log2(len(row)) + 1.0


def test_the_dimension_of_henons_map() -> None:
    x, y = np.zeros(3000), 0.0
    for i in range(1, x.size):
        x[i], y = 1.0 - 1.4 * x[i - 1] ** 2 + y, 0.3 * x[i - 1]
    # Grassberger and Procaccia 1983: 1.21 for words of two.
    assert correlation_dimension(x[100:], 2) == pytest.approx(1.21, abs=0.04)


def test_noise_fills_the_space_of_its_words() -> None:
    assert correlation_dimension(NOISE[:3000], 2) == pytest.approx(2.0, abs=0.1)


@given(row=rows(least=30), factor=st.floats(0.5, 2.0), shift=st.floats(-100.0, 100.0))
def test_scale_and_level_change_nothing(row: FloatArray, factor: float, shift: float) -> None:
    other = factor * row + shift
    assert dfa_alpha(series(other), 4, 6) == pytest.approx(
        dfa_alpha(series(row), 4, 6), rel=1e-4, abs=1e-6, nan_ok=True
    )
    assert higuchi_dimension(other, 5) == pytest.approx(higuchi_dimension(row, 5), nan_ok=True)
    assert katz_dimension(other) == pytest.approx(katz_dimension(row), nan_ok=True)
