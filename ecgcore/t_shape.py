"""The shape of T in figures: flatness, notch, asymmetry, and the score that joins them.

After Andersen et al. 2007, whose combination score of the first principal component this follows;
the figures are scaled so that they need no table: flatness is 1 of a rectangle and 0.4 of a
triangle, asymmetry 0 of a wave that falls as it rose.
"""

import math

import numpy as np

from ecgcore.types import FloatArray
from ecgcore.wave_forms import notch_of

_RECTANGLE = 1.8
"""Kurtosis of a rectangle."""
_N_FLANK = 64


def main_lobe(wave: FloatArray) -> FloatArray:
    """Give the stretch around the peak of a wave in which it stays above 0, its feet included."""
    top = int(np.argmax(wave))
    before, behind = np.flatnonzero(wave[:top] <= 0.0), np.flatnonzero(wave[top:] <= 0.0)
    first = int(before[-1]) if before.size else 0
    last = top + int(behind[0]) if behind.size else wave.size - 1
    return wave[first : last + 1]


def flatness(wave: FloatArray) -> float:
    """Give 1 less how far the kurtosis of a wave, as a density, is above that of a rectangle.

    Parameters
    ----------
    wave : FloatArray, shape (n,)
        That goes up; what is below 0 does not count.

    Returns
    -------
    float
        NaN if nothing is above 0 or all of it is one sample.
    """
    weights = np.maximum(wave, 0.0)
    total = float(weights.sum())
    if total <= 0.0:
        return math.nan
    places = np.arange(wave.size, dtype=float)
    places -= float(weights @ places) / total
    second, fourth = (float(weights @ places**power) / total for power in (2, 4))
    return 1.0 - (fourth / second**2 - _RECTANGLE) if second > 0.0 else math.nan


def notch_share(wave: FloatArray) -> float:
    """Give the depth of the notch of a wave that goes up over its peak, 0 to 1; NaN if flat."""
    top = float(wave.max())
    return min(notch_of(wave).depth / top, 1.0) if top > 0.0 else math.nan


def asymmetry(wave: FloatArray) -> float:
    """Give how differently a wave falls than it rose: mean square of the slopes' difference.

    Slopes over the steepest one; flanks from foot to peak and from foot back to peak, each
    stretched to the same length. NaN of a wave without two flanks.
    """
    top = int(np.argmax(wave))
    if not 2 <= top <= wave.size - 3:
        return math.nan
    slopes = np.gradient(wave)
    rise, fall = slopes[: top + 1], -slopes[: top - 1 : -1]
    at = np.linspace(0.0, 1.0, _N_FLANK)
    flanks = [np.interp(at, np.linspace(0.0, 1.0, each.size), each) for each in (rise, fall)]
    steepest = max(float(each.max()) for each in flanks)
    if steepest <= 0.0:
        return math.nan
    return float(np.mean(((flanks[0] - flanks[1]) / steepest) ** 2))


def combination_score(wave: FloatArray) -> float:
    """Give asymmetry + notch + 1.6 flatness of a wave that goes up (Andersen 2007)."""
    return asymmetry(wave) + notch_share(wave) + 1.6 * flatness(wave)


def first_component(waves: FloatArray) -> FloatArray:
    """Give the first principal component of leads, shape (n_leads, n), with its peak up.

    It counts from the line between its first and last sample.
    """
    centred = waves - waves.mean(axis=1, keepdims=True)
    component: FloatArray = np.linalg.svd(centred, full_matrices=False)[2][0]
    component = component - np.linspace(component[0], component[-1], component.size)
    return component if component.max() >= -component.min() else -component
