"""What lies before the QRS complexes of made-up signals."""

import numpy as np
import pytest

from cloud.evaluation.atrial_figures import N_ATRIAL_FIGURES, atrial_figures
from ecgcore.types import FloatArray

FS_HZ = 300.0
T_S = np.linspace(0.0, 30.0, 9000, endpoint=False)
R = np.linspace(240.0, 8640.0, 36)
SNR, HEIGHT, ALIKE, TO_ANOTHER, APART, PLACE = 0, 1, 3, 5, 6, 7
QRS_ALIKE, QRS_MV = 8, 9


def beats(p_mv: float, noise_mv: float = 0.005) -> FloatArray:
    """QRS complexes with P waves 160 ms before them."""
    ecg_mv = noise_mv * np.random.default_rng(3).standard_normal(T_S.size)
    for at_s in R / FS_HZ:
        ecg_mv += np.exp(-0.5 * ((T_S - at_s) / 0.012) ** 2)
        ecg_mv += p_mv * np.exp(-0.5 * ((T_S - at_s + 0.16) / 0.02) ** 2)
    return ecg_mv


def test_p_waves_are_alike_and_stand_out() -> None:
    figures = atrial_figures(beats(p_mv=0.15), R, FS_HZ)
    assert figures.size == N_ATRIAL_FIGURES
    assert figures[SNR] > 5.0
    assert figures[ALIKE] > 0.95
    assert figures[TO_ANOTHER] > 0.9
    # Stretches reach from 300 to 60 ms before R.
    assert figures[PLACE] == pytest.approx((0.30 - 0.16) / 0.24, abs=0.05)
    assert figures[QRS_ALIKE] > 0.99
    assert figures[QRS_MV] == pytest.approx(1.0, abs=0.15)


def test_waves_that_differ_each_time_are_not_alike() -> None:
    ecg_mv = beats(p_mv=0.0) + 0.08 * np.sin(2 * np.pi * 6.37 * T_S)
    figures = atrial_figures(ecg_mv, R, FS_HZ)
    assert figures[SNR] < 1.0
    assert figures[TO_ANOTHER] < 0.5
    assert figures[APART] > 3 * atrial_figures(beats(p_mv=0.15), R, FS_HZ)[APART]


def test_gain_does_not_matter() -> None:
    once, twice = (atrial_figures(gain * beats(p_mv=0.15), R, FS_HZ) for gain in (1.0, 2.0))
    assert twice[:QRS_MV] == pytest.approx(once[:QRS_MV], rel=1e-5)
    assert twice[QRS_MV] == pytest.approx(2 * once[QRS_MV], rel=1e-5)


def test_few_beats_give_zeros() -> None:
    assert not atrial_figures(beats(p_mv=0.15), R[:4], FS_HZ).any()


def test_flat_signal_gives_finite_figures() -> None:
    assert np.isfinite(atrial_figures(np.zeros(9000), R, FS_HZ)).all()
