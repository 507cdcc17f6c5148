"""Spectrum and quality against signals whose spectrum is known."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.signal import welch

from ecgcore.events import NullReason
from ecgcore.lead_window import (
    BANDS_HZ,
    LEAD_WINDOW,
    LeadSignal,
    longest_stretch,
    measure_lead_window,
)
from ecgcore.types import FloatArray
from ecgcore.wavelet import energies_mv2

FS_HZ = 500.0
TIMES_S = np.arange(0.0, 60.0, 1.0 / FS_HZ)


def sine(hz: float, amplitude_mv: float) -> FloatArray:
    return amplitude_mv * np.sin(2.0 * np.pi * hz * TIMES_S)


# A wave of amplitude A has the power A^2 / 2, and each band one.
WAVES = {"vlf": 0.3, "lf": 2.0, "mf": 10.0, "mhf": 25.0, "hf": 70.0}
SUM_MV = np.sum([sine(hz, 1.0) for hz in WAVES.values()], axis=0)


def test_waves_of_known_size() -> None:
    found = measure_lead_window(SUM_MV, FS_HZ)
    drawn = {
        "bp_vlf": 0.5,
        "bp_lf": 0.5,
        "bp_mf": 0.5,
        "bp_mhf": 0.5,
        "bp_hf": 0.5,
        "bp_rel_vlf": 1 / 3,
        "bp_rel_lf": 1 / 3,
        "bp_rel_mf": 1 / 3,
        "bp_rel_mhf": 1 / 3,
        "bp_rel_hf": 1 / 3,
        "f_med": 10.0,
        "f_centroid": 37.0 / 3.0,
        "sef95": 25.0,
        "p_sqi": 0.5,
        # 0.3 Hz of four waves below 40 Hz.
        "bas_sqi": 0.75,
        "powerline_ratio": 0.0,
        "flat_frac": 0.0,
    }
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, rel=0.02, abs=0.005), key


def test_one_wave_has_one_line() -> None:
    found = measure_lead_window(sine(12.0, 1.0), FS_HZ)
    drawn = {"f_dom": 12.0, "f_med": 12.0, "f_centroid": 12.0, "sef95": 12.0}
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, abs=0.11), key
    entropy = found["spectral_entropy"]
    assert isinstance(entropy, float)
    assert entropy < 0.2


def test_white_noise_has_every_line_alike() -> None:
    noise_mv = np.random.default_rng(0).normal(0.0, 1.0, 300_000)
    found = measure_lead_window(noise_mv, FS_HZ)
    drawn = {"spectral_entropy": 1.0, "k_sqi": 3.0, "s_sqi": 0.0, "p_sqi": 10.0 / 35.0}
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value, abs=0.03), key


def test_the_curve_is_the_spectrum_by_the_hertz() -> None:
    curve = measure_lead_window(sine(12.5, 1.0) + sine(30.5, 0.5), FS_HZ)["psd"]
    assert isinstance(curve, tuple)
    drawn = np.zeros(50)
    drawn[[12, 30]] = 0.5, 0.125
    np.testing.assert_allclose(curve, drawn, atol=1e-3)
    psd = measure_lead_window(np.random.default_rng(0).normal(0.0, 1.0, 300_000), FS_HZ)["psd"]
    # White noise of variance 1 lies evenly below half the rate.
    assert psd == pytest.approx([2.0 / FS_HZ] * 50, rel=0.15)


def test_wavelet_energies_are_by_octaves_and_sum_up() -> None:
    # The middle of each octave below 250 Hz.
    drawn = {
        "wavelet_e1": 180.0,
        "wavelet_e2": 90.0,
        "wavelet_e3": 45.0,
        "wavelet_e4": 22.0,
        "wavelet_e5": 11.0,
        "wavelet_e6": 5.5,
    }
    for key, hz in drawn.items():
        found = measure_lead_window(sine(hz, 1.0), FS_HZ)
        # Neighbours have the rest.
        assert found[key] == pytest.approx(0.5, rel=0.15), key
    ecg_mv = np.random.default_rng(0).normal(0.2, 1.0, 1001)
    assert energies_mv2(ecg_mv).sum() == pytest.approx(np.mean(ecg_mv**2))
    np.testing.assert_allclose(energies_mv2(2.0 * ecg_mv), 4.0 * energies_mv2(ecg_mv))
    noise = energies_mv2(np.random.default_rng(1).normal(0.0, 1.0, 200_000))
    np.testing.assert_allclose(noise[:6], 0.5 ** np.arange(1, 7), rtol=0.05)


def test_the_wavelet_is_daubechies_with_eight_taps() -> None:
    # The first detail of an impulse by convolution with the filter itself, over sqrt 2.
    scaling = [
        *(0.230377813308855, 0.714846570552542, 0.630880767929590, -0.027983769416984),
        *(-0.187034811718881, 0.030841381835987, 0.032883011666983, -0.010597401784997),
    ]
    wavelet = np.array(scaling[::-1]) * [1, -1, 1, -1, 1, -1, 1, -1] / np.sqrt(2.0)
    ecg_mv = np.random.default_rng(0).normal(0.0, 1.0, 64)
    whole = np.r_[ecg_mv, ecg_mv[::-1]]
    detail = np.convolve(np.r_[whole[-7:], whole], wavelet, "valid")
    assert energies_mv2(ecg_mv)[0] == pytest.approx(np.mean(detail**2))


def test_limits_of_the_converter() -> None:
    clipped = np.clip(sine(1.0, 1.0), -1.0, 0.9)
    # Above 0.9 a sine is for acos(0.9) / pi of its time.
    rail_frac = np.arccos(0.9) / np.pi
    for rail_mv, mv in ((None, clipped), (0.9, np.clip(sine(1.0, 1.0), -0.8, 0.95))):
        found = measure_lead_window(mv, FS_HZ, rail_mv=rail_mv)
        assert found["rail_frac"] == pytest.approx(rail_frac, rel=0.02)
    assert measure_lead_window(sine(1.0, 1.0), FS_HZ)["rail_frac"] == 0.0
    flat = clipped.copy()
    flat[:3000] = 0.2
    found = measure_lead_window(flat, FS_HZ)
    leadoff_frac = 0.1 + 0.9 * rail_frac
    assert found["leadoff_frac"] == pytest.approx(leadoff_frac, rel=0.02)


def test_moments_are_those_of_scipy() -> None:
    ecg_mv = np.tile(np.r_[np.hanning(40), np.zeros(360)], 60)
    found = measure_lead_window(ecg_mv, FS_HZ)
    drawn = {"k_sqi": stats.kurtosis(ecg_mv, fisher=False), "s_sqi": stats.skew(ecg_mv)}
    for key, value in drawn.items():
        assert found[key] == pytest.approx(value), key


def test_mains_wander_and_flat_stretches() -> None:
    mains = measure_lead_window(sine(10.0, 1.0) + sine(50.0, 0.5), FS_HZ)
    wander = measure_lead_window(sine(0.1, 1.0) + sine(8.0, 0.2), FS_HZ)
    flat_mv = SUM_MV.copy()
    flat_mv[:7500] = 1.0
    # Half the time a sine is within sin(45 deg) of its middle; 5 % within sin(4.5 deg) of its top.
    drawn = {
        "powerline_ratio": (mains, 0.25),
        "wander_pp": (wander, 2.0 * math.sin(math.radians(81.0))),
        "flat_frac": (measure_lead_window(flat_mv, FS_HZ), 0.25),
    }
    for key, (found, value) in drawn.items():
        assert found[key] == pytest.approx(value, rel=0.03), key


def test_what_the_rate_cannot_carry_is_null() -> None:
    found = measure_lead_window(np.random.default_rng(0).normal(0.0, 1.0, 1300), 130.0)
    assert found["bp_hf"] is NullReason.FS_TOO_LOW
    assert found["bp_rel_hf"] is NullReason.FS_TOO_LOW
    assert isinstance(found["powerline_ratio"], float)
    slow = measure_lead_window(np.random.default_rng(0).normal(0.0, 1.0, 1000), 100.0)
    assert slow["powerline_ratio"] is NullReason.FS_TOO_LOW
    slower = measure_lead_window(np.random.default_rng(0).normal(0.0, 1.0, 1000), 90.0)
    assert slower["psd"] is NullReason.FS_TOO_LOW


def test_gaps_leave_the_longest_stretch() -> None:
    ecg_mv = SUM_MV[:10_000].copy()
    ecg_mv[[100, 3000]] = math.nan
    np.testing.assert_array_equal(longest_stretch(ecg_mv), ecg_mv[3001:])
    assert measure_lead_window(ecg_mv, FS_HZ) == measure_lead_window(ecg_mv[3001:], FS_HZ)
    ecg_mv[::500] = math.nan
    assert set(measure_lead_window(ecg_mv, FS_HZ).values()) == {NullReason.GAP}
    assert set(measure_lead_window(SUM_MV[:900], FS_HZ).values()) == {NullReason.TOO_SHORT}


def test_a_line_without_change_has_no_spectrum() -> None:
    found = measure_lead_window(np.zeros(5000), FS_HZ)
    assert found["flat_frac"] == found["leadoff_frac"] == 1.0
    assert found["rail_frac"] is NullReason.NOT_APPLICABLE
    for key in ("f_dom", "spectral_entropy", "bp_rel_lf", "k_sqi", "p_sqi", "powerline_ratio"):
        assert found[key] is NullReason.NOT_APPLICABLE, key
    assert set(found) == set(LEAD_WINDOW)
    assert {f"bp_{name}" for name in BANDS_HZ} <= set(found)


@pytest.mark.parametrize("n", [1000, 1001, 2500, 5003, 12345])
def test_the_spectrum_is_welchs(n: int) -> None:
    ecg_mv = np.random.default_rng(n).standard_normal(n).cumsum()
    hz, power = LeadSignal(ecg_mv, 250.0).density
    expected_hz, expected = welch(ecg_mv, 250.0, nperseg=min(n, 2500))
    assert hz == pytest.approx(expected_hz)
    assert power == pytest.approx(expected, rel=1e-9, abs=1e-12)
