"""The QRS of one lead as a row of deflections: Q, R, S, R', S'.

A deflection is a stretch of one sign, at least 8 ms long and 0.05 mV high (biomarkers, S53);
smaller ones belong to no wave, and what stands on either side of one is one. A last one that does
not come back is no wave but the shift of ST. Without any positive one the complex is a QS, named Q
here.
"""

import math

import numpy as np

from ecgcore import morph_places as m
from ecgcore.jit import compiled
from ecgcore.types import FloatArray

LEAST_MV, LEAST_MS = 0.05, 8.0
TAIL_MV = 0.05
"""How far the last deflection must come back to where QRS ends: else it is ST's shift."""
NOTCH_MV = 0.02
INITIAL_MS = 40.0
# Columns of a deflection: first and last sample, the peak's sample, its height, the area.
FIRST, LAST, PEAK, HEIGHT, AREA = range(5)
N_COLUMNS = 5
MOST = 8
_Q, _R, _S, _RP, _SP = range(5)


@compiled
def deflections_of(qrs_mv: FloatArray, fs_hz: float, found: FloatArray) -> int:
    """Write the deflections in order of time, up and down alternating; give their number.

    Parameters
    ----------
    qrs_mv : FloatArray, shape (n,)
        From QRS onset to its end, over the level before it.
    found : FloatArray, shape (MOST, N_COLUMNS)
    """
    n, first = 0, 0
    while first < qrs_mv.size and n < found.shape[0]:
        is_up = qrs_mv[first] > 0.0
        last, peak, total = first, first, 0.0
        while last < qrs_mv.size and (qrs_mv[last] > 0.0) == is_up:
            total += qrs_mv[last]
            peak = last if abs(qrs_mv[last]) > abs(qrs_mv[peak]) else peak
            last += 1
        is_long = (last - first) * 1e3 >= LEAST_MS * fs_hz
        if is_long and abs(qrs_mv[peak]) >= LEAST_MV:
            found[n, FIRST], found[n, LAST], found[n, PEAK] = first, last - 1, peak
            found[n, HEIGHT], found[n, AREA] = qrs_mv[peak], 1e3 * total / fs_hz
            n += 1
        first = last
    if n > 1 and found[n - 1, LAST] == qrs_mv.size - 1:
        n -= abs(found[n - 1, HEIGHT] - qrs_mv[-1]) < TAIL_MV
    return _joined(qrs_mv, fs_hz, found, n)


@compiled
def _joined(qrs_mv: FloatArray, fs_hz: float, found: FloatArray, n: int) -> int:
    """Make one of neighbours on one side, in place; give how many are left."""
    n_left = 0
    for k in range(n):
        if n_left == 0 or (found[n_left - 1, HEIGHT] > 0.0) != (found[k, HEIGHT] > 0.0):
            found[n_left] = found[k]
            n_left += 1
            continue
        before = found[n_left - 1]
        before[LAST] = found[k, LAST]
        if abs(found[k, HEIGHT]) > abs(before[HEIGHT]):
            before[PEAK], before[HEIGHT] = found[k, PEAK], found[k, HEIGHT]
        whole = qrs_mv[int(before[FIRST]) : int(before[LAST]) + 1]
        before[AREA] = 1e3 * whole.sum() / fs_hz
    return n_left


@compiled
def measure_deflections(found: FloatArray, n: int, fs_hz: float, figures: FloatArray) -> None:
    """Name the deflections Q, R, S, R' and S', and write height, width and area of each."""
    name = _Q
    for k in range(n):
        is_up = found[k, HEIGHT] > 0.0
        if is_up:
            name = _R if name < _R else _RP
        elif name != _Q:
            name = _S if name == _R else _SP
        width_ms = (found[k, LAST] - found[k, FIRST] + 1.0) * 1e3 / fs_hz
        if name <= _S:
            at = m.QRS_AT + 3 * name
            if math.isnan(figures[at]):
                figures[at], figures[at + 1] = abs(found[k, HEIGHT]), width_ms
                figures[at + 2] = found[k, AREA]
        else:
            at = m.QRS_AT + 9 + 2 * (name - _RP)
            if math.isnan(figures[at]):
                figures[at], figures[at + 1] = abs(found[k, HEIGHT]), width_ms


@compiled
def measure_qrs(beat_mv: FloatArray, fs_hz: float, on: int, off: int, figures: FloatArray) -> None:
    """Write all that is measured between QRS onset and end.

    Parameters
    ----------
    beat_mv : FloatArray, shape (n,)
        Over the level before the QRS.
    on, off : int
        Samples of its onset and end; ``on < off``.
    """
    qrs_mv = beat_mv[on : off + 1]
    found = np.empty((MOST, N_COLUMNS))
    n = deflections_of(qrs_mv, fs_hz, found)
    measure_deflections(found, n, fs_hz, figures)
    low = high = qrs_mv[0]
    area = absolute = squares = 0.0
    for value in qrs_mv:
        low, high = min(low, value), max(high, value)
        area += value
        absolute += abs(value)
        squares += value * value
    at = m.QRS_WHOLE_AT
    figures[at] = high - low
    figures[at + 1], figures[at + 2] = 1e3 * area / fs_hz, 1e3 * absolute / fs_hz
    figures[at + 3] = 1e3 * math.sqrt(squares / qrs_mv.size)
    last_up = -1
    for k in range(n):
        last_up = int(found[k, PEAK]) if found[k, HEIGHT] > 0.0 else last_up
    if last_up >= 0:
        figures[at + 4] = last_up * 1e3 / fs_hz
    figures[at + 5] = notches_of(qrs_mv, found, n)
    _measure_slopes(qrs_mv, fs_hz, figures)


@compiled
def notches_of(qrs_mv: FloatArray, found: FloatArray, n: int) -> float:
    """Count the extra peaks of the R wave that stand at least 0.02 mV over the dip before."""
    for k in range(n):
        if found[k, HEIGHT] > 0.0:
            return float(_peaks(qrs_mv[int(found[k, FIRST]) : int(found[k, LAST]) + 1]) - 1)
    return math.nan


@compiled
def _peaks(wave_mv: FloatArray) -> int:
    """Count peaks with dips of `NOTCH_MV` between them."""
    n, high, low, is_rising = 0, wave_mv[0], wave_mv[0], True
    for value in wave_mv:
        if is_rising:
            high = max(high, value)
            if value <= high - NOTCH_MV:
                n, low, is_rising = n + 1, value, False
        else:
            low = min(low, value)
            if value >= low + NOTCH_MV:
                high, is_rising = value, True
    # A wave that ends on its way up, or never falls far, has its peak all the same.
    return n + 1 if is_rising and (n == 0 or high >= low + NOTCH_MV) else max(n, 1)


@compiled
def _measure_slopes(qrs_mv: FloatArray, fs_hz: float, figures: FloatArray) -> None:
    """Write the steepest rise and fall (between neighbours two apart), and the first slope."""
    at = m.QRS_WHOLE_AT + 6
    if qrs_mv.size < 3:
        return
    up, down = 0.0, 0.0
    for i in range(1, qrs_mv.size - 1):
        slope = 0.5 * fs_hz * (qrs_mv[i + 1] - qrs_mv[i - 1])
        up, down = max(up, slope), min(down, slope)
    figures[at], figures[at + 1] = up, down
    end = min(int(INITIAL_MS * 1e-3 * fs_hz) + 1, qrs_mv.size)
    figures[at + 2] = slope_of(qrs_mv[:end], fs_hz)


@compiled
def slope_of(values_mv: FloatArray, fs_hz: float) -> float:
    """Give the slope of the regression line, mV/s; NaN of fewer than two values."""
    n = values_mv.size
    if n < 2:
        return math.nan
    middle, top = 0.5 * (n - 1), 0.0
    for i in range(n):
        top += (i - middle) * values_mv[i]
    return 12.0 * top * fs_hz / (n * (n * n - 1.0))
