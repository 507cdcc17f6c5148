import numpy as np
import pytest

from ecgcore.noise import mains_rms_mv, noise_rms_mv
from tests.strategies import ecg_of

RATES = pytest.mark.parametrize("fs_hz", [130.0, 250.0, 1000.0])


@RATES
def test_white_noise_comes_out_a_little_low(fs_hz: float) -> None:
    noise = 0.05 * np.random.default_rng(1).standard_normal(round(60 * fs_hz))
    assert 0.78 * 0.05 < noise_rms_mv(noise, fs_hz) < 0.05


@RATES
def test_the_waves_of_an_ecg_are_no_noise(fs_hz: float) -> None:
    rpeaks_s = [0.5 + 0.8 * k for k in range(12)]
    assert noise_rms_mv(ecg_of(rpeaks_s, fs_hz, 10.0), fs_hz) < 0.002
    noisy = ecg_of(rpeaks_s, fs_hz, 10.0, noise_mv=0.03)
    assert noise_rms_mv(noisy, fs_hz) == pytest.approx(0.03, rel=0.2)


def test_drift_is_no_noise() -> None:
    assert noise_rms_mv(np.linspace(-5.0, 5.0, 500), 250.0) < 1e-6


def test_too_short_a_stretch_has_none() -> None:
    assert np.isnan(noise_rms_mv(np.zeros(24), 250.0))
    assert noise_rms_mv(np.zeros(25), 250.0) == 0.0


@RATES
@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_told_from_the_ecg_and_from_other_noise(fs_hz: float, mains_hz: float) -> None:
    rpeaks_s = [0.5 + 0.8 * k for k in range(12)]
    ecg_mv = ecg_of(rpeaks_s, fs_hz, 10.0, noise_mv=0.02)
    assert mains_rms_mv(ecg_mv, fs_hz) < 0.012
    hum = 0.1 * np.sin(2 * np.pi * mains_hz * np.arange(ecg_mv.size) / fs_hz + 1.0)
    assert mains_rms_mv(ecg_mv + hum, fs_hz) == pytest.approx(0.1 / np.sqrt(2), rel=0.25)


def test_hum_cannot_be_seen_at_100_hz() -> None:
    assert mains_rms_mv(np.random.default_rng(1).standard_normal(1000), 100.0) == 0.0
