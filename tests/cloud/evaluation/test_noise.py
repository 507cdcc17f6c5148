"""Calibrated noise: amplitudes by hand, and the ratio that comes out."""

import numpy as np
import pytest

from cloud.evaluation.matching import Beats
from cloud.evaluation.noise import Mode, mixed, noise_rms_mv, noisy, qrs_amplitude_mv
from ecgcore.types import FloatArray

FS_HZ = 100.0
N = 100_000


def _triangles() -> tuple[FloatArray, Beats]:
    """Give a beat a second, 1 mV up and 0.5 mV down."""
    ecg_mv = np.zeros(N)
    samples = np.arange(150, N - 100, 100)
    ecg_mv[samples], ecg_mv[samples + 3] = 1.0, -0.5
    return ecg_mv, Beats(samples, "N" * samples.size)


NOISE = 0.3 * np.random.default_rng(4).standard_normal(65_000)


def test_amplitudes() -> None:
    ecg_mv, beats = _triangles()
    assert qrs_amplitude_mv(ecg_mv, beats, FS_HZ) == pytest.approx(1.5)
    assert noise_rms_mv(NOISE + 7.0, FS_HZ) == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("snr_db", [24, 6, -6])
def test_the_ratio_is_the_one_asked_for(snr_db: int) -> None:
    ecg_mv, beats = _triangles()
    added = mixed(ecg_mv, NOISE, beats, FS_HZ, snr_db, Mode.CONTINUOUS) - ecg_mv
    signal_power = 1.5**2 / 8
    assert 10 * np.log10(signal_power / added.var()) == pytest.approx(snr_db, abs=0.2)


def test_alternating_noise_leaves_five_minutes_and_every_other_two_alone() -> None:
    ecg_mv, beats = _triangles()
    added = mixed(ecg_mv, NOISE, beats, FS_HZ, 0, Mode.ALTERNATING) - ecg_mv
    is_on = noisy(N, FS_HZ) > 0
    assert not added[:30_000].any()
    assert not is_on[:30_000].any()
    assert is_on[30_000:42_000].all()
    assert not is_on[42_000:54_000].any()
    steps = np.diff(added)
    assert np.allclose(steps[~is_on[1:]], 0.0)
    continuous = mixed(ecg_mv, NOISE, beats, FS_HZ, 0, Mode.CONTINUOUS) - ecg_mv
    assert np.allclose(steps[is_on[1:]], np.diff(continuous)[is_on[1:]])


def test_noise_of_a_flat_signal_has_no_size() -> None:
    _, beats = _triangles()
    with pytest.raises(ValueError, match="amplitude"):
        mixed(np.zeros(N), NOISE, beats, FS_HZ, 0, Mode.CONTINUOUS)
