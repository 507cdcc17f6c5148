"""A second QRS detector, plain and unlike the first, to hold the first against.

The signal's energy between 8 and 20 Hz, smoothed over a QRS, has a summit at each beat; those count
that reach a share of what is usual around them (after Pan and Tompkins 1985, over the whole
recording at once). It is not meant to be good: where it agrees with a good one, the signal is.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.band_pass import band_passed
from ecgcore.limits import Hertz, Seconds, Share, Stretch
from ecgcore.smooth_lead import filled
from ecgcore.types import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class SecondDetectorConfig:
    """All parameters of the detector and of the comparison."""

    band_hz: tuple[Hertz, Hertz] = (8.0, 20.0)
    smooth_s: Seconds = 0.12
    apart_s: Seconds = 0.25
    """Of two summits nearer than that the lower one is no beat."""
    level_s: Stretch = 2.0
    """The usual height is the mean of the greatest within so long, over `usual_s`."""
    usual_s: Stretch = 8.0
    share: Share = 0.25
    within_s: Seconds = 0.15
    """Two beats so near are one (ANSI/AAMI EC57)."""
    margin_s: Seconds = 0.3
    """Beats so near to a missing sample or an end are not compared."""
    least_s: Stretch = 2.0


def second_places(ecg_mv: FloatArray, fs_hz: float, config: SecondDetectorConfig) -> FloatArray:
    """Give where the beats of one lead, shape (n,), lie, in samples; NaN is no sample."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d
    from scipy.signal import find_peaks

    quick_mv = band_passed(filled(ecg_mv), config.band_hz, fs_hz)
    energy = uniform_filter1d(quick_mv**2, max(round(config.smooth_s * fs_hz), 1))
    height = maximum_filter1d(energy, round(config.level_s * fs_hz))
    usual = uniform_filter1d(height, round(config.usual_s * fs_hz))
    # A single tall artefact must not hide the beats around it.
    limit = config.share * np.minimum(height, usual)
    places, _ = find_peaks(energy, height=limit, distance=max(round(config.apart_s * fs_hz), 1))
    found: FloatArray = places[energy[places] > 0.0].astype(float)
    return found


def agreement(one: FloatArray, other: FloatArray, within: float) -> float:
    """Give the F1 of two rows of places, rising, each paired at most once; NaN if both are empty.

    Notes
    -----
    2 n_pairs / (n_one + n_other): the same whichever is held to be true.
    """
    if not one.size + other.size:
        return float("nan")
    if not one.size or not other.size:
        return 0.0
    # Beats of a row lie further apart than `within`, so who is each other's nearest is a pair.
    nearest = _nearest(one, other)
    is_mutual = _nearest(other, one)[nearest] == np.arange(one.size)
    n_pairs = int((is_mutual & (np.abs(other[nearest] - one) <= within)).sum())
    return 2.0 * n_pairs / (one.size + other.size)


def _nearest(of: FloatArray, among: FloatArray) -> Int64Array:
    right = np.clip(np.searchsorted(among, of), 1, max(among.size - 1, 1))
    left = right - 1
    right = np.minimum(right, among.size - 1)
    return np.where(of - among[left] <= among[right] - of, left, right).astype(np.int64)
