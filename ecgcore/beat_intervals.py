"""The intervals before the last beats, and what those around a beat tell.

They lie in one array, a column for each beat, the newest last; two more rows keep the intervals and
the steps between them in order, so that medians over all of them cost nothing.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

N_BEATS = 60
RR = 0
"""Interval before the beat, s; NaN for the first of a run."""
STEP = 1
"""How much it differs from the one before."""
SHAPE = 2
"""Shape of the beat (`ecgcore.beat_shapes`), -1 where there is no beat yet."""
RR_ORDER = 3
STEP_ORDER = 4
"""Steps in order, without the oldest one's, whose other interval has gone; then infinity."""
# Places in the figures of a beat.
_AROUND_AT, _SAME_AT, _SLOW_AT = 0, 40, 55
_USUAL_BEATS = 12
_EARLY = 0.87


def no_intervals() -> FloatArray:
    """Give the array before the first beat."""
    table = np.full((5, N_BEATS), math.nan)
    table[SHAPE] = -1.0
    table[RR_ORDER:] = math.inf
    return table


@compiled
def hold(table: FloatArray, rr_s: float) -> float:
    """Put an interval after those kept, drop the oldest; give what share of the usual one it is.

    At most 2; 1 where that is not known.
    """
    rr = table[RR]
    early, low, n = 1.0, N_BEATS, 0
    while low > 0 and n < _USUAL_BEATS:
        low -= 1
        n += 0 if math.isnan(rr[low]) else 1
    if rr_s > 0.0 and n > 0:
        early = min(rr_s / quantile(rr, low, N_BEATS, 0.5), 2.0)
    step = abs(rr_s - rr[-1])
    replace(table[RR_ORDER], rr[0], rr_s)
    replace(table[STEP_ORDER], table[STEP, 1], step)
    for row in range(RR_ORDER):
        for k in range(N_BEATS - 1):
            table[row, k] = table[row, k + 1]
    table[RR, -1], table[STEP, -1], table[SHAPE, -1] = rr_s, step, math.nan
    return early


@compiled
def replace(order: FloatArray, old: float, new: float) -> None:
    """Put one value in the place of another, in order; what is NaN stands as infinity."""
    old = math.inf if math.isnan(old) else old
    new = math.inf if math.isnan(new) else new
    at = 0
    while order[at] < old:
        at += 1
    while at > 0 and order[at - 1] > new:
        order[at] = order[at - 1]
        at -= 1
    while at < order.size - 1 and order[at + 1] < new:
        order[at] = order[at + 1]
        at += 1
    order[at] = new


@compiled
def quantile(values: FloatArray, low: int, high: int, at: float) -> float:
    """Give a quantile of those values from `low` to `high` that are there; NaN of none.

    By counting, which a few values in no order take least time for.
    """
    n = 0
    for k in range(low, high):
        n += 0 if math.isnan(values[k]) else 1
    rank = min(int(at * n), n - 1)
    for k in range(low, high):
        n_below = n_same = 0
        for j in range(low, high):
            n_below += values[j] < values[k]
            n_same += values[j] == values[k]
        if n_below <= rank < n_below + n_same:
            return float(values[k])
    return math.nan


@compiled
def ranked(order: FloatArray, at: float) -> float:
    """Give a quantile of values in order; NaN of none."""
    n = order.size
    while n > 0 and math.isinf(order[n - 1]):
        n -= 1
    return float(order[min(int(at * n), n - 1)]) if n else math.nan


@compiled
def share(step: float, rr: float) -> float:
    """Give how uneven intervals are: their median step over their median."""
    return 0.0 if math.isnan(step) else step / rr


@compiled
def pick(rr: FloatArray, k: int, otherwise: float) -> float:
    """Give an interval, or something else where there is none."""
    return rr[k] if 0 <= k < rr.size and not math.isnan(rr[k]) else otherwise


@compiled
def same_of(i: int, table: FloatArray, n: int, near: float) -> tuple[float, float, float]:
    """Give the share of other beats of beat `i`'s shape, and the mean intervals around them."""
    rr, shape = table[RR], table[SHAPE]
    same = before = after = 0.0
    for k in range(N_BEATS):
        if shape[k] == shape[i] and k != i:
            same += 1.0
            before += pick(rr, k, near)
            after += pick(rr, k + 1, near)
    if same == 0.0:
        return 0.0, 1.0, 1.0
    return same / n, before / (same * near), after / (same * near)


@compiled
def slow_of(
    order: FloatArray,
    near: float,
    far: float,
    fast: float,
    slow: float,
    before: float,
    after: float,
) -> tuple[float, ...]:
    """Give what the slow intervals tell, and how those of all lie around the median.

    Where most beats are early, as in runs and pairs of atrial ones, the median is no sinus
    interval; the upper quarter still is.
    """
    slow_far = ranked(order, 0.75)
    return (
        before / slow_far,
        slow / slow_far,
        (slow_far - ranked(order, 0.25)) / far,
        (ranked(order, 0.9) - ranked(order, 0.6)) / slow_far,
        (ranked(order, 0.4) - ranked(order, 0.1)) / slow_far,
        (slow - fast) / near,
        after / slow,
        near / slow,
    )


@compiled
def put(features: FloatArray, at: int, values: tuple[float, ...]) -> None:
    """Write some figures from place `at` on."""
    for k in range(len(values)):
        features[at + k] = values[k]


@compiled
def compare(table: FloatArray, back: int, features: FloatArray) -> None:
    """Write what the intervals around the beat tell that lies `back` before the end.

    Parameters
    ----------
    features : FloatArray, shape (n_features,)
        As `ecgcore.beat_features.FEATURES` names them.
    """
    rr, steps, i = table[RR], table[STEP], N_BEATS - back
    first = 0
    while table[SHAPE, first] < 0.0:
        first += 1
    n = N_BEATS - first
    low, high = max(i - 9, 0), min(i + 6, N_BEATS)
    near = quantile(rr, low, high, 0.5)
    fast, slow = quantile(rr, low, high, 0.25), quantile(rr, low, high, 0.75)
    near = 0.8 if math.isnan(near) else near
    far = ranked(table[RR_ORDER], 0.5)
    before, after = pick(rr, i, near), pick(rr, i + 1, near)
    last, last2 = pick(rr, i - 1, near), pick(rr, i - 2, near)
    after2, after3 = pick(rr, i + 2, near), pick(rr, i + 3, near)
    low = max(i - 8, 0)
    uneven = share(quantile(steps, max(low, 1), high, 0.5), quantile(rr, low, high, 0.5))
    early_near = early_far = 0.0
    for k in range(first, N_BEATS):
        if rr[k] < _EARLY * near:
            early_far += 1.0
            early_near += 1.0 if abs(k - i) <= 5 else 0.0
    around = (
        before / near,
        before / far,
        before / slow,
        after / near,
        after / far,
        before / last,
        after / before,
        (before + after) / (2.0 * near),
        last / near,
        last2 / near,
        after2 / near,
        after3 / near,
        before / max(last, last2),
        min(after, after2) / before,
        near,
        near / far,
        uneven,
        share(ranked(table[STEP_ORDER], 0.5), far),
        early_near,
        early_far / n,
    )
    put(features, _AROUND_AT, around)
    put(features, _SAME_AT, same_of(i, table, n, near))
    slows = slow_of(table[RR_ORDER], near, far, fast, slow, before, after)
    put(features, _SLOW_AT, slows)
