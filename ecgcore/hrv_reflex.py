"""Reflexes in the heart rate: what follows a change of it, and a premature beat."""

from typing import NamedTuple

import numpy as np

from ecgcore.jit import compiled
from ecgcore.nn import BoolArray
from ecgcore.nn_series import NnSeries, bounds_of
from ecgcore.types import FloatArray, Int64Array

RUN_LENGTHS = (2, 4, 8)
_BEFORE, _AFTER = 5, 15
"""Sinus intervals that turbulence looks at before a premature beat and after its pause."""
_SHORTEST_MS, _LONGEST_MS, _MOST_STEP_MS, _MOST_OFF = 300.0, 2000.0, 200.0, 0.2
_LEAST_EARLY, _LEAST_PAUSE = 0.8, 1.2
"""Of the mean of the intervals before: coupling at most, pause at least (20 %)."""
_SLOPE_BEATS = 5
ONSET_NORMAL_PCT, SLOPE_NORMAL_MS = 0.0, 2.5


class Capacity(NamedTuple):
    """Phase-rectified averages (Bauer 2006), and what they rest on."""

    dc: float
    ac: float
    n_dc: int
    n_ac: int


class Turbulence(NamedTuple):
    """Heart-rate turbulence, by catalogue keys, and the premature beats it rests on."""

    hrt_to: float
    hrt_ts: float
    hrt_tt: float
    """First of the five beats of the steepest slope, counted from 1."""
    hrt_class: float
    n: int


def capacity(nn: NnSeries, most_change: float) -> Capacity:
    """Average the intervals around lengthenings (dc) and shortenings (ac).

    Notes
    -----
    An anchor is longer (dc) or shorter (ac) than the interval before, by at most `most_change`
    of it, with two intervals before and one after in its run;
    (X0 + X1 - X-1 - X-2) / 4 of the averages. NaN without anchors.
    """
    x, run = nn.nn_ms, nn.run
    if x.size < 4:
        return Capacity(float("nan"), float("nan"), 0, 0)
    inside = run[3:] == run[:-3]
    change = x[2:-1] / x[1:-2] - 1.0
    wave = (x[2:-1] + x[3:] - x[1:-2] - x[:-3]) / 4.0
    is_near = inside & (np.abs(change) <= most_change)
    longer, shorter = is_near & (change > 0.0), is_near & (change < 0.0)
    return Capacity(
        float(wave[longer].mean()) if longer.any() else float("nan"),
        float(wave[shorter].mean()) if shorter.any() else float("nan"),
        int(longer.sum()),
        int(shorter.sum()),
    )


def deceleration_runs_pct(nn: NnSeries) -> tuple[float, ...]:
    """Give the rows of exactly so many lengthenings (`RUN_LENGTHS`) per NN interval, %.

    Notes
    -----
    Guzik 2012. Differences that are not formed and intervals that stay the same end a row.
    """
    longer = (np.diff(nn.nn_ms) > 0.0) & (nn.run[1:] == nn.run[:-1])
    rows = np.diff(bounds_of(np.cumsum(np.concatenate(([True], ~longer))))) - 1
    return tuple(100.0 * float((rows == length).sum()) / nn.n for length in RUN_LENGTHS)


def stress_index(nn_ms: FloatArray, bin_ms: float) -> float:
    """Give Baevsky's index, AMo / (2 Mo MxDMn), with AMo in % and the rest in seconds.

    Notes
    -----
    Mo is the middle of the fullest bin (bins begin at 0, the first of equals), AMo the share of
    intervals in it, MxDMn the range. Wellness only. NaN where all intervals are the same.
    """
    place = np.floor(nn_ms / bin_ms).astype(np.int64)
    first = int(place.min())
    counts = np.bincount(place - first)
    fullest = int(np.argmax(counts))
    mode_s = (first + fullest + 0.5) * bin_ms / 1e3
    range_s = float(np.ptp(nn_ms)) / 1e3
    if not range_s:
        return float("nan")
    return 100.0 * float(counts[fullest]) / nn_ms.size / (2.0 * mode_s * range_s)


def turbulence(rr_ms: FloatArray, normal: BoolArray, ventricular: BoolArray) -> Turbulence:
    """Measure how sinus rhythm answers ventricular premature beats.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n,)
        Interval that ends with each beat, NaN where there is none.
    normal : BoolArray, shape (n,)
        Which of them are NN intervals.
    ventricular : BoolArray, shape (n,)
        Which beats are ventricular.

    Notes
    -----
    Schmidt 1999 by the rules of h-r-t.org: single premature beats at least 20 % early, their pause
    at least 20 % longer than the mean of the five intervals before; five NN before and fifteen
    after, 300 to 2000 ms, no step over 200 ms, none more than 20 % off that mean. Onset is
    averaged over premature beats, the slope is that of the average row. NaN without usable ones.
    """
    at = _usable(rr_ms, normal, ventricular)
    nan = float("nan")
    if not at.size:
        return Turbulence(nan, nan, nan, nan, 0)
    before_ms = rr_ms[at - 2] + rr_ms[at - 1]
    onset_pct = float((100.0 * (rr_ms[at + 2] + rr_ms[at + 3] - before_ms) / before_ms).mean())
    mean_ms = rr_ms[at[:, None] + 2 + np.arange(_AFTER)].mean(axis=0)
    apart = np.arange(_SLOPE_BEATS) - (_SLOPE_BEATS - 1) / 2.0
    slopes = np.correlate(mean_ms, apart, "valid") / (apart**2).sum()
    first = int(np.argmax(slopes))
    slope_ms = float(slopes[first])
    abnormal = (onset_pct >= ONSET_NORMAL_PCT) + (slope_ms <= SLOPE_NORMAL_MS)
    return Turbulence(onset_pct, slope_ms, first + 1.0, float(abnormal), at.size)


@compiled
def _usable(rr_ms: FloatArray, normal: BoolArray, ventricular: BoolArray) -> Int64Array:
    """Give the premature beats that pass all rules."""
    found = np.empty(rr_ms.size, np.int64)
    n = 0
    for at in range(_BEFORE, rr_ms.size - 1 - _AFTER):
        if not ventricular[at]:
            continue
        mean_ms = rr_ms[at - _BEFORE : at].mean()
        # Comparisons with NaN are false, so that lost samples pass no rule.
        is_early = rr_ms[at] <= _LEAST_EARLY * mean_ms
        is_late = rr_ms[at + 1] >= _LEAST_PAUSE * mean_ms
        if (
            is_early
            and is_late
            and _is_sinus(rr_ms, normal, at - _BEFORE, at, mean_ms)
            and _is_sinus(rr_ms, normal, at + 2, at + 2 + _AFTER, mean_ms)
        ):
            found[n] = at
            n += 1
    return found[:n]


@compiled
def _is_sinus(rr_ms: FloatArray, normal: BoolArray, begin: int, end: int, mean_ms: float) -> bool:
    for i in range(begin, end):
        is_fit = normal[i] and _SHORTEST_MS <= rr_ms[i] <= _LONGEST_MS
        is_near = abs(rr_ms[i] - mean_ms) <= _MOST_OFF * mean_ms
        is_smooth = i == begin or abs(rr_ms[i] - rr_ms[i - 1]) <= _MOST_STEP_MS
        if not (is_fit and is_near and is_smooth):
            return False
    return True
