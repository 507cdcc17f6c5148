"""Each beat of a lead beside the usual one and beside the beat before it.

The usual beat is the running mean of the normal beats before; the beat before is compared by
dynamic time warping, which forgives that waves come a little sooner or later.
"""

import math
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from annotated_types import Interval

from ecgcore.beat_shapes import N_GRID, QRS_AT, T_AT, likeness
from ecgcore.hrv_config import Band
from ecgcore.hrv_spectrum import lomb_density
from ecgcore.jit import compiled
from ecgcore.limits import Count
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray

# Columns of what `compare_beats` gives.
QRS, QRST, RMSE, DTW = range(4)
N_FIGURES = 4
_LEAST_POWER = 1e-12
Warp: TypeAlias = Annotated[int, Interval(ge=0, le=N_GRID)]


@dataclass(frozen=True, slots=True)
class LikenessLimits:
    """How beats are compared."""

    template_beats: Count = 16
    """The running mean forgets as if it were over so many."""
    warp: Warp = 8
    """Steps of the grid, of 8 ms, that two beats may be warped against each other."""


def compare_beats(
    cuts: FloatArray, is_normal: BoolArray, follows: BoolArray, limits: LikenessLimits
) -> FloatArray:
    """Compare the beats of one lead.

    Parameters
    ----------
    cuts : FloatArray, shape (n_beats, 80)
        As `ecgcore.beat_cuts` gives them, one lead's.
    is_normal : BoolArray, shape (n_beats,)
        Which beats the usual one is made of.
    follows : BoolArray, shape (n_beats,)
        Which follow the one before without lost samples.

    Returns
    -------
    FloatArray, shape (n_beats, 4)
        Correlation with the usual beat, of QRS and of QRST; rms difference of QRST from it over
        its own; distance to the beat before. NaN where there is nothing to compare with.
    """
    found = np.full((len(cuts), N_FIGURES), np.nan)
    _compare(
        np.ascontiguousarray(cuts), is_normal, follows, limits.template_beats, limits.warp, found
    )
    return found


@compiled
def _compare(
    cuts: FloatArray,
    is_normal: BoolArray,
    follows: BoolArray,
    template_beats: int,
    warp: int,
    found: FloatArray,
) -> None:
    usual = np.zeros(N_GRID)
    n_usual = 0
    for i in range(cuts.shape[0]):
        beat = cuts[i]
        if np.isnan(beat).any():
            continue
        if n_usual > 0:
            found[i, QRS], _ = likeness(usual, beat, QRS_AT, T_AT)
            found[i, QRST], differs = likeness(usual, beat, QRS_AT, N_GRID)
            own = usual[QRS_AT:N_GRID].var()
            if own > _LEAST_POWER:
                found[i, RMSE] = math.sqrt(differs / own)
        if i > 0 and follows[i] and not np.isnan(cuts[i - 1]).any():
            found[i, DTW] = warped_distance(cuts[i - 1], beat, warp)
        if is_normal[i]:
            n_usual = min(n_usual + 1, template_beats)
            for k in range(N_GRID):
                usual[k] += (beat[k] - usual[k]) / n_usual


@compiled
def warped_distance(one: FloatArray, other: FloatArray, warp: int) -> float:
    """Give the least sum of differences along a path that pairs all points in order.

    Both are divided by their rms first; the sum is over the number of points. Paths stray at most
    `warp` points from the diagonal. NaN for a flat line.
    """
    n = one.size
    size_one, size_other = math.sqrt((one**2).mean()), math.sqrt((other**2).mean())
    if size_one * size_other <= _LEAST_POWER:
        return math.nan
    last, row = np.full(n + 1, np.inf), np.full(n + 1, np.inf)
    last[0] = 0.0
    for i in range(1, n + 1):
        row[:] = np.inf
        for j in range(max(i - warp, 1), min(i + warp, n) + 1):
            cost = abs(one[i - 1] / size_one - other[j - 1] / size_other)
            row[j] = cost + min(last[j], last[j - 1], row[j - 1])
        last, row = row, last
    return float(last[n] / n)


def slow_power(time_s: FloatArray, values: FloatArray, band_hz: Band, segment_s: float) -> float:
    """Give the power of an uneven series in a band, mean over whole segments; NaN without one.

    Lomb-Scargle of each segment, its mean taken off; a segment needs values all along (half a
    value each second) to count.
    """
    found = []
    step_hz = 0.5 / segment_s
    frequency_hz = np.arange(band_hz[0] + 0.5 * step_hz, band_hz[1], step_hz)
    for start_s in np.arange(time_s[0], time_s[-1] - segment_s + 1e-9, segment_s):
        inside = (time_s >= start_s) & (time_s < start_s + segment_s)
        if inside.sum() < 0.5 * segment_s:
            continue
        level = values[inside] - values[inside].mean()
        found.append(lomb_density(time_s[inside], level, frequency_hz).sum() * step_hz)
    return float(np.mean(found)) if found else math.nan
