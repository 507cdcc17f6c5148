"""P waves that no QRS follows: a search for the patient's own P wave between the beats.

The template is the running average of the P waves in front of the beats, on a grid of 10 ms. It
counts only once enough of them resemble it: no likeness of noise can be looked for in noise.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

N_TEMPLATE = 16
"""Cells of 10 ms, the P peak in the twelfth: behind it the QRS is near."""
MATCH, COUNT = N_TEMPLATE, N_TEMPLATE + 1
"""Behind the template: how alike the waves are that made it, and how many they were."""
N_PATTERN = N_TEMPLATE + 2
_N = N_TEMPLATE
_PEAK = 11
_CELL_S = 0.01
_AVERAGED = 24.0
_FEW = 4.0
_UNLIKE = 0.5
_ALIKE = 0.97
_STEP = 0.03
_APART = 20
_MOST = 8


@compiled
def cells_of(ecg_mv: FloatArray, first: float, n: int, step: float) -> FloatArray:
    """Give `n` values from place `first` on, `step` samples apart, between samples linearly."""
    found = np.empty(n)
    for k in range(n):
        at = first + k * step
        left = min(max(int(np.floor(at)), 0), ecg_mv.size - 2)
        found[k] = ecg_mv[left] + (at - left) * (ecg_mv[left + 1] - ecg_mv[left])
    return found


@compiled
def _likeness(cells: FloatArray, first: int, pattern: FloatArray) -> tuple[float, float]:
    """Give the correlation with the template, and the height in heights of it."""
    mean = 0.0
    for k in range(_N):
        mean += cells[first + k]
    mean /= _N
    both = own = of_template = 0.0
    for k in range(_N):
        value = cells[first + k] - mean
        both += value * pattern[k]
        own += value * value
        of_template += pattern[k] * pattern[k]
    if own <= 0.0 or of_template <= 0.0:
        return 0.0, 0.0
    return both / math.sqrt(own * of_template), both / of_template


@compiled
def learn(pattern: FloatArray, ecg_mv: FloatArray, at: float, fs_hz: float) -> None:
    """Average the P wave that peaks at place `at` into the pattern, shape (N_PATTERN,)."""
    step = _CELL_S * fs_hz
    first = at - _PEAK * step
    if first < 0.0 or first + _N * step > ecg_mv.size - 1:
        return
    cells = cells_of(ecg_mv, first, _N, step)
    mean = cells.mean()
    n = min(pattern[COUNT] + 1.0, _AVERAGED)
    if n > _FEW:
        alike, _ = _likeness(cells, 0, pattern)
        # A running quantile that a third reach: QRS and T waves may distort many.
        pattern[MATCH] += 2.0 * _STEP if alike > pattern[MATCH] else -_STEP
        pattern[MATCH] = min(max(pattern[MATCH], _UNLIKE), _ALIKE)
        # A shape that has changed for good, or another lead's, is learned once the old one fails.
        if alike < _UNLIKE < pattern[MATCH]:
            return
    for k in range(_N):
        pattern[k] += (cells[k] - mean - pattern[k]) / n
    pattern[COUNT] = n


@compiled
def search(
    pattern: FloatArray,
    ecg_mv: FloatArray,
    span: tuple[float, float],
    fs_hz: float,
    limits: tuple[float, float, float, float],
) -> FloatArray:
    """Give the places of the waves like the template that peak within a span, in order.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
    span : tuple of float
        Places in `ecg_mv`.
    limits : tuple of float
        Least correlation, least and greatest height, and how much the signal of the span may move,
        all three in heights of the template.

    Returns
    -------
    FloatArray, shape (m,)
        One NaN where the span cannot be judged.
    """
    step = _CELL_S * fs_hz
    n = int((span[1] - span[0]) / step) + 1
    first = span[0] - _PEAK * step
    none = np.empty(0)
    if n < 3 or first < 0.0 or first + (n + _N) * step > ecg_mv.size - 1:
        return none if n < 3 else np.full(1, np.nan)
    cells = cells_of(ecg_mv, first, n + _N, step)
    inside = cells[_PEAK : n + _PEAK]
    height = pattern[:_N].max() - pattern[:_N].min()
    if inside.max() - inside.min() > limits[3] * height:
        return np.full(1, np.nan)
    alike = np.empty(n)
    for k in range(n):
        r, size = _likeness(cells, k, pattern)
        alike[k] = r if limits[1] <= size <= limits[2] else 0.0
    found = np.empty(_MOST)
    n_found = 0
    while n_found < _MOST:
        best = int(np.argmax(alike))
        if alike[best] < limits[0]:
            break
        # A flank that goes on beyond the span is no summit.
        if 0 < best < n - 1:
            found[n_found] = span[0] + best * step
            n_found += 1
        alike[max(best - _APART, 0) : best + _APART + 1] = 0.0
    return np.sort(found[:n_found])
