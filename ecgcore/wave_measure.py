"""What is measured of a beat's waves on the signal itself.

The network says where waves lie; here the P waves of the beats before have their say in whether
there is one, peaks move to the summits nearby, and amplitudes and forms follow.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

P, QRS, T = 0, 1, 2
"""Rows of what `measured` gives."""
UPRIGHT, INVERTED, UP_DOWN, DOWN_UP = 0, 1, 2, 3
"""Its numbers for forms."""
_MAX_LOG_ODDS = 4.0
_ONSET_SHARE, _ONSET_GAIN, _PR_CHANGE_S = 0.3, 0.3, 0.02
# Columns of what `ecgcore.wave_net.points_of` gives.
_QRS_ON, _QRS_OFF = 3, 5
_LOG_ODDS = 18


@compiled
def measured(
    leads_mv: FloatArray,
    start: float,
    fs_hz: float,
    r: float,
    points: FloatArray,
    past: FloatArray,
    past_onset_s: FloatArray,
    past_share: float,
    past_gain: float,
    least: float,
    summit_ms: float,
    biphasic_share: float,
) -> FloatArray:
    """Measure P, QRS and T of each lead of one beat.

    Parameters
    ----------
    leads_mv : FloatArray, shape (n_leads, n_samples)
    start : float
        Counter of its first sample; what is found counts from there.
    r : float
        Place of the R peak in samples of `leads_mv`.
    points : FloatArray, shape (n_leads, 21)
        By `ecgcore.wave_net.points_of`; the log-odds of P are changed.
    past : FloatArray, shape (n_leads,)
        Running log-odds of P of the beats before, which this one moves; NaN: there was none.
    past_onset_s : FloatArray, shape (n_leads,)
        Running place of the onset of P against R, which this beat moves; NaN: there was none.
    past_share, past_gain : float
        Weight of the P waves of the beats before, and how fast they are forgotten.
    least : float
        Log-odds that a wave must have.
    summit_ms : float
        How far a peak may move.
    biphasic_share : float
        A wave with so much of its height on the other side is biphasic.

    Returns
    -------
    FloatArray, shape (n_leads, 4, 6)
        Onset, peak, offset, amplitude (mV), confidence, number of the form; NaN: no wave. The
        fourth row of each lead is left to `ecgcore.u_wave.add_u`.
    """
    n_leads = leads_mv.shape[0]
    found = np.full((n_leads, 4, 6), np.nan)
    for lead in range(n_leads):
        _join_past(points, past, lead, past_share, past_gain)
        if points[lead, _LOG_ODDS + P] >= least:
            _join_onset(points, past_onset_s, lead)
        # A comparison with NaN is false.
        if points[lead, _LOG_ODDS + QRS] >= least:
            _measure(leads_mv[lead], fs_hz, r, points[lead], least, summit_ms, found[lead])
        for wave in range(3):
            row = found[lead, wave]
            row[:3] += start
            row[5] = _form(row[3], row[5], biphasic_share)
    return found


@compiled
def _form(amplitude_mv: float, other_mv: float, share: float) -> float:
    """Name the shape from the main side and the signed height of the other, with its place."""
    if abs(other_mv) < share * abs(amplitude_mv):
        return float(UPRIGHT if amplitude_mv > 0 else INVERTED)
    return float(UP_DOWN if (amplitude_mv > 0) == (other_mv > 0) else DOWN_UP)


@compiled
def _join_past(points: FloatArray, past: FloatArray, lead: int, share: float, gain: float) -> None:
    """Let the P waves of the beats before have their say, and remember this one.

    An atrium that fibrillates does so for many beats; what looks like a P wave in one of them does
    not in the next. A beat whose own evidence is strong still stands against the past.
    """
    own = points[lead, _LOG_ODDS + P]
    if not math.isnan(own):
        bounded = min(max(own, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
        if math.isnan(past[lead]):
            past[lead] = bounded
        points[lead, _LOG_ODDS + P] += share * (past[lead] - own)
        past[lead] += gain * (bounded - past[lead])


@compiled
def _join_onset(points: FloatArray, past_s: FloatArray, lead: int) -> None:
    """Let the beats before have their say in where the P wave begins, and remember this one.

    Its start lies near the noise and scatters more than the heart does. A PR interval that has
    changed by more than noise can starts anew.
    """
    onset_s = points[lead, 0]
    if not abs(onset_s - past_s[lead]) <= _PR_CHANGE_S:
        past_s[lead] = onset_s
    away_s = onset_s - past_s[lead]
    points[lead, 0] -= _ONSET_SHARE * away_s
    past_s[lead] += _ONSET_GAIN * away_s


@compiled
def _measure(
    raw_mv: FloatArray,
    fs_hz: float,
    r: float,
    points: FloatArray,
    least: float,
    summit_ms: float,
    found: FloatArray,
) -> None:
    n, ms = raw_mv.size, fs_hz / 1000.0
    onset = min(max(r + points[_QRS_ON] * fs_hz, 0.0), r)
    offset = max(min(r + points[_QRS_OFF] * fs_hz, n - 1.0), r)
    level = _level(raw_mv, onset, ms)
    found[QRS, 0], found[QRS, 1], found[QRS, 2] = onset, r, offset
    found[QRS, 3] = raw_mv[min(max(round(r), 0), n - 1)] - level
    found[QRS, 4] = _probability(points[_LOG_ODDS + QRS])
    found[QRS, 5] = 0.0
    p_onset, p_peak, p_offset = r + points[:3] * fs_hz
    if points[_LOG_ODDS + P] >= least and p_onset >= 0.0:
        _measure_wave(raw_mv, p_onset, p_peak, min(p_offset, onset), ms, summit_ms, found[P])
        found[P, 3] -= _level(raw_mv, p_onset, ms)
        found[P, 4] = _probability(points[_LOG_ODDS + P])
    t_onset, t_peak, t_offset = r + points[6:9] * fs_hz
    if points[_LOG_ODDS + T] >= least and t_offset <= n - 1.0:
        _measure_wave(raw_mv, max(t_onset, offset), t_peak, t_offset, ms, summit_ms, found[T])
        found[T, 3] -= level
        found[T, 4] = _probability(points[_LOG_ODDS + T])


@compiled
def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -30.0), 30.0)))


@compiled
def _measure_wave(
    raw_mv: FloatArray,
    onset: float,
    peak: float,
    offset: float,
    ms: float,
    summit_ms: float,
    found: FloatArray,
) -> None:
    """Move the peak to the summit nearby; note it, the height there and that of the other side."""
    n = raw_mv.size
    if not onset < offset - 2.0:
        return
    peak = min(max(peak, onset + 1.0), offset - 1.0)
    first, last = max(int(onset), 0), min(math.ceil(offset), n - 1)
    half = max(round(8.0 * ms), 1)
    over = np.empty(last - first + 1)
    for i in range(first, last + 1):
        over[i - first] = _mean_around(raw_mv, i, half)
    a, b = over[0], over[-1]
    for i in range(over.size):
        over[i] -= a + (b - a) * i / (over.size - 1)
    near = min(max(round(peak) - first, 0), over.size - 1)
    sign = 1.0 if over[near] >= 0.0 else -1.0
    reach = max(round(summit_ms * ms), 1)
    top = near
    for i in range(max(near - reach, 1), min(near + reach, over.size - 2) + 1):
        if sign * over[i] > sign * over[top]:
            top = i
    at = peak
    # At the border of the search there is no summit, but a slope.
    if 0 < top < over.size - 1 and abs(top - near) < reach:
        bend = over[top - 1] - 2.0 * over[top] + over[top + 1]
        at = float(first + top)
        if bend != 0.0:
            at += min(max(0.5 * (over[top - 1] - over[top + 1]) / bend, -0.5), 0.5)
        at = min(max(at, onset + 0.5), offset - 0.5)
    other, other_at = 0.0, near
    for i in range(over.size):
        if sign * over[i] < sign * other:
            other, other_at = over[i], i
    found[0], found[1], found[2] = onset, at, offset
    found[3] = _mean_around(raw_mv, min(max(round(at), 0), n - 1), max(half // 2, 1))
    # The other side's sign tells its order: the same sign as the main side if it comes later.
    found[5] = abs(other) * sign * (1.0 if other_at > near else -1.0)


@compiled
def _mean_around(raw_mv: FloatArray, at: int, half: int) -> float:
    low, high = max(at - half, 0), min(at + half + 1, raw_mv.size)
    total = 0.0
    for i in range(low, high):
        total += raw_mv[i]
    return total / (high - low)


@compiled
def _level(raw_mv: FloatArray, at: float, ms: float) -> float:
    """Give the median of the 12 ms before a place (biomarkers, section 1)."""
    end = min(max(int(at), 0), raw_mv.size - 1) + 1
    start = max(end - max(round(12.0 * ms), 3), 0)
    return float(np.median(raw_mv[start:end]))
