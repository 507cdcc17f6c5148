"""A small convolutional network that tells where the waves of a beat begin, peak and end.

It sees 1.28 s around the R peak of one lead, put on a 250 Hz grid and scaled by its own QRS, so
rate and gain do not matter. A strided convolution gives `_M` places of 16 ms; residual blocks of a
dilated depthwise and a pointwise convolution follow; then each place has for each of the nine
points a score and a small shift. The softmax of the scores is where the point lies, its mean is the
answer and its spread how sure it is. Three more scores tell whether there is such a wave.

The loops run over time in 32-bit floats, which the compiler turns into vector instructions: a beat
costs some ten microseconds. `cloud.training.delineate` makes the weights; ``models/delineate.md``
is their card.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.types import Float32Array, FloatArray

GRID_HZ = 250.0
FROM_S = -0.528
"""First place of the grid, against R."""
N_GRID = 320
N_POINTS = 9
"""Onset, peak, end of P, QRS and T."""
UNKNOWN_S = (-2.0, 0.8)
"""What counts as the distance of the beat before and of the next where there is none."""
UNEVENNESS = 0.05
"""That of a rhythm of which nothing is known yet: an even one."""
N_CHANNELS = 16
DILATIONS = (1, 2, 4, 8, 1)
STRIDE = 4
N_TAPS = 12
_C, _M = N_CHANNELS, N_GRID // STRIDE
_N_BLOCKS, _N_OUT = len(DILATIONS), 2 * N_POINTS + 3
# Every buffer is flat and has a row of `_ROW` places for each channel, of which the middle `_M` are
# used and the rest are the zeros that a block reaches into. Known distances between rows are what
# lets the compiler prove that it may use vector instructions.
_PAD = 16
_ROW = _M + 2 * _PAD
_NOTHING = 12.0
_FIRST_S = FROM_S + (STRIDE - 1) / 2 / GRID_HZ
_STEP_S = STRIDE / GRID_HZ
_QRS_FROM, _QRS_TO = 107, 157
"""R -100 ms to +96 ms on the grid: the swing in there is the scale."""
ARRAYS = {
    "first": (_C, 3, 3 * STRIDE),
    "place": (_C, _M),
    "context": (_C, 5),
    "depthwise": (_N_BLOCKS, _C, 5),
    "depthwise_bias": (_N_BLOCKS, _C),
    "pointwise": (_N_BLOCKS, _C, _C),
    "pointwise_bias": (_N_BLOCKS, _C),
    "head": (_N_OUT, _C),
    "head_bias": (_N_OUT,),
}
"""Weights in the order of the model's file. `first` has, for each of three places in a row, the
phases of each channel; `place` tells what a place means and holds the bias; `head` gives scores,
shifts and the presence of P, QRS and T."""
_SIZES = [math.prod(shape) for shape in ARRAYS.values()]
_AT = tuple(sum(_SIZES[:k]) for k in range(len(_SIZES) + 1))


@cache
def weights_of(name: str) -> Float32Array:
    """Read a network that ships with the package; all its `ARRAYS` one after the other.

    Raises
    ------
    ValueError
        If an array has another shape.
    """
    arrays = load(name)
    for key, shape in ARRAYS.items():
        if arrays[key].shape != shape:
            msg = f"model {name}: {key} has shape {arrays[key].shape}, {shape} is expected"
            raise ValueError(msg)
    return np.concatenate([arrays[key].ravel() for key in ARRAYS]).astype(np.float32)


class Surroundings(NamedTuple):
    """What is known of the beats around one."""

    before_s: float = -math.inf
    """Place of the R peak before, against this one; -inf: none."""
    after_s: float = math.inf
    """The next one; inf: none, or not known yet."""
    unevenness: float = UNEVENNESS
    """Running mean of the step from interval to interval, in their logarithm."""


def uneven(unevenness: float, interval: float, previous: float) -> float:
    """Give `Surroundings.unevenness` after one more interval."""
    step = min(abs(math.log(interval / previous)), 0.5)
    return unevenness + 0.25 * (step - unevenness)


def points_of(
    leads_mv: FloatArray,
    fs_hz: float,
    r: float,
    around: Surroundings,
    weights: Float32Array,
) -> FloatArray:
    """Find the points of one beat in each lead.

    Parameters
    ----------
    leads_mv : FloatArray, shape (n_leads, n_samples)
        Beyond its ends the first and last sample are taken to go on.
    r : float
        Place of the R peak in samples of `leads_mv`.

    Returns
    -------
    FloatArray, shape (n_leads, 21)
        Nine places in s against R, their nine spreads in s, and the log-odds that P, QRS and T are
        there; NaN for a lead that is flat around R.
    """
    return _points(leads_mv, fs_hz, r, *around, weights)


@compiled
def context_of(before_s: float, after_s: float, unevenness: float) -> Float32Array:
    """Give what the network is told of `Surroundings`, shape (5,)."""
    context = np.empty(5, np.float32)
    before = max(before_s, UNKNOWN_S[0])
    context[0] = 1.0 if before_s < UNKNOWN_S[0] else 0.0
    context[1] = before + 1.0
    context[2] = 1.0 / max(-before, 0.25) - 1.2
    context[3] = 2.0 * (min(after_s, UNKNOWN_S[1]) - 0.6)
    context[4] = 5.0 * unevenness - 0.5
    return context


@compiled
def _points(
    leads_mv: FloatArray,
    fs_hz: float,
    r: float,
    before_s: float,
    after_s: float,
    unevenness: float,
    weights: Float32Array,
) -> FloatArray:
    n_leads = leads_mv.shape[0]
    found = np.full((n_leads, _N_OUT), np.nan)
    context = context_of(before_s, after_s, unevenness)
    grid = np.empty(N_GRID, np.float32)
    phases = np.zeros(N_TAPS * _ROW, np.float32)
    hidden = np.zeros(_C * _ROW, np.float32)
    inner = np.empty(_C * _ROW, np.float32)
    out = np.empty(_N_OUT * _M, np.float32)
    for lead in range(n_leads):
        _on_grid(leads_mv[lead], r, fs_hz, grid)
        if _to_phases(grid, phases):
            _first_layer(phases, weights, context, hidden)
            for block in range(_N_BLOCKS):
                _depthwise(hidden, weights, block, inner)
                _pointwise(inner, weights, block, hidden)
            _head(hidden, weights, out)
            _decode(out, found[lead])
    return found


@compiled
def _on_grid(raw_mv: FloatArray, r: float, fs_hz: float, grid: Float32Array) -> None:
    """Put one lead on the grid: a mean over one grid step, then cubic (Catmull-Rom) between."""
    step = fs_hz / GRID_HZ
    start = r + FROM_S * fs_hz
    first = math.floor(start) - 1
    smooth = _smoothed(raw_mv, step, first, math.floor(start + (N_GRID - 1) * step) + 3)
    a, b, c, d = _cubic(start - first - 1.0)
    if step == 1.0:
        for k in range(N_GRID):
            grid[k] = a * smooth[k] + b * smooth[k + 1] + c * smooth[k + 2] + d * smooth[k + 3]
        return
    for k in range(N_GRID):
        at = start - first - 1.0 + k * step
        low = int(at)
        a, b, c, d = _cubic(at - low)
        grid[k] = a * smooth[low] + b * smooth[low + 1] + c * smooth[low + 2] + d * smooth[low + 3]


@compiled
def _cubic(f: float) -> tuple[float, float, float, float]:
    """Give the weights of four samples for a place between the inner two (Catmull-Rom)."""
    a = f * (f * (1.0 - 0.5 * f) - 0.5)
    d = f * f * (0.5 * f - 0.5)
    return a, 1.0 + f * f * (1.5 * f - 2.5), f * (0.5 + f * (2.0 - 1.5 * f)), d


@compiled
def _smoothed(raw_mv: FloatArray, step: float, first: int, end: int) -> FloatArray:
    """Give a lead from `first` to `end`, averaged over `step` samples; its ends go on outside."""
    n, n_mean = raw_mv.size, max(round(step), 1)
    smooth = np.empty(end - first)
    if n_mean == 1:
        low, high = min(max(first, 0), n), min(max(end, 0), n)
        smooth[: low - first] = raw_mv[0]
        smooth[low - first : high - first] = raw_mv[low:high]
        smooth[high - first :] = raw_mv[n - 1]
        return smooth
    half = n_mean // 2
    edge = 0.5 if n_mean % 2 == 0 else 1.0
    for i in range(first, end):
        total = edge * (_at(raw_mv, i - half) + _at(raw_mv, i + half))
        for k in range(i - half + 1, i + half):
            total += _at(raw_mv, k)
        smooth[i - first] = total / n_mean
    return smooth


@compiled
def _at(raw_mv: FloatArray, i: int) -> float:
    return float(raw_mv[min(max(i, 0), raw_mv.size - 1)])


@compiled
def _to_phases(grid: Float32Array, phases: Float32Array) -> bool:
    """Scale a beat into three channels, each dealt out to four phases; False if it is flat.

    The channels are the beat over its QRS swing, its slope and itself, the last two bent so that
    small waves count beside the QRS.
    """
    low, high = grid[_QRS_FROM], grid[_QRS_FROM]
    for k in range(_QRS_FROM, _QRS_TO):
        low, high = min(low, grid[k]), max(high, grid[k])
    if not high - low > 1e-6:
        return False
    one = np.float32(1.0)
    scale = one / (high - low)
    total = np.float32(0.0)
    for k in range(N_GRID):
        total += grid[k]
    mean = total / np.float32(N_GRID)
    for phase in range(STRIDE):
        plain = phases[phase * _ROW + _PAD : phase * _ROW + _PAD + _M]
        bent = phases[(phase + 8) * _ROW + _PAD : (phase + 8) * _ROW + _PAD + _M]
        slope = phases[(phase + 4) * _ROW + _PAD : (phase + 4) * _ROW + _PAD + _M]
        for m in range(_M):
            k = STRIDE * m + phase
            scaled = (grid[k] - mean) * scale
            tall = np.float32(8.0) * scaled
            rise = np.float32(30.0) * scale * (grid[min(k + 2, N_GRID - 1)] - grid[max(k - 2, 0)])
            plain[m] = scaled
            slope[m] = rise / (one + abs(rise))
            bent[m] = tall / (one + abs(tall))
    return True


@compiled
def _first_layer(
    phases: Float32Array, weights: Float32Array, context: Float32Array, hidden: Float32Array
) -> None:
    """Convolve 12 taps at a stride of 4, which on phases is 3 taps at a stride of 1."""
    total = np.empty(_M, np.float32)
    before, here, after = phases[_PAD - 1 :], phases[_PAD:], phases[_PAD + 1 :]
    for c in range(_C):
        bias = np.float32(0.0)
        for k in range(5):
            bias += weights[_AT[2] + c * 5 + k] * context[k]
        place = weights[_AT[1] + c * _M : _AT[1] + (c + 1) * _M]
        for m in range(_M):
            total[m] = place[m] + bias
        at = c * 3 * N_TAPS
        _add_12(total, before, weights, at)
        _add_12(total, here, weights, at + N_TAPS)
        _add_12(total, after, weights, at + 2 * N_TAPS)
        row = hidden[c * _ROW + _PAD : c * _ROW + _PAD + _M]
        for m in range(_M):
            row[m] = max(total[m], np.float32(0.0))


@compiled
def _depthwise(
    hidden: Float32Array, weights: Float32Array, block: int, inner: Float32Array
) -> None:
    reach = DILATIONS[block]
    for c in range(_C):
        row = inner[c * _ROW + _PAD : c * _ROW + _PAD + _M]
        start = c * _ROW + _PAD - 2 * reach
        x0, x1 = hidden[start : start + _M], hidden[start + reach : start + reach + _M]
        x2 = hidden[start + 2 * reach : start + 2 * reach + _M]
        x3 = hidden[start + 3 * reach : start + 3 * reach + _M]
        x4 = hidden[start + 4 * reach : start + 4 * reach + _M]
        w = weights[_AT[3] + (block * _C + c) * 5 : _AT[3] + (block * _C + c + 1) * 5]
        w0, w1, w2, w3, w4 = w[0], w[1], w[2], w[3], w[4]
        b = weights[_AT[4] + block * _C + c]
        for m in range(_M):
            total = b + w0 * x0[m] + w1 * x1[m] + w2 * x2[m] + w3 * x3[m] + w4 * x4[m]
            row[m] = max(total, np.float32(0.0))


@compiled
def _pointwise(
    inner: Float32Array, weights: Float32Array, block: int, hidden: Float32Array
) -> None:
    """Mix the channels and add them to what was there."""
    total = np.empty(_M, np.float32)
    x = inner[_PAD:]
    for c in range(_C):
        row = hidden[c * _ROW + _PAD : c * _ROW + _PAD + _M]
        bias = weights[_AT[6] + block * _C + c]
        for m in range(_M):
            total[m] = row[m] + bias
        _add_16(total, x, weights, _AT[5] + (block * _C + c) * _C)
        for m in range(_M):
            row[m] = max(total[m], np.float32(0.0))


@compiled
def _head(hidden: Float32Array, weights: Float32Array, out: Float32Array) -> None:
    x = hidden[_PAD:]
    for c in range(_N_OUT):
        row = out[c * _M : (c + 1) * _M]
        bias = weights[_AT[8] + c]
        for m in range(_M):
            row[m] = bias
        _add_16(row, x, weights, _AT[7] + c * _C)


# Sums over rows of a buffer, weighted by `w[at]` and on. Eight rows in one go touch `total` once;
# a slice for each would cost more than the sum.


@compiled
def _add_12(total: Float32Array, x: Float32Array, w: Float32Array, at: int) -> None:
    w0, w1, w2, w3 = w[at], w[at + 1], w[at + 2], w[at + 3]
    w4, w5, w6, w7 = w[at + 4], w[at + 5], w[at + 6], w[at + 7]
    for m in range(_M):
        total[m] += (
            (w0 * x[m] + w1 * x[m + _ROW]) + (w2 * x[m + 2 * _ROW] + w3 * x[m + 3 * _ROW])
        ) + (
            (w4 * x[m + 4 * _ROW] + w5 * x[m + 5 * _ROW])
            + (w6 * x[m + 6 * _ROW] + w7 * x[m + 7 * _ROW])
        )
    w0, w1, w2, w3 = w[at + 8], w[at + 9], w[at + 10], w[at + 11]
    for m in range(_M):
        total[m] += (w0 * x[m + 8 * _ROW] + w1 * x[m + 9 * _ROW]) + (
            w2 * x[m + 10 * _ROW] + w3 * x[m + 11 * _ROW]
        )


@compiled
def _add_16(total: Float32Array, x: Float32Array, w: Float32Array, at: int) -> None:
    w0, w1, w2, w3 = w[at], w[at + 1], w[at + 2], w[at + 3]
    w4, w5, w6, w7 = w[at + 4], w[at + 5], w[at + 6], w[at + 7]
    for m in range(_M):
        total[m] += (
            (w0 * x[m] + w1 * x[m + _ROW]) + (w2 * x[m + 2 * _ROW] + w3 * x[m + 3 * _ROW])
        ) + (
            (w4 * x[m + 4 * _ROW] + w5 * x[m + 5 * _ROW])
            + (w6 * x[m + 6 * _ROW] + w7 * x[m + 7 * _ROW])
        )
    w0, w1, w2, w3 = w[at + 8], w[at + 9], w[at + 10], w[at + 11]
    w4, w5, w6, w7 = w[at + 12], w[at + 13], w[at + 14], w[at + 15]
    for m in range(_M):
        total[m] += (
            (w0 * x[m + 8 * _ROW] + w1 * x[m + 9 * _ROW])
            + (w2 * x[m + 10 * _ROW] + w3 * x[m + 11 * _ROW])
        ) + (
            (w4 * x[m + 12 * _ROW] + w5 * x[m + 13 * _ROW])
            + (w6 * x[m + 14 * _ROW] + w7 * x[m + 15 * _ROW])
        )


@compiled
def _decode(out: Float32Array, found: FloatArray) -> None:
    """Turn scores into mean places, spreads and log-odds."""
    for point in range(N_POINTS):
        scores = out[point * _M : (point + 1) * _M]
        shifts = out[(N_POINTS + point) * _M : (N_POINTS + point + 1) * _M]
        top = _greatest(scores)
        total, first, second = 0.0, 0.0, 0.0
        for m in range(_M):
            # Less than exp(-12) of a share moves nothing.
            if scores[m] > top - _NOTHING:
                share = math.exp(scores[m] - top)
                at = m + shifts[m]
                total += share
                first += share * at
                second += share * at * at
        mean = first / total
        found[point] = _FIRST_S + _STEP_S * mean
        found[N_POINTS + point] = _STEP_S * math.sqrt(max(second / total - mean * mean, 0.0))
    for wave in range(2 * N_POINTS, _N_OUT):
        scores = out[wave * _M : (wave + 1) * _M]
        top = _greatest(scores)
        total = 0.0
        for m in range(_M):
            if scores[m] > top - _NOTHING:
                total += math.exp(scores[m] - top)
        found[wave] = top + math.log(total) - 3.0


@compiled
def _greatest(scores: Float32Array) -> float:
    """Give the greatest of the scores, four at a time to wait less for each."""
    a, b, c, d = scores[0], scores[1], scores[2], scores[3]
    for m in range(4, _M, 4):
        a, b = max(a, scores[m]), max(b, scores[m + 1])
        c, d = max(c, scores[m + 2]), max(d, scores[m + 3])
    return float(max(max(a, b), max(c, d)))
