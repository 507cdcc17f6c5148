"""Periodic repolarisation dynamics: how the direction of the T wave sways from beat to beat."""

import numpy as np

from ecgcore.breathing import evenly
from ecgcore.events import NullReason
from ecgcore.nn import BoolArray
from ecgcore.qt_config import DynamicsConfig
from ecgcore.types import FloatArray


def turns_deg(vectors: FloatArray) -> FloatArray:
    """Give the angle between each T vector and the one before it, shape (n,), the first NaN.

    Parameters
    ----------
    vectors : FloatArray, shape (n, 3)
        Sums over T of X, Y, Z; NaN where not known.
    """
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, size, out=np.full(vectors.shape, np.nan), where=size > 0.0)
    # Of small angles the cosine knows nothing: half the chord does.
    chord = np.linalg.norm(np.diff(unit, axis=0), axis=1)
    turned: FloatArray = np.r_[np.nan, np.degrees(2.0 * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))]
    return turned


def slow_power_deg2(
    turns: FloatArray, times_s: FloatArray, follows: BoolArray, config: DynamicsConfig
) -> tuple[float, int] | NullReason:
    """Give the power of the angles up to `vector_most_hz`, and the beats behind it.

    Welch's, of the angles sampled evenly along a cubic spline, in stretches of windows; the mean
    angle does not count.
    """
    from scipy.signal import welch

    known = np.isfinite(turns) & follows
    turns, times_s = turns[known], times_s[known]
    borders = np.flatnonzero(np.diff(times_s) > config.vector_hole_s) + 1
    fs_hz = config.vector_resample_hz
    n_window = round(config.vector_window_s * fs_hz)
    total, weight, n = 0.0, 0.0, 0
    for at_s, of in zip(np.split(times_s, borders), np.split(turns, borders), strict=True):
        if at_s.size < 4 or at_s[-1] - at_s[0] < config.vector_window_s:
            continue
        even = evenly(at_s, of[np.newaxis], fs_hz)[0]
        hz, density = welch(even, fs_hz, nperseg=n_window, detrend="constant")
        slow = (hz > 0.0) & (hz <= config.vector_most_hz)
        total += even.size * float(density[slow].sum() * (hz[1] - hz[0]))
        weight += even.size
        n += at_s.size
    if not weight:
        return NullReason.TOO_FEW_BEATS
    return total / weight, n
