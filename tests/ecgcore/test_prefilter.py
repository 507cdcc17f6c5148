"""Filtering a whole recording: what it takes away, and what it leaves."""

import numpy as np
import pytest

from ecgcore.prefilter import FilterConfig, FilterMethod, filtered
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

FS_HZ = 250.0
SECONDS = 20.0
METHODS = [method for method in FilterMethod if method is not FilterMethod.NONE]


def clean() -> FloatArray:
    return ecg_of([0.6 + 0.8 * k for k in range(24)], FS_HZ, SECONDS, noise_mv=0.0)[np.newaxis]


def rms(signal: FloatArray) -> float:
    return float(np.sqrt(np.mean(signal**2)))


def test_the_default_is_the_recording_itself() -> None:
    ecg_mv = clean()
    assert filtered(ecg_mv, FS_HZ, FilterConfig()) is ecg_mv


@pytest.mark.parametrize("method", METHODS)
def test_wander_goes_and_the_qrs_stays_in_its_place(method: FilterMethod) -> None:
    ecg_mv = clean()
    times_s = np.arange(ecg_mv.shape[1]) / FS_HZ
    wander_mv = 0.5 * np.sin(2 * np.pi * 0.15 * times_s)
    config = FilterConfig(method, high_pass_hz=0.5)
    found = filtered(ecg_mv + wander_mv, FS_HZ, config)
    inside = slice(500, -500)
    left_mv = (found - filtered(ecg_mv, FS_HZ, config))[0, inside]
    assert rms(left_mv) < 0.15 * rms(wander_mv)
    before, after = ecg_mv[0, 500:700], found[0, 500:700]
    assert abs(int(np.argmax(before)) - int(np.argmax(after))) <= 1
    assert float(np.ptp(after)) == pytest.approx(float(np.ptp(before)), rel=0.15)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_notched_out(mains_hz: float) -> None:
    ecg_mv = clean()
    hum_mv = 0.2 * np.sin(2 * np.pi * mains_hz * np.arange(ecg_mv.shape[1]) / FS_HZ)
    found = filtered(ecg_mv + hum_mv, FS_HZ, FilterConfig(mains_hz=mains_hz))
    assert rms((found - ecg_mv)[0, 500:-500]) < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_nothing_reaches_across_missing_samples(method: FilterMethod) -> None:
    ecg_mv, config = clean(), FilterConfig(method)
    ecg_mv[0, 2000:2100] = np.nan
    found = filtered(ecg_mv, FS_HZ, config)
    assert np.array_equal(np.isnan(found), np.isnan(ecg_mv))
    for part in (slice(0, 2000), slice(2100, None)):
        alone = filtered(ecg_mv[:, part], FS_HZ, config)
        assert np.array_equal(found[:, part], alone)


def test_what_is_shorter_than_a_second_is_left() -> None:
    ecg_mv = clean()[:, :200]
    assert np.array_equal(filtered(ecg_mv, FS_HZ, FilterConfig(FilterMethod.BANDPASS)), ecg_mv)
