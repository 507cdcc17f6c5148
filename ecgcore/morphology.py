"""What is measured of the shape of one beat in one lead, by its fiducial points.

The beat may be a real one or an average. Amplitudes of the P wave count from the level before it,
all others from the level before the QRS: the median of the 12 ms before (biomarkers, section 1).
Integrals are sums over samples; so every figure is true within one sample period.
"""

import math

import numpy as np

from ecgcore import morph_places as m
from ecgcore.jit import compiled
from ecgcore.morph_qrs import measure_qrs, slope_of
from ecgcore.types import FloatArray

KEYS = m.KEYS
_LEVEL_MS = 12.0
P_LEAST_MV = 0.02
"""A part of P that goes less far from the level is noise, or the level's own error."""
_ST_MS = (0.0, 20.0, 40.0, 60.0, 80.0)


@compiled
def measure_lead(
    beat_mv: FloatArray, fs_hz: float, points: FloatArray, rr_s: float, figures: FloatArray
) -> None:
    """Write the figures of one beat.

    Parameters
    ----------
    beat_mv : FloatArray, shape (n_samples,)
    points : FloatArray, shape (8,)
        Fiducial points in samples of the beat (`ecgcore.morph_places`), NaN where absent.
    rr_s : float
        Interval that the point J + RR/16 is told by; NaN if not known.
    figures : FloatArray, shape (len(KEYS),)
        Overwritten; NaN where a figure cannot be given.
    """
    figures[:] = math.nan
    last = beat_mv.size - 1
    if math.isnan(points[m.QRS_ON]) or math.isnan(points[m.QRS_OFF]):
        return
    on, off = _at(points[m.QRS_ON], last), _at(points[m.QRS_OFF], last)
    if not on < off:
        return
    over_mv = beat_mv - level_of(beat_mv, on, fs_hz)
    measure_qrs(over_mv, fs_hz, on, off, figures)
    _measure_p(beat_mv, fs_hz, points, on, figures)
    t_on, t_peak, t_off = points[m.T_ON], points[m.T_PEAK], points[m.T_OFF]
    _measure_st(over_mv, fs_hz, off, t_on, t_peak, rr_s, figures)
    squares = 0.0
    for value in over_mv:
        squares += value * value
    figures[m.BEAT_AT + 1] = squares / over_mv.size
    if math.isnan(t_peak):
        return
    first, top, end = _at(t_on, last), _at(t_peak, last), _at(t_off, last)
    if first < top < end:
        _measure_t(over_mv, fs_hz, first, top, end, figures)
        figures[m.BEAT_AT] = 1e3 * over_mv[on : end + 1].sum() / fs_hz


@compiled
def level_of(beat_mv: FloatArray, at: int, fs_hz: float) -> float:
    """Give the median of the 12 ms before a sample, itself included."""
    first = max(at + 1 - max(round(_LEVEL_MS * 1e-3 * fs_hz), 3), 0)
    return float(np.median(beat_mv[first : at + 1]))


@compiled
def _at(place: float, last: int) -> int:
    return min(max(round(place), 0), last)


@compiled
def _measure_p(
    beat_mv: FloatArray, fs_hz: float, points: FloatArray, qrs_on: int, figures: FloatArray
) -> None:
    p_mv = p_of(beat_mv, fs_hz, points)
    if p_mv.size == 0:
        return
    on = max(round(points[m.P_ON]), 0)
    off = on + p_mv.size - 1
    high, low, area, rms, up, _ = _whole(p_mv, fs_hz)
    at = m.P_AT
    figures[at], figures[at + 1] = max(high, 0.0), min(low, 0.0)
    figures[at + 2], figures[at + 3], figures[at + 4] = area, rms, up
    figures[at + 5], figures[at + 6] = _sides_ms(p_mv, fs_hz, P_LEAST_MV)
    if off < qrs_on:
        total = 0.0
        for i in range(off, qrs_on):
            total += beat_mv[i]
        figures[at + 7] = 1e3 * (total / (qrs_on - off) - level_of(beat_mv, on, fs_hz))


@compiled
def _measure_st(
    over_mv: FloatArray,
    fs_hz: float,
    j: int,
    t_on: float,
    t_peak: float,
    rr_s: float,
    figures: FloatArray,
) -> None:
    at, last = m.ST_AT, over_mv.size - 1
    for k in range(len(_ST_MS)):
        figures[at + k] = _level_uv(over_mv, j + _ST_MS[k] * 1e-3 * fs_hz)
    figures[at + 5] = _level_uv(over_mv, j + rr_s * fs_hz / 16.0)
    j60, j80 = j + round(0.060 * fs_hz), j + round(0.080 * fs_hz)
    if j80 <= last:
        # By trapezoids: ST has a level at both ends, which a whole sample more would add to.
        ends_mv = over_mv[j] + over_mv[j80]
        figures[at + 11] = 1e3 * (over_mv[j : j80 + 1].sum() - 0.5 * ends_mv) / fs_hz
        figures[at + 12] = slope_of(over_mv[j : j60 + 1], fs_hz)
    if math.isnan(t_peak):
        return
    for k in range(3):
        share = (0.25, 0.375, 0.5)[k]
        figures[at + 6 + k] = _level_uv(over_mv, j + share * (t_peak - j))
    first = _at(t_on, last)
    if j < first:
        figures[at + 9] = 1e3 * over_mv[j : first + 1].max()
        figures[at + 10] = 1e3 * over_mv[j : first + 1].min()


@compiled
def _level_uv(over_mv: FloatArray, place: float) -> float:
    """Give the level at a place between samples; NaN beyond the end or where the place is."""
    if math.isnan(place) or not 0.0 <= place <= over_mv.size - 1.0:
        return math.nan
    low = min(int(place), over_mv.size - 2)
    share = place - low
    return float(1e3 * ((1.0 - share) * over_mv[low] + share * over_mv[low + 1]))


@compiled
def _measure_t(
    over_mv: FloatArray, fs_hz: float, on: int, top: int, off: int, figures: FloatArray
) -> None:
    at, t_mv = m.T_AT, over_mv[on : off + 1]
    high, low, area, rms, up, down = _whole(t_mv, fs_hz)
    figures[at], figures[at + 1] = max(high, 0.0), min(low, 0.0)
    figures[at + 2] = high if high >= -low else low
    figures[at + 3], figures[at + 4], figures[at + 5], figures[at + 6] = area, rms, up, down
    figures[at + 7], figures[at + 8] = _sides_ms(t_mv, fs_hz, 0.0)
    figures[at + 9] = (top - on) / (off - top)
    before = after = 0.0
    for i in range(on, top):
        before += over_mv[i]
    for i in range(top + 1, off + 1):
        after += over_mv[i]
    if before * after > 0.0:
        figures[at + 10] = before / after


@compiled
def _whole(wave_mv: FloatArray, fs_hz: float) -> tuple[float, float, float, float, float, float]:
    """Give highest, lowest, area, root mean square (uV), and the steepest rise and fall."""
    high = low = wave_mv[0]
    total = squares = up = down = 0.0
    for i in range(wave_mv.size):
        value = wave_mv[i]
        high, low = max(high, value), min(low, value)
        total += value
        squares += value * value
        if 0 < i < wave_mv.size - 1:
            slope = 0.5 * fs_hz * (wave_mv[i + 1] - wave_mv[i - 1])
            up, down = max(up, slope), min(down, slope)
    rms_uv = 1e3 * math.sqrt(squares / wave_mv.size)
    return high, low, 1e3 * total / fs_hz, rms_uv, up, down


@compiled
def _sides_ms(wave_mv: FloatArray, fs_hz: float, least_mv: float) -> tuple[float, float]:
    """Give for how long the wave is above and below its level, in parts that go so far from it."""
    n_up = n_down = first = 0
    high_mv = 0.0
    for i in range(wave_mv.size):
        side = np.sign(wave_mv[i])
        high_mv = max(high_mv, abs(wave_mv[i]))
        if i + 1 < wave_mv.size and np.sign(wave_mv[i + 1]) == side:
            continue
        if high_mv >= least_mv:
            n_up += (i + 1 - first) * (side > 0.0)
            n_down += (i + 1 - first) * (side < 0.0)
        first, high_mv = i + 1, 0.0
    return n_up * 1e3 / fs_hz, n_down * 1e3 / fs_hz


@compiled
def p_of(beat_mv: FloatArray, fs_hz: float, points: FloatArray) -> FloatArray:
    """Give the P wave over the level before it, as far as the QRS; empty if there is none."""
    if math.isnan(points[m.P_ON]):
        return beat_mv[:0]
    on = max(round(points[m.P_ON]), 0)
    off = min(round(points[m.P_OFF]), _at(points[m.QRS_ON], beat_mv.size - 1))
    if not on + 2 < off:
        return beat_mv[:0]
    return beat_mv[on : off + 1] - level_of(beat_mv, on, fs_hz)


@compiled
def terminal_of(p_mv: FloatArray, fs_hz: float) -> tuple[float, float]:
    """Give depth (mV) and duration (ms) of the negative end of P, 0 where there is none.

    It is what lies under the level around the deepest place behind the last positive part, or of
    the whole of P where there is no such part; both parts go `P_LEAST_MV` from the level.
    """
    first = 0
    for i in range(p_mv.size):
        if p_mv[i] >= P_LEAST_MV:
            first = i + 1
    if first == p_mv.size:
        return 0.0, 0.0
    deepest = first + int(np.argmin(p_mv[first:]))
    if p_mv[deepest] > -P_LEAST_MV:
        return 0.0, 0.0
    start = end = deepest
    while start > first and p_mv[start - 1] < 0.0:
        start -= 1
    while end + 1 < p_mv.size and p_mv[end + 1] < 0.0:
        end += 1
    return -p_mv[deepest], (end + 1 - start) * 1e3 / fs_hz
