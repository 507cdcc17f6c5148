"""Figures and class of made-up recordings."""

import numpy as np

from cloud.evaluation.analysis import Analysis, FoundRhythm
from cloud.evaluation.matching import Beats
from cloud.evaluation.recording import N_FIGURES, class_of_figures, figures_of
from ecgcore.events import BeatWaves, RhythmLabel, Wave
from ecgcore.types import FloatArray

FS_HZ = 300.0
N_SAMPLES = 9000


def found(samples: FloatArray, sqi: float = 1.0) -> Analysis:
    def wave(at: float, begin_s: float, end_s: float) -> Wave:
        a, b = at + begin_s * FS_HZ, at + end_s * FS_HZ
        return Wave(a, (a + b) / 2, b, 0.1, 0.95)

    waves = tuple(
        BeatWaves(wave(at, -0.2, -0.1), wave(at, -0.04, 0.05), wave(at, 0.2, 0.36))
        for at in samples
    )
    beats = Beats(np.round(samples).astype(np.int64), "N" * samples.size, ())
    rhythm = FoundRhythm((0, N_SAMPLES), RhythmLabel.SINUS_RHYTHM)
    return Analysis(beats, waves, (rhythm,), (), (sqi,) * 30)


def test_even_beats_with_p_waves_are_normal() -> None:
    rng = np.random.default_rng(1)
    samples = 100.0 + np.cumsum(240.0 + 4.0 * rng.standard_normal(36))
    figures = figures_of(found(samples), N_SAMPLES, FS_HZ)
    assert figures is not None
    assert figures.size == N_FIGURES
    assert np.isfinite(figures).all()
    assert class_of_figures(figures) == "N"


def test_few_beats_give_no_figures() -> None:
    assert figures_of(found(np.arange(7) * 240.0 + 100.0), N_SAMPLES, FS_HZ) is None
