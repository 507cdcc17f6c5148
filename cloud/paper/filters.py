"""The two filters of the paper's call."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """Limits of both."""

    mean_s: float = 0.8
    """Length of the running mean, taken twice, that is taken for the baseline."""
    low_hz: float = 0.5
    high_hz: float = 40.0
    order: int = 3
    """Of the band-pass, in each direction."""


def mean_decomposed(ecg_mv: FloatArray, fs_hz: float, config: FilterConfig) -> FloatArray:
    """Take the baseline away: what is left of a running mean of a running mean."""
    n = max(round(config.mean_s * fs_hz), 1)
    baseline = uniform_filter1d(uniform_filter1d(ecg_mv, n, mode="nearest"), n, mode="nearest")
    return np.asarray(ecg_mv - baseline, np.float64)


def band_passed(ecg_mv: FloatArray, fs_hz: float, config: FilterConfig) -> FloatArray:
    """Keep the band, without moving anything in time."""
    band = (config.low_hz, config.high_hz)
    sos = butter(config.order, band, "bandpass", fs=fs_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, ecg_mv), np.float64)


FILTERS = {"MeanDecomposition": mean_decomposed, "BandPass": band_passed}
