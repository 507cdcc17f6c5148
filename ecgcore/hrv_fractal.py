"""Fractal and complexity indices of a row of normal intervals.

Detrended fluctuation analysis takes boxes from every run; the others follow one unbroken row.
"""

import numpy as np

from ecgcore.jit import compiled
from ecgcore.nn_series import NnSeries
from ecgcore.types import FloatArray, Int64Array

LEAST_BOXES = 4
"""Of the longest length, that a slope rests on at least."""
_STEPS_PER_OCTAVE = 16
_OCTAVES = 40
_LEAST_SHARE, _MOST_SHARE = 0.01, 0.1
"""Pairs of points this near: closer ones are too few, farther ones fill the whole plot."""


def dfa_alpha(nn: NnSeries, first: int, last: int) -> float:
    """Give the slope of log F(n) against log n, for boxes of `first` to `last` intervals.

    Notes
    -----
    Peng et al. 1995: the running sum of intervals less their mean, cut into boxes from the start
    of each run on, a line taken from each; F is the root mean square of what is left. Neither a
    sum nor a box reaches over the end of a run. NaN with fewer than `LEAST_BOXES` boxes of the
    longest length.
    """
    sizes = np.arange(first, last + 1)
    fluctuation, n_boxes = _fluctuations(nn.nn_ms, nn.run_bounds, sizes)
    if n_boxes < LEAST_BOXES or not fluctuation.all():
        return float("nan")
    return _slope(np.log(sizes), np.log(fluctuation))


def higuchi_dimension(x: FloatArray, k_max: int) -> float:
    """Give Higuchi's fractal dimension (1988): 1 for a line, 2 for noise."""
    lengths = _curve_lengths(x, k_max)
    if not lengths.all():
        return float("nan")
    return _slope(-np.log(np.arange(1.0, k_max + 1.0)), np.log(lengths))


def katz_dimension(x: FloatArray) -> float:
    """Give Katz's fractal dimension (1988), of steps and reach along the axis of intervals."""
    steps = np.abs(np.diff(x))
    mean = float(steps.mean())
    reach = float(np.abs(x - x[0]).max())
    if not mean or reach == mean:
        return float("nan")
    return float(np.log(steps.size) / np.log(reach / mean))


def lempel_ziv(x: FloatArray) -> float:
    """Give the complexity (Lempel and Ziv 1976) of what lies above the median, c log2(n) / n."""
    symbols = (x > np.median(x)).astype(np.int64)
    return float(_n_words(symbols) * np.log2(x.size) / x.size)


def correlation_dimension(x: FloatArray, m: int) -> float:
    """Give the correlation dimension (Grassberger and Procaccia 1983) of words of m intervals.

    Notes
    -----
    Slope of the logarithm of the share of pairs nearer than r (Euclidean) against that of r,
    where the share is from 1 to 10 %. NaN where fewer than three radii fall there.
    """
    spread = float(x.std())
    if not spread:
        return float("nan")
    log_r, share = _correlation_sum(x / spread, m)
    used = (share >= _LEAST_SHARE) & (share <= _MOST_SHARE)
    if used.sum() < 3:
        return float("nan")
    return _slope(log_r[used], np.log2(share[used]))


def _slope(x: FloatArray, y: FloatArray) -> float:
    apart = x - x.mean()
    return float((apart * y).sum() / (apart**2).sum())


@compiled
def _fluctuations(
    nn_ms: FloatArray, bounds: Int64Array, sizes: Int64Array
) -> tuple[FloatArray, int]:
    """Give F for each length of box, and the number of boxes of the last."""
    mean = nn_ms.mean()
    profile = np.empty(nn_ms.size)
    for run in range(bounds.size - 1):
        total = 0.0
        for i in range(bounds[run], bounds[run + 1]):
            total += nn_ms[i] - mean
            profile[i] = total
    found = np.zeros(sizes.size)
    n_boxes = 0
    for s in range(sizes.size):
        n = sizes[s]
        middle = 0.5 * (n - 1)
        spread = n * (n * n - 1.0) / 12.0
        squares = 0.0
        n_boxes = 0
        for run in range(bounds.size - 1):
            for box in range((bounds[run + 1] - bounds[run]) // n):
                begin = bounds[run] + box * n
                # Counted from the box's first value, lest large sums drown what is left.
                total = total_of_squares = along = 0.0
                for k in range(n):
                    y = profile[begin + k] - profile[begin]
                    total += y
                    total_of_squares += y * y
                    along += (k - middle) * y
                squares += max(total_of_squares - total * total / n - along * along / spread, 0.0)
                n_boxes += 1
        if n_boxes > 0:
            found[s] = np.sqrt(squares / (n_boxes * n))
    return found, n_boxes


@compiled
def _curve_lengths(x: FloatArray, k_max: int) -> FloatArray:
    lengths = np.zeros(k_max)
    for k in range(1, k_max + 1):
        for m in range(k):
            n = (x.size - 1 - m) // k
            total = 0.0
            for i in range(1, n + 1):
                total += abs(x[m + i * k] - x[m + (i - 1) * k])
            if n > 0:
                lengths[k - 1] += total * (x.size - 1) / (n * k) / k / k
    return lengths


@compiled
def _n_words(symbols: Int64Array) -> int:
    """Count the words of the exhaustive history (Kaspar and Schuster 1987)."""
    n = symbols.size
    if n < 2:
        return n
    i, words, begin, length, longest = 0, 1, 1, 1, 1
    while True:
        if symbols[i + length - 1] == symbols[begin + length - 1]:
            length += 1
            if begin + length > n:
                return words + 1
            continue
        longest = max(length, longest)
        i += 1
        if i == begin:
            words += 1
            begin += longest
            if begin + 1 > n:
                return words
            i, length, longest = 0, 1, 1
        else:
            length = 1


@compiled
def _correlation_sum(x: FloatArray, m: int) -> tuple[FloatArray, FloatArray]:
    """Give log2 of radii, in units of `x`, and the share of pairs of words within each."""
    n_radii = _STEPS_PER_OCTAVE * _OCTAVES
    lowest = -0.75 * _OCTAVES
    counts = np.zeros(n_radii + 1)
    n = x.size - m + 1
    for i in range(n):
        for j in range(i + 1, n):
            squares = 0.0
            for k in range(m):
                apart = x[i + k] - x[j + k]
                squares += apart * apart
            place = 0
            if squares > 0.0:
                steps = (0.5 * np.log2(squares) - lowest) * _STEPS_PER_OCTAVE
                place = min(max(int(np.ceil(steps)), 0), n_radii)
            counts[place] += 1.0
    radii = lowest + np.arange(n_radii + 1) / _STEPS_PER_OCTAVE
    return radii, np.cumsum(counts) / max(counts.sum(), 1.0)
