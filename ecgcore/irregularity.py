"""How much some beats look like atrial fibrillation.

Figures of their intervals that do not depend on the rate's unit (how irregular, in what order, how
much of it ectopic beats explain) and of what lies before their QRS (P waves, and whether the beats
agree there) go through a small forest of decision trees (``models/af.npz``; its card says what it
was fitted on and how right it is). Where the waves are not known, another forest judges more
intervals, and those in their middle once more on their own, so that it can say where AF begins.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgcore.beat_table import KIND, NORMAL, PR, R_MV, RR, SEGMENT, SUPRAVENTRICULAR, VENTRICULAR, P
from ecgcore.disorder import N_DISORDER, disorder
from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.types import FloatArray

FIGURES = (
    "mean_s",
    "nrmssd",
    "median_step",
    "turning_points",
    "entropy",
    "steps_over_3_pct",
    "steps_over_6_pct",
    "steps_over_12_pct",
    "matches_of_one",
    "matches_of_two",
    "second_step",
    "third_step",
    "spread",
    "middle_spread",
    "ventricular_share",
    "supraventricular_share",
    "clean_share",
    "clean_nrmssd",
    "clean_median_step",
    "p_share",
    "p_confidence",
    "pr_spread_s",
    "agreement",
    "agreement_of_average",
    "average_height",
    "remainder_height",
)
N_FIGURES = 26
N_RR = 14
"""Figures that rest on intervals alone; they come first."""
N_RR_FIGURES = 2 * (N_RR + N_DISORDER)
N_NARROW = 20
"""Intervals in the middle that are judged once more."""
LEAST_INTERVALS = 7


class Forest(NamedTuple):
    """Decision trees as flat arrays; node 0 of each tree follows from `roots`."""

    roots: NDArray[np.int32]
    figure: NDArray[np.int32]
    """Which figure a node asks for; -1 for a leaf."""
    limit: FloatArray
    left: NDArray[np.int32]
    """Where it goes on if the figure is at most `limit`, else to `left + 1`."""
    value: FloatArray
    """Log odds that a leaf adds."""

    @classmethod
    def of(cls, model: dict[str, FloatArray], kind: str) -> "Forest":
        """Take one of the forests of a model."""
        roots, figure, limit, left, value = (model[f"{kind}_{name}"] for name in cls._fields)
        return cls(
            roots.astype(np.int32), figure.astype(np.int32), limit, left.astype(np.int32), value
        )


@compiled
def figures(beats: FloatArray) -> FloatArray:
    """Measure consecutive beats, in the order of `FIGURES`.

    Parameters
    ----------
    beats : FloatArray, shape (n, N_COLUMNS)
        Rows of `ecgcore.beat_table`; at least `LEAST_INTERVALS` of them have an interval.
    """
    found = np.zeros(N_FIGURES)
    kind = beats[:, KIND].copy()
    for i in range(kind.size):
        # Without waves a class S says no more than that the beat came early.
        if kind[i] == SUPRAVENTRICULAR and np.isnan(beats[i, P]):
            kind[i] = NORMAL
    _of_intervals(beats[:, RR].copy(), kind, found)
    _of_waves(beats, found)
    return found


@compiled
def rr_figures(rr_s: FloatArray) -> FloatArray:
    """Measure intervals whose waves are not known, all of them and then those in the middle.

    Of each: the first `N_RR` of `FIGURES`, then those of `ecgcore.disorder`. Classes are left out:
    detectors that give no waves mostly give none.

    Parameters
    ----------
    rr_s : FloatArray, shape (n,), s
        NaN where there is none; at least `LEAST_INTERVALS` are known.
    """
    first = max(rr_s.size // 2 - N_NARROW // 2, 0)
    narrow = rr_s[first : first + N_NARROW]
    if np.isfinite(narrow).sum() < LEAST_INTERVALS:
        narrow = rr_s
    return np.concatenate((_of_rr(rr_s), _of_rr(narrow)))


@compiled
def _of_rr(rr_s: FloatArray) -> FloatArray:
    found = np.zeros(N_FIGURES)
    _of_intervals(rr_s.copy(), np.zeros(rr_s.size), found)
    return np.concatenate((found[:N_RR], disorder(rr_s)))


@compiled
def _of_intervals(rr_s: FloatArray, kind: FloatArray, found: FloatArray) -> None:
    n = rr_s.size
    known = rr_s[np.isfinite(rr_s)]
    m = known.size
    mean = known.mean()
    steps = np.empty(n)
    clean = np.empty(n)
    second = np.empty(n)
    third = np.empty(n)
    n_steps = n_clean = n_turns = n_pairs = n_second = n_third = 0
    for i in range(1, n):
        step = (rr_s[i] - rr_s[i - 1]) / mean
        if not np.isfinite(step):
            continue
        if n_steps and np.isfinite(rr_s[i - 2]):
            n_pairs += 1
            n_turns += step * (rr_s[i - 1] - rr_s[i - 2]) < 0.0
        steps[n_steps] = abs(step)
        n_steps += 1
        if i >= 2 and kind[i] + kind[i - 1] + kind[i - 2] == NORMAL:
            clean[n_clean] = abs(step)
            n_clean += 1
        if i >= 2 and np.isfinite(rr_s[i - 2]):
            second[n_second] = abs(rr_s[i] - rr_s[i - 2]) / mean
            n_second += 1
        if i >= 3 and np.isfinite(rr_s[i - 3]):
            third[n_third] = abs(rr_s[i] - rr_s[i - 3]) / mean
            n_third += 1
    found[0] = mean
    if n_steps:
        found[1] = min(np.sqrt(np.mean(steps[:n_steps] ** 2)), 1.5)
        found[2] = np.median(steps[:n_steps])
        found[5] = np.mean(steps[:n_steps] > 0.03)
        found[6] = np.mean(steps[:n_steps] > 0.06)
        found[7] = np.mean(steps[:n_steps] > 0.12)
    found[3] = n_turns / max(n_pairs, 1)
    found[4] = _entropy(known / mean)
    found[8], found[9] = _matches(rr_s, 0.04 * mean)
    found[10] = np.median(second[:n_second]) if n_second else 0.0
    found[11] = np.median(third[:n_third]) if n_third else 0.0
    ordered = np.sort(known) / mean
    found[12] = ordered[m - 1 - m // 20] - ordered[m // 20]
    found[13] = ordered[m - 1 - m // 4] - ordered[m // 4]
    found[14] = np.mean(kind == VENTRICULAR)
    found[15] = np.mean(kind == SUPRAVENTRICULAR)
    found[16] = n_clean / max(n_steps, 1)
    if n_clean:
        found[17] = min(np.sqrt(np.mean(clean[:n_clean] ** 2)), 1.5)
        found[18] = np.median(clean[:n_clean])


@compiled
def _entropy(ratios: FloatArray) -> float:
    """Entropy of the intervals over their mean in bins around 1, 0 to 1: AF fills many evenly."""
    counts = np.zeros(16)
    for ratio in ratios:
        counts[min(max(int((ratio - 0.4) / 1.2 * 16.0), 0), 15)] += 1.0
    total = 0.0
    for count in counts:
        if count > 0.0:
            total -= count / ratios.size * np.log2(count / ratios.size)
    return total / 4.0


@compiled
def _matches(rr_s: FloatArray, tolerance_s: float) -> tuple[float, float]:
    """Share of pairs of intervals that agree, and of those whose next ones agree as well.

    What sample entropy is made of (Richman and Moorman 2000; for AF Lake and Moorman 2011).
    """
    n = rr_s.size
    n_one = n_two = n_all = 0
    for i in range(n - 1):
        for j in range(i + 1, n - 1):
            if not np.isfinite(rr_s[i] + rr_s[j]):
                continue
            n_all += 1
            if abs(rr_s[i] - rr_s[j]) <= tolerance_s:
                n_one += 1
                n_two += abs(rr_s[i + 1] - rr_s[j + 1]) <= tolerance_s
    return n_one / max(n_all, 1), (n_two + 0.5) / (n_one + 1.0)


@compiled
def _of_waves(beats: FloatArray, found: FloatArray) -> None:
    n = beats.shape[0]
    p, pr_s, segments = beats[:, P], beats[:, PR], beats[:, SEGMENT:]
    found[19] = np.mean(p > 0.0)
    found[20] = np.nansum(p) / n
    known = np.sort(pr_s[np.isfinite(pr_s)])
    m = known.size
    found[21] = known[m - 1 - m // 4] - known[m // 4] if m > 3 else 0.2
    scale = max(np.median(np.abs(beats[:, R_MV])), 1e-6)
    flat = np.empty((n, segments.shape[1]))
    m = 0
    for i in range(n):
        mean = segments[i].mean()
        if np.isfinite(mean):
            flat[m] = segments[i] - mean
            m += 1
    if m < 4:
        return
    flat = flat[:m]
    average = np.zeros(flat.shape[1])
    for k in range(flat.shape[1]):
        average[k] = np.median(flat[:, k])
    total = 0.0
    own = np.empty(m)
    squares = np.empty(m)
    of_average = _product(average, average)
    for i in range(m):
        squares[i] = _product(flat[i], flat[i])
        own[i] = _product(flat[i], average) / max(np.sqrt(squares[i] * of_average), 1e-9)
    for i in range(1, m):
        size = np.sqrt(squares[i] * squares[i - 1])
        total += _product(flat[i], flat[i - 1]) / max(size, 1e-9)
    found[22] = total / (m - 1)
    found[23] = np.median(own)
    found[24] = min((average.max() - average.min()) / scale, 2.0)
    remainder = np.empty(m)
    for i in range(m):
        remainder[i] = np.sqrt(((flat[i] - average) ** 2).mean())
    found[25] = min(np.median(remainder) / scale, 2.0)


@compiled
def _product(x: FloatArray, y: FloatArray) -> float:
    total = 0.0
    for k in range(x.size):
        total += x[k] * y[k]
    return total


@compiled
def _log_odds(
    values: FloatArray,
    roots: NDArray[np.int32],
    figure: NDArray[np.int32],
    limit: FloatArray,
    left: NDArray[np.int32],
    value: FloatArray,
) -> float:
    total = 0.0
    for root in roots:
        node = root
        while figure[node] >= 0:
            node = left[node] + (values[figure[node]] > limit[node])
        total += value[node]
    return total


def probability(values: FloatArray, has_waves: bool) -> float:
    """Give the probability of atrial fibrillation, 0 to 1, from `figures` or `rr_figures`."""
    odds = log_odds(values, _forest("waves" if has_waves else "rr"))
    return 1.0 / (1.0 + float(np.exp(-min(max(odds, -30.0), 30.0))))


def log_odds(values: FloatArray, forest: Forest) -> float:
    """Give what a forest says of some figures."""
    return float(_log_odds(values, *forest))


@cache
def _forest(kind: str) -> Forest:
    return Forest.of(load("af"), kind)
