"""Normal intervals in a row, and where the row breaks.

A *run* is a row of normal intervals of which each begins with the beat the one before it ends
with: differences, words and boxes are formed inside runs alone. A *stretch* is a row of intervals
without lost samples, normal or not: inside it all times are known.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgcore.hrv_config import EctopicPolicy
from ecgcore.jit import compiled
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray, Int64Array


@dataclass(frozen=True)
class NnSeries:
    """Normal intervals with their place in time."""

    nn_ms: FloatArray
    """shape (n,)"""
    end_ms: FloatArray
    """shape (n,); when each ends, from the beat the first interval begins with"""
    run: Int64Array
    """shape (n,), rising; number of the run each belongs to"""
    stretch: Int64Array
    """shape (n,), rising; number of the stretch each belongs to"""

    @property
    def n(self) -> int:
        """Number of intervals."""
        return int(self.nn_ms.size)

    @cached_property
    def pairs(self) -> tuple[FloatArray, FloatArray]:
        """Each interval and the one that follows it in its run, shapes (<= n - 1,)."""
        follows = self.run[1:] == self.run[:-1]
        return self.nn_ms[:-1][follows], self.nn_ms[1:][follows]

    @cached_property
    def differences_ms(self) -> FloatArray:
        """NN[i+1] - NN[i] inside runs."""
        first, second = self.pairs
        return second - first

    @cached_property
    def run_bounds(self) -> Int64Array:
        """Where runs begin, and the end of the last, shape (n_runs + 1,)."""
        return bounds_of(self.run)

    @cached_property
    def longest_run_ms(self) -> FloatArray:
        """The intervals of the longest run, the first of equals."""
        lengths = np.diff(self.run_bounds)
        if not lengths.size:
            return self.nn_ms
        at = int(np.argmax(lengths))
        return self.nn_ms[self.run_bounds[at] : self.run_bounds[at + 1]]

    def first(self, n: int) -> "NnSeries":
        """Give the first `n` intervals."""
        return NnSeries(self.nn_ms[:n], self.end_ms[:n], self.run[:n], self.stretch[:n])


def bounds_of(numbers: Int64Array) -> Int64Array:
    """Give where rows of equal numbers begin, and the end of the last; [0] where there are none."""
    if not numbers.size:
        return np.zeros(1, np.int64)
    changes = np.flatnonzero(np.diff(numbers)) + 1
    return np.concatenate(([0], changes, [numbers.size])).astype(np.int64)


def nn_series(
    rr_ms: FloatArray,
    normal: BoolArray,
    beat_ms: FloatArray | None = None,
    ectopic: EctopicPolicy = EctopicPolicy.DROP,
) -> NnSeries:
    """Gather the normal intervals of a row.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n,)
        NaN where samples were lost or a beat is not trusted.
    normal : BoolArray, shape (n,)
        Which of them are NN intervals.
    beat_ms : FloatArray, shape (n,)
        When each interval ends. Without it lost time counts as none; runs and stretches break
        there all the same.
    """
    known = np.isfinite(rr_ms)
    length_ms = np.where(known, rr_ms, 0.0)
    if beat_ms is None:
        end_ms = np.cumsum(length_ms)
    elif beat_ms.size:
        end_ms = beat_ms - beat_ms[0] + length_ms[0]
    else:
        end_ms = beat_ms
    stretch: Int64Array = np.cumsum(~known)
    is_normal = normal & known
    if ectopic is EctopicPolicy.DROP:
        run: Int64Array = np.cumsum(~is_normal)
        return NnSeries(rr_ms[is_normal], end_ms[is_normal], run[is_normal], stretch[is_normal])
    nn_ms, at_ms, row = _mended(
        length_ms, end_ms, stretch, is_normal, ectopic is EctopicPolicy.CORRECT
    )
    return NnSeries(nn_ms, at_ms, row, row)


@compiled
def _mended(
    rr_ms: FloatArray, end_ms: FloatArray, stretch: Int64Array, normal: BoolArray, by_time: bool
) -> tuple[FloatArray, FloatArray, Int64Array]:
    """Put intervals in place of those between two normal ones of a stretch."""
    size = 0
    last = -1
    for i in range(rr_ms.size):
        if normal[i]:
            size += 1 + _n_between(rr_ms, end_ms, stretch, last, i, by_time)
            last = i
    nn_ms, at_ms, row = np.empty(size), np.empty(size), np.empty(size, np.int64)
    k = 0
    last = -1
    for i in range(rr_ms.size):
        if not normal[i]:
            continue
        n = _n_between(rr_ms, end_ms, stretch, last, i, by_time)
        for j in range(n):
            share = (j + 1.0) / (n + 1.0)
            time_ms = end_ms[i] - rr_ms[i] - end_ms[last]
            line_ms = rr_ms[last] + share * (rr_ms[i] - rr_ms[last])
            nn_ms[k] = time_ms / n if by_time else line_ms
            at_ms[k] = end_ms[last] + time_ms * (j + 1.0) / n
            row[k] = stretch[i]
            k += 1
        nn_ms[k], at_ms[k], row[k] = rr_ms[i], end_ms[i], stretch[i]
        k += 1
        last = i
    return nn_ms, at_ms, row


@compiled
def _n_between(
    rr_ms: FloatArray, end_ms: FloatArray, stretch: Int64Array, last: int, at: int, by_time: bool
) -> int:
    """Give how many intervals stand between two neighbouring normal ones of a stretch."""
    if last < 0 or stretch[last] != stretch[at] or at == last + 1:
        return 0
    if not by_time:
        return at - last - 1
    time_ms = end_ms[at] - rr_ms[at] - end_ms[last]
    return max(int(2.0 * time_ms / (rr_ms[last] + rr_ms[at]) + 0.5), 1)
