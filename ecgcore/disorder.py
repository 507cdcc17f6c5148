"""How disordered intervals are once ectopic beats are allowed for.

Sinus rhythm with ectopy is a level with outliers, or a pattern that repeats; fibrillation has
neither. So besides intervals as they are, running medians of them are compared (Petrenas et al.
2015), how many share one level, how they follow one another at lags of one to four, and how many
places of a map of intervals against their steps they fill (Lian et al. 2011).
"""

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

DISORDER = (
    "fourth_step",
    "quarter_step",
    "coefficient_of_entropy",
    "mismatches_of_medians_3",
    "steps_of_medians_3",
    "shift_of_medians_3",
    "mismatches_of_medians_5",
    "level_share_6_pct",
    "level_share_12_pct",
    "near_level_4_pct",
    "near_level_8_pct",
    "outliers",
    "apart_from_early",
    "apart_from_early_nrmssd",
    "apart_from_early_median_step",
    "follows_1",
    "follows_2",
    "follows_3",
    "follows_4",
    "places",
    "step_over_spread",
)
N_DISORDER = 21
_NEAR_S = 0.03
_PLACE_S = 0.025


@compiled
def disorder(rr_s: FloatArray) -> FloatArray:
    """Measure intervals in the order of `DISORDER`; those that are not known are passed over.

    Parameters
    ----------
    rr_s : FloatArray, shape (n,)
        At least four are known.
    """
    found = np.zeros(N_DISORDER)
    x = rr_s[np.isfinite(rr_s)]
    m = x.size
    mean = x.mean()
    steps = np.sort(np.abs(np.diff(x)))
    found[0] = np.median(np.abs(x[4:] - x[:-4])) / mean if m > 4 else 0.0
    found[1] = steps[(m - 1) // 4] / mean
    found[2] = _coefficient_of_entropy(x, mean)
    by_3, by_5 = _medians(x, 1), _medians(x, 2)
    found[3] = _mismatches(by_3, 0.03 * mean)
    found[4] = np.mean(np.abs(np.diff(by_3))) / mean
    found[5] = abs(by_3.sum() / x.sum() - 1.0)
    found[6] = _mismatches(by_5, 0.03 * mean)
    ordered = np.sort(x)
    found[7] = _level_share(ordered, 0.06 * mean)
    found[8] = _level_share(ordered, 0.12 * mean)
    _of_levels(x, mean, found)
    _of_lags(x, mean, found)
    found[19] = _places(x)
    found[20] = np.std(np.diff(x)) / (np.std(x) + 1e-3 * mean)
    return found


@compiled
def _medians(x: FloatArray, reach: int) -> FloatArray:
    """Put the median of each one and its neighbours in its place; the ends stay."""
    found = x.copy()
    for i in range(reach, x.size - reach):
        found[i] = np.median(x[i - reach : i + reach + 1])
    return found


@compiled
def _mismatches(x: FloatArray, tolerance: float) -> float:
    """Give the share of pairs at most eight apart that differ."""
    n = n_all = 0
    for i in range(x.size):
        for j in range(i + 1, min(i + 9, x.size)):
            n_all += 1
            n += abs(x[i] - x[j]) > tolerance
    return n / max(n_all, 1)


@compiled
def _coefficient_of_entropy(x: FloatArray, mean: float) -> float:
    """Sample entropy of intervals, freed from tolerance and rate (Lake and Moorman 2011)."""
    n_one = n_two = 0
    for i in range(x.size - 1):
        for j in range(i + 1, x.size - 1):
            if abs(x[i] - x[j]) <= _NEAR_S:
                n_one += 1
                n_two += abs(x[i + 1] - x[j + 1]) <= _NEAR_S
    return float(-np.log((n_two + 0.5) / (n_one + 1.0)) + np.log(2.0 * _NEAR_S / mean))


@compiled
def _level_share(ordered: FloatArray, width: float) -> float:
    """Give the largest share that lies within one band of this width."""
    low = most = 0
    for high in range(ordered.size):
        while ordered[high] - ordered[low] > width:
            low += 1
        most = max(most, high - low + 1)
    return most / ordered.size


@compiled
def _of_levels(x: FloatArray, mean: float, found: FloatArray) -> None:
    """Compare each one with the level around it, then what neither early beats nor pauses touch."""
    m = x.size
    ratio = np.empty(m)
    for i in range(m):
        ratio[i] = x[i] / np.median(x[max(i - 4, 0) : i + 5])
    is_out = (ratio < 0.88) | (ratio > 1.3)
    found[9] = np.mean(np.abs(ratio - 1.0) < 0.04)
    found[10] = np.mean(np.abs(ratio - 1.0) < 0.08)
    found[11] = np.mean(is_out)
    left = np.empty(m)
    n_kept = n_left = 0
    for i in range(m):
        if is_out[i] or (i > 0 and is_out[i - 1]):
            continue
        n_kept += 1
        if i > 0 and not (i > 1 and is_out[i - 2]):
            left[n_left] = abs(x[i] - x[i - 1]) / mean
            n_left += 1
    found[12] = n_kept / m
    found[13], found[14] = 0.3, 0.2
    if n_left > 2:
        found[13] = np.sqrt(np.mean(left[:n_left] ** 2))
        found[14] = np.median(left[:n_left])


@compiled
def _of_lags(x: FloatArray, mean: float, found: FloatArray) -> None:
    """Autocorrelation at lags of one to four; far outliers count as near ones."""
    z = np.clip((x - np.median(x)) / mean, -0.4, 0.4)
    z -= z.mean()
    size = (z * z).sum() + 1e-6 * x.size
    for lag in range(1, min(5, x.size)):
        found[14 + lag] = (z[lag:] * z[:-lag]).sum() / size


@compiled
def _places(x: FloatArray) -> float:
    """Count filled places of the map of intervals against their steps, for each step."""
    seen = np.empty((x.size, 2))
    n = 0
    for i in range(1, x.size):
        column, row = np.floor(x[i] / _PLACE_S), np.floor((x[i] - x[i - 1]) / _PLACE_S)
        is_new = True
        for k in range(n):
            if seen[k, 0] == column and seen[k, 1] == row:
                is_new = False
        if is_new:
            seen[n, 0], seen[n, 1] = column, row
            n += 1
    return n / (x.size - 1)
