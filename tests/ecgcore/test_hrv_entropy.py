"""Golden values, for `golden_ms(400)` and (multiscale) `golden_ms(4000)`.

NeuroKit2 0.3.0 (`hrv_nonlinear`, `entropy_multiscale`), SciPy 1.17.1 (`stats.entropy`) and
EntropyHub 2.0 (`cMSEn`; its rows are shorter by up to one coarse-grained interval).
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hrv_entropy import (
    approximate_entropy,
    fuzzy_entropy,
    matches,
    multiscale_entropy,
    sample_entropy,
    shannon_entropy,
    tolerance_ms,
)
from ecgcore.nn_series import NnSeries
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, rows, series, split

GOLDEN = series(golden_ms(400))
R_MS = tolerance_ms(GOLDEN.nn_ms, 0.2)


def test_golden_values() -> None:
    assert sample_entropy(GOLDEN, 2, R_MS) == pytest.approx(2.0092532880001457, rel=1e-9)
    assert approximate_entropy(GOLDEN, 2, R_MS) == pytest.approx(1.2284673545394007, rel=1e-9)
    assert fuzzy_entropy(GOLDEN, 2, R_MS) == pytest.approx(1.4008049552901416, rel=1e-9)
    bits = shannon_entropy(GOLDEN.nn_ms, 1000.0 / 128.0)
    assert bits == pytest.approx(4.070497145238027, rel=1e-9)


def test_golden_values_over_scales() -> None:
    nn = series(golden_ms(4000))
    found = multiscale_entropy(nn, 2, tolerance_ms(nn.nn_ms, 0.2), 20)
    assert found.mse == pytest.approx(27.709021378203644, rel=1e-9)
    assert found.cmse == pytest.approx(27.33066705874598, rel=1e-3)
    assert found.rcmse == pytest.approx(27.31077124068869, rel=1e-3)


def words(nn: NnSeries, length: int) -> list[int]:
    return [
        i
        for i in range(nn.n - length + 1)
        if len({int(run) for run in nn.run[i : i + length]}) == 1
    ]


@given(
    row=st.lists(st.integers(0, 6).map(lambda k: 800.0 + 10.0 * k), min_size=3, max_size=40),
    m=st.integers(1, 3),
    cut=st.integers(0, 40),
)
def test_matches_equal_those_spelt_out(row: list[float], m: int, cut: int) -> None:
    nn = split(row[:cut], row[cut:])
    expected = [0, 0]
    for i, j in itertools.combinations(words(nn, m + 1), 2):
        apart = np.abs(nn.nn_ms[i : i + m + 1] - nn.nn_ms[j : j + m + 1])
        expected[0] += bool(np.all(apart[:m] <= 10.0))
        expected[1] += bool(np.all(apart <= 10.0))
    assert list(matches(nn.nn_ms, nn.run, m, 10.0)) == expected


def test_hand_worked_sample_entropy() -> None:
    # Words of one that another follows: 1 2 1 2 1 3; pairs: 1-1 three times, 2-2 once.
    nn = series([801.0, 802.0, 801.0, 802.0, 801.0, 803.0, 801.0])
    # Followed alike: the first two 1s by 2, the two 2s by 1.
    assert matches(nn.nn_ms, nn.run, 1, 0.5) == (4, 2)
    assert sample_entropy(nn, 1, 0.5) == pytest.approx(math.log(4 / 2))


def test_no_word_reaches_over_lost_samples() -> None:
    whole = series([800.0, 810.0, 800.0, 810.0])
    parted = split([800.0, 810.0], [800.0, 810.0])
    assert matches(whole.nn_ms, whole.run, 1, 1.0) == (1, 1)
    assert matches(whole.nn_ms, whole.run, 2, 1.0) == (0, 0)
    assert matches(parted.nn_ms, parted.run, 1, 1.0) == (1, 1)
    assert matches(parted.nn_ms, parted.run, 2, 1.0) == (0, 0)
    three = split([800.0, 810.0, 820.0], [800.0, 810.0, 820.0])
    assert matches(three.nn_ms, three.run, 2, 1.0) == (1, 1)


def test_what_never_agrees_has_no_sample_entropy() -> None:
    nn = series([800.0, 900.0, 1000.0, 1100.0])
    assert math.isnan(sample_entropy(nn, 2, 1.0))
    assert sample_entropy(series([800.0, 900.0, 1000.0, 800.0, 900.0, 1200.0]), 2, 1.0) == math.inf


def test_a_constant_row_is_certain() -> None:
    nn = series([800.0] * 50)
    assert sample_entropy(nn, 2, 0.0) == 0.0
    assert approximate_entropy(nn, 2, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert fuzzy_entropy(nn, 2, 1.0) == pytest.approx(0.0, abs=1e-12)
    assert shannon_entropy(nn.nn_ms, 7.8125) == 0.0


def test_even_shares_have_the_entropy_of_their_number() -> None:
    assert shannon_entropy(np.array([801.0, 901.0, 1001.0, 1101.0]), 50.0) == pytest.approx(2.0)


@given(row=rows(least=30), power=st.integers(-2, 2))
def test_scaling_changes_nothing(row: FloatArray, power: int) -> None:
    # By powers of two, so that rounding cannot move what lies at the tolerance itself.
    one, scaled = series(row), series(2.0**power * row)
    r_ms = tolerance_ms(row, 0.2)
    for entropy in (sample_entropy, approximate_entropy, fuzzy_entropy):
        expected = entropy(one, 2, r_ms)
        found = entropy(scaled, 2, 2.0**power * r_ms)
        assert found == pytest.approx(expected, nan_ok=True)


def test_white_noise_loses_entropy_with_scale_and_a_walk_keeps_it() -> None:
    noise = np.random.default_rng(3).standard_normal(4000)
    white, walk = series(800.0 + 40.0 * noise), series(800.0 + np.cumsum(noise))
    ends = [
        multiscale_entropy(nn, 2, tolerance_ms(nn.nn_ms, 0.2), 20).rcmse / 19.0
        - sample_entropy(nn, 2, tolerance_ms(nn.nn_ms, 0.2))
        for nn in (white, walk)
    ]
    assert ends[0] < 0.0 < ends[1]


def test_no_coarse_interval_reaches_over_lost_samples() -> None:
    # Runs of three: at scale two each gives one interval a row, and no word at all.
    nn = split(*([800.0, 810.0, 805.0] for _ in range(40)))
    found = multiscale_entropy(nn, 1, 50.0, 2)
    assert np.isnan(found).all()


def test_scale_one_is_sample_entropy() -> None:
    found = multiscale_entropy(GOLDEN, 2, R_MS, 2)
    coarse = series(GOLDEN.nn_ms.reshape(-1, 2).mean(axis=1))
    expected = (sample_entropy(GOLDEN, 2, R_MS) + sample_entropy(coarse, 2, R_MS)) / 2.0
    assert found.mse == pytest.approx(expected)
