"""Entropies of a row of normal intervals: how hard the next one is to foresee.

Words of `m` intervals are formed inside runs alone. The tolerance is a share of the standard
deviation (N - 1) of all intervals; two words agree when no place of them is further apart.
"""

from typing import NamedTuple

import numpy as np

from ecgcore.jit import compiled
from ecgcore.nn_series import NnSeries
from ecgcore.types import FloatArray, Int64Array


class Multiscale(NamedTuple):
    """Areas under sample entropy against scale, by the trapezoid rule, by catalogue keys."""

    mse: float
    """One coarse-grained row a scale (Costa 2002)."""
    cmse: float
    """Mean over all rows of a scale (Wu 2013)."""
    rcmse: float
    """Of the matches of all rows of a scale together (Wu 2014)."""


def tolerance_ms(nn_ms: FloatArray, r_sd: float) -> float:
    """Give `r_sd` standard deviations (N - 1)."""
    return r_sd * float(nn_ms.std(ddof=1))


def sample_entropy(nn: NnSeries, m: int, r_ms: float) -> float:
    """Give -ln(A / B), of pairs of words that agree over m + 1 and over m intervals.

    Notes
    -----
    Richman and Moorman 2000: no word is paired with itself, and only words that one more interval
    follows count for either. Infinite where no pair agrees over m + 1, NaN where none does over m.
    """
    over_m, over_more = matches(nn.nn_ms, nn.run, m, r_ms)
    return entropy_of(over_m, over_more)


def entropy_of(over_m: float, over_more: float) -> float:
    """Give the sample entropy of two numbers of matches."""
    if not over_m:
        return float("nan")
    return float(np.log(over_m / over_more)) if over_more else float("inf")


def approximate_entropy(nn: NnSeries, m: int, r_ms: float) -> float:
    """Give phi(m) - phi(m + 1) (Pincus 1991); words agree with themselves."""
    phi, phi_more = (_phi(nn.nn_ms, nn.run, length, r_ms) for length in (m, m + 1))
    return float(phi - phi_more)


def fuzzy_entropy(nn: NnSeries, m: int, r_ms: float) -> float:
    """Give sample entropy with likeness exp(-d / r) of words less their own mean (Chen 2007)."""
    # Of a level row the tolerance is 0: what is the same is then wholly alike, all else not at all.
    over_m, over_more = _likeness(nn.nn_ms, nn.run, m, max(r_ms, 1e-9))
    return entropy_of(over_m, over_more)


def shannon_entropy(nn_ms: FloatArray, bin_ms: float) -> float:
    """Give the entropy of the histogram of intervals in bits; bins begin at 0."""
    place = np.floor(nn_ms / bin_ms).astype(np.int64)
    counts = np.bincount(place - place.min())
    share = counts[counts > 0] / nn_ms.size
    return float(-(share * np.log2(share)).sum()) + 0.0


def multiscale_entropy(nn: NnSeries, m: int, r_ms: float, scales: int) -> Multiscale:
    """Measure sample entropy from scale 1 to `scales`; NaN or infinite if it is so at any scale.

    Notes
    -----
    A coarse-grained interval is the mean of as many neighbours of one run as the scale says; the
    tolerance stays that of the intervals themselves.
    """
    values = _by_scale(nn.nn_ms, nn.run, m, r_ms, scales)
    areas = 0.5 * (values[:, 1:] + values[:, :-1]).sum(axis=1)
    return Multiscale(*(float(area) for area in areas))


@compiled
def word_starts(run: Int64Array, length: int) -> Int64Array:
    """Give where words of `length` intervals of one run begin."""
    starts = np.empty(run.size, np.int64)
    n = 0
    for i in range(run.size - length + 1):
        if run[i] == run[i + length - 1]:
            starts[n] = i
            n += 1
    return starts[:n]


@compiled
def matches(x: FloatArray, run: Int64Array, m: int, r: float) -> tuple[int, int]:
    """Give how many pairs of words agree over m intervals, and how many over m + 1.

    Words are gone through in the order of their first interval, so that only those within the
    tolerance there are compared.
    """
    starts = word_starts(run, m + 1)
    order = starts[np.argsort(x[starts])]
    over_m = over_more = 0
    for a in range(order.size):
        i = order[a]
        for b in range(a + 1, order.size):
            j = order[b]
            if x[j] - x[i] > r:
                break
            agrees = True
            for k in range(1, m):
                if abs(x[i + k] - x[j + k]) > r:
                    agrees = False
                    break
            if agrees:
                over_m += 1
                over_more += abs(x[i + m] - x[j + m]) <= r
    return over_m, over_more


@compiled
def _phi(x: FloatArray, run: Int64Array, length: int, r: float) -> float:
    """Give the mean logarithm of the share of words that agree with each word."""
    starts = word_starts(run, length)
    n = starts.size
    order = starts[np.argsort(x[starts])]
    counts = np.ones(n)
    for a in range(n):
        i = order[a]
        for b in range(a + 1, n):
            j = order[b]
            if x[j] - x[i] > r:
                break
            agrees = True
            for k in range(1, length):
                if abs(x[i + k] - x[j + k]) > r:
                    agrees = False
                    break
            if agrees:
                counts[a] += 1.0
                counts[b] += 1.0
    total = 0.0
    for a in range(n):
        total += np.log(counts[a] / n)
    return total / max(n, 1)


@compiled
def _likeness(x: FloatArray, run: Int64Array, m: int, r: float) -> tuple[float, float]:
    """Give how alike words of m and of m + 1 intervals are, summed over all pairs."""
    starts = word_starts(run, m + 1)
    means, means_more = np.empty(starts.size), np.empty(starts.size)
    for a in range(starts.size):
        means[a] = x[starts[a] : starts[a] + m].mean()
        means_more[a] = x[starts[a] : starts[a] + m + 1].mean()
    over_m = over_more = 0.0
    for a in range(starts.size):
        i = starts[a]
        for b in range(a + 1, starts.size):
            j = starts[b]
            shift, shift_more = means[a] - means[b], means_more[a] - means_more[b]
            far = far_more = 0.0
            for k in range(m + 1):
                apart = x[i + k] - x[j + k]
                far_more = max(far_more, abs(apart - shift_more))
                if k < m:
                    far = max(far, abs(apart - shift))
            over_m += np.exp(-far / r)
            over_more += np.exp(-far_more / r)
    return over_m, over_more


@compiled
def _coarse(
    x: FloatArray, run: Int64Array, scale: int, offset: int
) -> tuple[FloatArray, Int64Array]:
    """Give means of `scale` neighbours, beginning `offset` intervals into each run."""
    coarse, row = np.empty(x.size), np.empty(x.size, np.int64)
    n = 0
    begin = 0
    for i in range(x.size):
        if i == 0 or run[i] != run[i - 1]:
            begin = i + offset
        if i - begin == scale - 1:
            coarse[n] = x[begin : i + 1].mean()
            row[n] = run[i]
            n += 1
            begin = i + 1
    return coarse[:n], row[:n]


@compiled
def _by_scale(x: FloatArray, run: Int64Array, m: int, r: float, scales: int) -> FloatArray:
    """Give the three kinds of entropy at each scale, shape (3, scales)."""
    values = np.empty((3, scales))
    for scale in range(1, scales + 1):
        all_m = all_more = 0
        total = 0.0
        for offset in range(scale):
            coarse, row = _coarse(x, run, scale, offset)
            over_m, over_more = matches(coarse, row, m, r)
            all_m += over_m
            all_more += over_more
            value = np.nan
            if over_m > 0:
                value = np.log(over_m / over_more) if over_more > 0 else np.inf
            total += value
            if offset == 0:
                values[0, scale - 1] = value
        values[1, scale - 1] = total / scale
        values[2, scale - 1] = np.nan
        if all_m > 0:
            values[2, scale - 1] = np.log(all_m / all_more) if all_more > 0 else np.inf
    return values
