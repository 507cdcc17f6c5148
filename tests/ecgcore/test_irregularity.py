"""The forests of AF over made-up beats."""

import numpy as np
import pytest

from ecgcore.beat_table import KIND, N_COLUMNS, R_MV, RR, SEGMENT, VENTRICULAR
from ecgcore.irregularity import (
    FIGURES,
    N_FIGURES,
    N_RR_FIGURES,
    figures,
    probability,
    rr_figures,
)
from ecgcore.types import FloatArray

RNG = np.random.default_rng(7)


def rows_of(rr_s: FloatArray) -> FloatArray:
    """Beats of which only the intervals are known."""
    rows = np.full((rr_s.size, N_COLUMNS), np.nan)
    rows[:, RR], rows[:, KIND] = rr_s, 0.0
    return rows


def bigeminy(n: int = 32) -> FloatArray:
    rows = rows_of(np.where(np.arange(n) % 2, 0.5, 1.1))
    rows[1::2, KIND] = VENTRICULAR
    return rows


def test_figures_have_names() -> None:
    assert len(FIGURES) == N_FIGURES == figures(bigeminy()).size


def test_figures_of_bigeminy() -> None:
    found = dict(zip(FIGURES, figures(bigeminy()), strict=True))
    # Steps of 0.6 s over a mean of 0.8 s, every one turning back; the second next is the same.
    assert found["mean_s"] == pytest.approx(0.8)
    assert found["nrmssd"] == pytest.approx(0.75)
    assert found["median_step"] == pytest.approx(0.75)
    assert found["turning_points"] == 1.0
    assert found["second_step"] == pytest.approx(0.0)
    assert found["ventricular_share"] == 0.5


def test_figures_of_even_beats() -> None:
    found = dict(zip(FIGURES, figures(rows_of(np.full(32, 0.8))), strict=True))
    assert found["nrmssd"] == pytest.approx(0.0, abs=1e-12)
    assert found["entropy"] == 0.0
    assert found["matches_of_one"] == 1.0


@pytest.mark.parametrize("mean_s", [0.5, 0.7, 0.9])
def test_random_intervals_are_fibrillation(mean_s: float) -> None:
    rr_s = mean_s * RNG.uniform(0.65, 1.4, 64)
    assert probability(rr_figures(rr_s), has_waves=False) > 0.5


@pytest.mark.parametrize(
    "rr_s",
    [
        0.8 + 0.01 * RNG.standard_normal(64),
        0.9 + 0.12 * np.sin(2 * np.pi * np.arange(64) / 5.0),
        np.where(np.arange(64) % 2, 0.5, 1.1),
    ],
    ids=["even", "breathing", "bigeminy"],
)
def test_ordered_intervals_are_not(rr_s: FloatArray) -> None:
    assert probability(rr_figures(rr_s), has_waves=False) < 0.2


@pytest.mark.parametrize("n", [8, 20, 64])
def test_few_and_missing_intervals_give_numbers(n: int) -> None:
    rr_s = RNG.uniform(0.5, 1.0, n)
    rr_s[0] = np.nan
    found = rr_figures(rr_s)
    assert found.size == N_RR_FIGURES
    assert np.isfinite(found).all()


def test_missing_intervals_and_flat_segments_are_borne() -> None:
    rows = rows_of(0.7 * RNG.uniform(0.7, 1.3, 32))
    rows[::5, RR] = np.nan
    rows[:, R_MV], rows[:, SEGMENT:] = 1.0, 0.0
    assert np.isfinite(figures(rows)).all()
