from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import welch

from simulators.ecg import EcgConfig, SyntheticEcg

CONFIG = EcgConfig(seed=3)
MINUTES_10 = round(600 * CONFIG.fs_hz)


@pytest.mark.parametrize("fs_hz", [130.0, 250.0, 1000.0])
@pytest.mark.parametrize("mean_hr_bpm", [45.0, 65.0, 120.0])
def test_r_peaks_lie_where_they_are_said_to(fs_hz: float, mean_hr_bpm: float) -> None:
    ecg = SyntheticEcg(EcgConfig(fs_hz=fs_hz, mean_hr_bpm=mean_hr_bpm))
    n_samples = round(60 * fs_hz)
    ecg_mv = ecg.read_mv(0, n_samples)
    reach = round(0.1 * fs_hz)
    peaks = [p for p in ecg.rpeaks(0, n_samples) if reach < p < n_samples - reach - 1]
    assert len(peaks) == pytest.approx(mean_hr_bpm, abs=3)
    for peak in peaks:
        start = round(peak) - reach
        summit = start + int(np.argmax(ecg_mv[start : start + 2 * reach + 1]))
        # On the grid, and by the parabola through the summit between the samples.
        assert abs(summit - peak) <= 0.6
        before, top, after = ecg_mv[summit - 1 : summit + 2]
        offset = 0.5 * (before - after) / (before - 2 * top + after)
        assert summit + offset == pytest.approx(peak, abs=0.1 + 0.2e-3 * fs_hz)


def test_nothing_else_is_as_high_as_r() -> None:
    ecg = SyntheticEcg(CONFIG)
    ecg_mv = ecg.read_mv(0, MINUTES_10)
    high = np.flatnonzero(ecg_mv > 0.7)
    peaks = ecg.rpeaks(0, MINUTES_10)
    assert np.abs(high[:, np.newaxis] - peaks).min(axis=1).max() < 0.03 * CONFIG.fs_hz
    assert ecg_mv.max() == pytest.approx(CONFIG.r_mv, abs=2 * CONFIG.baseline_mv)


def test_intervals_have_the_mean_spread_and_bands_asked_for() -> None:
    peaks_s = SyntheticEcg(CONFIG).rpeaks(0, 6 * MINUTES_10) / CONFIG.fs_hz
    rr_s = np.diff(peaks_s)
    assert 60 / rr_s.mean() == pytest.approx(CONFIG.mean_hr_bpm, rel=0.01)
    assert 1000 * rr_s.std() == pytest.approx(CONFIG.rr_sd_ms, rel=0.1)
    grid_s = np.arange(peaks_s[1], peaks_s[-1], 0.25)
    even = np.interp(grid_s, peaks_s[1:], rr_s)
    frequency_hz, power = welch(even - even.mean(), fs=4.0, nperseg=2048)
    lf = power[(frequency_hz > 0.04) & (frequency_hz < 0.15)].sum()
    hf = power[(frequency_hz > 0.15) & (frequency_hz < 0.4)].sum()
    assert lf / hf == pytest.approx(CONFIG.lf_hf_ratio, rel=0.35)
    assert (lf + hf) / power.sum() > 0.9


@given(cuts=st.lists(st.integers(0, 4000), max_size=12))
def test_chunking_is_invisible(cuts: list[int]) -> None:
    whole = SyntheticEcg(CONFIG)
    cut = SyntheticEcg(CONFIG)
    edges = [0, *sorted(cuts), 4000]
    pieces = list(pairwise(edges))
    ecg_mv = np.concatenate([cut.read_mv(start, end - start) for start, end in pieces])
    peaks = np.concatenate([cut.rpeaks(start, end) for start, end in pieces])
    assert np.array_equal(ecg_mv, whole.read_mv(0, 4000))
    assert np.array_equal(peaks, whole.rpeaks(0, 4000))


@given(start=st.integers(0, 100_000), n_samples=st.integers(0, 300))
def test_left_out_samples_change_nothing(start: int, n_samples: int) -> None:
    whole = SyntheticEcg(CONFIG).read_uv(0, start + n_samples)
    assert np.array_equal(SyntheticEcg(CONFIG).read_uv(start, n_samples), whole[start:])


def test_seeds_give_different_hearts() -> None:
    one, other = (SyntheticEcg(EcgConfig(seed=seed)).rpeaks(0, 10_000) for seed in (1, 2))
    assert not np.array_equal(one, other)
