"""Rows and figures of all beats of made-up recordings."""

import numpy as np
import pytest

from cloud.evaluation.analysis import Analysis
from cloud.evaluation.beat_figures import (
    N_BEAT_FIGURES,
    N_STRETCH_FIGURES,
    beat_figures,
    places_of,
    rows_of,
    stretch_figures,
)
from cloud.evaluation.matching import Beats
from ecgcore.beat_table import KIND, PR, R_MV, RR, SEGMENT, SUPRAVENTRICULAR, VENTRICULAR, P
from ecgcore.events import BeatWaves, Wave
from ecgcore.irregularity import FIGURES, N_FIGURES

FS_HZ = 300.0
N = 12
SAMPLES = 300 * np.arange(1, N + 1)


def found() -> Analysis:
    """A beat each second: one S without P wave, one F, and one without any waves."""

    def waves(at: int) -> BeatWaves:
        qrs = Wave(at - 12.0, at + 0.25, at + 15.0, 0.8, 0.95)
        return BeatWaves(Wave(at - 60.0, at - 45.0, at - 30.0, 0.1, 0.9), qrs)

    each = [waves(int(at)) for at in SAMPLES]
    each[2] = each[2]._replace(p=None)
    each[6] = BeatWaves()
    return Analysis(Beats(SAMPLES, "NNSNFNQNNNNN"), tuple(each), (), ())


def test_places_have_fractions_where_qrs_is_known() -> None:
    places = places_of(found())
    assert places[0] == SAMPLES[0] + 0.25
    assert places[6] == SAMPLES[6]


def test_rows_are_those_of_the_beat_table() -> None:
    rows = rows_of(found(), np.linspace(0.0, 4.0, 4000), FS_HZ)
    assert np.isnan(rows[0, RR])
    assert rows[1:, RR] == pytest.approx(np.ones(N - 1), abs=1e-3)
    assert rows[2, KIND] == SUPRAVENTRICULAR
    assert rows[4, KIND] == VENTRICULAR
    assert rows[0, P] == 0.9
    assert rows[2, P] == 0.0
    assert np.isnan(rows[6, P])
    assert rows[0, PR] == pytest.approx(45.25 / FS_HZ)
    # What is not known of one beat is that of the others.
    assert rows[6, R_MV] == 0.8
    # The signal rises by 1 mV a thousand samples.
    assert (np.diff(rows[0, SEGMENT:]) > 0.0).all()


def test_figures_are_of_all_beats_and_of_windows() -> None:
    figures = beat_figures(rows_of(found(), np.zeros(4000), FS_HZ))
    assert figures.size == N_BEAT_FIGURES
    assert np.isfinite(figures).all()
    mean, low = FIGURES.index("mean_s"), 3 * N_FIGURES
    assert figures[mean] == pytest.approx(1.0, abs=1e-3)
    highest, lowest = figures[2 * N_FIGURES : low], figures[low : low + N_FIGURES]
    assert (highest >= lowest).all()


def test_even_stretch_shows_among_uneven_ones() -> None:
    rng = np.random.default_rng(5)
    uneven_s = rng.uniform(0.5, 1.1, 30)
    mixed_s = np.concatenate((uneven_s, np.full(12, 0.8)))
    all_uneven, with_even = stretch_figures(uneven_s), stretch_figures(mixed_s)
    assert with_even.size == N_STRETCH_FIGURES
    assert with_even[0] == pytest.approx(0.0, abs=1e-9) != pytest.approx(all_uneven[0])
    assert with_even[3] == pytest.approx(all_uneven[3])


def test_even_intervals_give_finite_figures() -> None:
    assert np.isfinite(stretch_figures(np.full(7, 0.8))).all()
