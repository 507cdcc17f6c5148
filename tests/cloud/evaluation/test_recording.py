"""Figures and class of made-up recordings."""

import numpy as np

from cloud.evaluation.analysis import Analysis, FoundRhythm
from cloud.evaluation.matching import Beats
from cloud.evaluation.recording import N_FIGURES, class_of_figures, figures_of
from ecgcore.events import BeatWaves, RhythmLabel, Wave
from ecgcore.types import FloatArray

FS_HZ = 300.0
N_SAMPLES = 9000
T_S = np.linspace(0.0, N_SAMPLES / FS_HZ, N_SAMPLES, endpoint=False)


def signal(samples: FloatArray, has_p: bool) -> FloatArray:
    """QRS and T of each beat, and a P wave or the waves of fibrillation before it."""
    rng = np.random.default_rng(2)
    waves = [(0.0, 0.012, 1.0), (0.28, 0.04, 0.25), *([(-0.15, 0.02, 0.12)] if has_p else [])]
    ecg_mv = 0.004 * rng.standard_normal(N_SAMPLES)
    for at in samples:
        for place_s, width_s, height_mv in waves:
            ecg_mv += height_mv * np.exp(-0.5 * ((T_S - at / FS_HZ - place_s) / width_s) ** 2)
    if not has_p:
        phase = np.cumsum(2 * np.pi * (6.0 + rng.standard_normal(N_SAMPLES)) / FS_HZ)
        ecg_mv += 0.05 * np.sin(phase)
    return ecg_mv


def found(samples: FloatArray, sqi: float = 1.0, has_p: bool = True) -> Analysis:
    def wave(at: float, begin_s: float, end_s: float) -> Wave:
        a, b = at + begin_s * FS_HZ, at + end_s * FS_HZ
        return Wave(a, (a + b) / 2, b, 0.1, 0.95)

    def qrs(at: float) -> Wave:
        return Wave(at - 0.04 * FS_HZ, at, at + 0.05 * FS_HZ, 1.0, 0.95)

    waves = tuple(
        BeatWaves(wave(at, -0.2, -0.1) if has_p else None, qrs(at), wave(at, 0.2, 0.36))
        for at in samples
    )
    beats = Beats(np.round(samples).astype(np.int64), "N" * samples.size, ())
    rhythm = FoundRhythm((0, N_SAMPLES), RhythmLabel.SINUS_RHYTHM)
    confidence = (0.98,) * samples.size
    return Analysis(beats, waves, (rhythm,), (), (sqi,) * 30, confidence)


def test_even_beats_with_p_waves_are_normal() -> None:
    rng = np.random.default_rng(1)
    samples = 100.0 + np.cumsum(240.0 + 4.0 * rng.standard_normal(36))
    figures = figures_of(found(samples), signal(samples, has_p=True), FS_HZ)
    assert figures is not None
    assert figures.size == N_FIGURES
    assert np.isfinite(figures).all()
    assert class_of_figures(figures) == "N"


def test_uneven_beats_without_p_waves_are_fibrillation() -> None:
    rng = np.random.default_rng(1)
    samples = 100.0 + np.cumsum(rng.uniform(140.0, 300.0, 38))
    analysis, ecg_mv = found(samples, has_p=False), signal(samples, has_p=False)
    figures = figures_of(analysis, ecg_mv, FS_HZ)
    assert figures is not None
    assert class_of_figures(figures) == "A"


def test_few_beats_give_no_figures() -> None:
    assert figures_of(found(np.linspace(100.0, 1540.0, 7)), np.zeros(N_SAMPLES), FS_HZ) is None
