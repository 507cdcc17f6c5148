"""Figures of disorder over made-up intervals."""

import numpy as np
import pytest

from ecgcore.disorder import DISORDER, N_DISORDER, disorder
from ecgcore.types import FloatArray

RNG = np.random.default_rng(3)


def named(rr_s: FloatArray) -> dict[str, float]:
    return dict(zip(DISORDER, disorder(rr_s), strict=True))


def test_figures_have_names() -> None:
    assert len(DISORDER) == N_DISORDER == disorder(np.full(20, 0.8)).size


def test_even_intervals_are_one_level() -> None:
    found = named(np.full(20, 0.8))
    assert found["mismatches_of_medians_3"] == found["outliers"] == 0.0
    assert found["level_share_6_pct"] == found["apart_from_early"] == 1.0
    assert found["places"] == pytest.approx(1 / 19)


def test_single_early_beats_leave_the_level() -> None:
    rr_s = np.full(60, 0.8)
    rr_s[5::10], rr_s[6::10] = 0.5, 1.1
    found = named(rr_s)
    # Six pairs of sixty; medians of three neighbours keep the level.
    assert found["level_share_6_pct"] == pytest.approx(0.8)
    assert found["outliers"] == pytest.approx(0.2)
    assert found["mismatches_of_medians_3"] < 0.05
    assert found["apart_from_early_nrmssd"] == pytest.approx(0.0, abs=1e-12)


def test_bigeminy_repeats_at_a_lag_of_two() -> None:
    found = named(np.where(np.arange(40) % 2, 0.5, 1.1))
    assert found["follows_1"] < -0.9
    assert found["follows_2"] > 0.9
    assert found["fourth_step"] == pytest.approx(0.0)


def test_random_intervals_have_no_level() -> None:
    found = named(RNG.uniform(0.5, 1.0, 60))
    assert found["mismatches_of_medians_3"] > 0.6
    assert found["level_share_6_pct"] < 0.3
    assert found["places"] > 0.7


def test_unknown_intervals_are_passed_over() -> None:
    rr_s = RNG.uniform(0.5, 1.0, 30)
    assert named(np.insert(rr_s, [0, 7], np.nan)) == named(rr_s)
