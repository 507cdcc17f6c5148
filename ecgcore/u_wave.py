"""The U wave: a low hump between the end of T and the next P wave.

It is mostly too low to be seen in one beat. What follows the T waves of the last beats is averaged
from T peak to T peak, while T looks the same; a hump in the average that stands over the line
between its feet, and far above what is left of the noise, is a U wave of each beat whose own T is
like the average's. At a fast rate there is no room for it. It is absent where no lead has a P wave
(an atrium that flutters makes humps too) and where the hump is as narrow as a P wave and lies in
the middle between two of them (which would be one that is not conducted).

A hump on the side of T counts from a lower height on than one on the other side: behind many T
waves the signal swings over the level, which looks like an inverted U wave.
"""

import math

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray

# Rows and columns of what is measured of a lead (`ecgcore.wave_measure.measured`).
_P, _QRS, _T, _U = 0, 1, 2, 3
# The memory of a lead: beats behind the average, and since then those unlike it; variance of a beat
# around the average; T peak to T end and P onset to R, s; from there on the average, mV over the
# level at the end of T.
_N_BEATS, _N_UNLIKE, _VARIANCE, _T_END_S, _P_LEAD_S, _AVERAGE = 0, 1, 2, 3, 4, 5
# The average has places of 8 ms, from 80 ms before the T peak to 520 ms behind it; the first 21 of
# them tell whether a beat's T is like those before.
_STEP_S = 0.008
_N_LEFT, _N_PLACES, _N_T = 10, 75, 21
_N_MEMORY = _AVERAGE + _N_PLACES
_LEAST_BEATS, _MOST_BEATS, _MOST_UNLIKE = 8.0, 16.0, 8.0
_ALIKE, _LOWEST_GAIN, _HIGHEST_GAIN = 0.9, 0.6, 1.7
_USUAL_P_LEAD_S = 0.2
_BEFORE_P_S = 0.02
# The next R peak is known so far. Where it is further, it is expected after the last interval.
_SEEN_S, _LONGEST_S = 0.8, 1.6
# A hump: half its width and how far its top lies behind the end of T, in places; its height over
# that of T and over the standard error of the average. Its top lies over both feet. Chosen on the
# QT Database; most of the humps that its reader left unmarked do look like U waves.
_HALF_WIDTHS = (6, 8, 10, 12)
_NEAREST, _FARTHEST = 8, 22
_LEAST_HEIGHT, _MOST_HEIGHT, _LEAST_SURE = 0.06, 0.6, 8.0
# On the other side than T the rise counts, which from either foot is nearly the same: a level that
# moves makes a hump that is steep on one side.
_NEAREST_OPPOSITE, _LEAST_OPPOSITE, _EVEN = 10, 0.12, 0.7
_LEAST_T = 0.05
"""Over the height of R: what follows a flat T wave cannot be told from its end."""
# What may be a P wave: share of the height that is reached within the narrowest half width;
# distance from the middle between two P waves over their interval; height over that of P.
_NARROW, _MIDDLE, _LIKE_P = 0.8, 0.08, 0.5


def new_memory(n_leads: int) -> FloatArray:
    """Give what `add_u` remembers of leads of which nothing is known yet."""
    memory = np.zeros((n_leads, _N_MEMORY))
    memory[:, _P_LEAD_S] = _USUAL_P_LEAD_S
    return memory


@compiled
def add_u(
    leads_mv: FloatArray,
    start: float,
    fs_hz: float,
    r: float,
    before_s: float,
    after_s: float,
    found: FloatArray,
    memory: FloatArray,
) -> None:
    """Fill in the U wave of each lead of one beat, if there is one.

    Parameters
    ----------
    leads_mv : FloatArray, shape (n_leads, n_samples)
    start : float
        Counter of its first sample.
    r : float
        Place of the R peak in samples of `leads_mv`.
    before_s, after_s : float
        As in `ecgcore.wave_net.Surroundings`.
    found : FloatArray, shape (n_leads, 4, 6)
        By `ecgcore.wave_measure.measured`; the last row of each lead is filled in.
    memory : FloatArray
        By `new_memory`; what the beats before left, and this one leaves.
    """
    p_lead_s = math.nan
    for lead in range(found.shape[0]):
        # A comparison with NaN is false.
        lead_s = (start + r - found[lead, _P, 0]) / fs_hz
        if lead_s > 0.0 and not lead_s < p_lead_s:
            p_lead_s = lead_s
    if math.isnan(p_lead_s) or math.isinf(before_s):
        return
    next_s = after_s if after_s < _SEEN_S else min(max(-before_s, _SEEN_S), _LONGEST_S)
    for lead in range(found.shape[0]):
        rows, past = found[lead], memory[lead]
        past[_P_LEAD_S] += 0.2 * (p_lead_s - past[_P_LEAD_S])
        t_peak = rows[_T, 1] - start
        if t_peak >= 0.0:
            behind_s = next_s - past[_P_LEAD_S] - _BEFORE_P_S - (t_peak - r) / fs_hz
            places = _places_around(leads_mv[lead], t_peak, fs_hz)
            if _remember(places, (rows[_T, 2] - rows[_T, 1]) / fs_hz, past):
                _judge(leads_mv[lead], start, fs_hz, before_s, behind_s, rows, past)


@compiled
def _places_around(raw_mv: FloatArray, t_peak: float, fs_hz: float) -> FloatArray:
    """Give the signal around and behind the T peak; NaN where there is none."""
    places = np.full(_N_PLACES, np.nan)
    step = _STEP_S * fs_hz
    half = max(round(step), 1)
    for k in range(_N_PLACES):
        at = round(t_peak + (k - _N_LEFT) * step)
        if half <= at < raw_mv.size - half:
            places[k] = _mean_around(raw_mv, at, half)
    return places


@compiled
def _mean_around(raw_mv: FloatArray, at: int, half: int) -> float:
    total = 0.0
    for i in range(at - half, at + half + 1):
        total += raw_mv[i]
    return total / (2 * half + 1)


@compiled
def _place_of(behind_s: float) -> int:
    """Give the place so far behind the T peak, or the nearest there is."""
    return min(max(round(behind_s / _STEP_S) + _N_LEFT, 0), _N_PLACES - 1)


@compiled
def _remember(places: FloatArray, t_end_s: float, past: FloatArray) -> bool:
    """Add a beat to the average; False if its T wave is unlike the others'."""
    level = places[_place_of(t_end_s)]
    average = past[_AVERAGE:]
    if math.isnan(level) or math.isnan(places[0]):
        return False
    if past[_N_BEATS] > 0.0 and not _is_alike(places, average):
        past[_N_UNLIKE] += 1.0
        if past[_N_UNLIKE] > _MOST_UNLIKE:
            past[_N_BEATS] = past[_N_UNLIKE] = 0.0
        return False
    past[_N_UNLIKE] = 0.0
    past[_N_BEATS] = min(past[_N_BEATS] + 1.0, _MOST_BEATS)
    gain = 1.0 / past[_N_BEATS]
    if gain == 1.0:
        average[:] = np.nan
        past[_VARIANCE] = 0.0
    past[_T_END_S] += gain * (t_end_s - past[_T_END_S])
    for k in range(_N_PLACES):
        places[k] -= level
    if gain < 1.0:
        squared = _variance_of(places, average, _place_of(past[_T_END_S]))
        past[_VARIANCE] += min(2.0 * gain, 1.0) * (squared - past[_VARIANCE])
    for k in range(_N_PLACES):
        if math.isnan(average[k]):
            average[k] = places[k]
        elif not math.isnan(places[k]):
            average[k] += gain * (places[k] - average[k])
    return True


@compiled
def _is_alike(places: FloatArray, average: FloatArray) -> bool:
    """Compare the T waves, each over its own mean."""
    own_mean, mean = np.mean(places[:_N_T]), np.mean(average[:_N_T])
    own, both, other = 0.0, 0.0, 0.0
    for k in range(_N_T):
        x, y = places[k] - own_mean, average[k] - mean
        own, both, other = own + x * x, both + x * y, other + y * y
    if not (own > 0.0 and other > 0.0):
        return False
    gain = math.sqrt(own / other)
    return both > _ALIKE * math.sqrt(own * other) and _LOWEST_GAIN < gain < _HIGHEST_GAIN


@compiled
def _variance_of(places: FloatArray, average: FloatArray, first: int) -> float:
    """Give the mean square of the difference behind T, over its own line: drift is no noise."""
    n, x1, x2, y1, xy, y2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(first, min(first + 2 * _FARTHEST, _N_PLACES)):
        y = places[k] - average[k]
        if not math.isnan(y):
            x = float(k - first)
            n, x1, x2 = n + 1.0, x1 + x, x2 + x * x
            y1, xy, y2 = y1 + y, xy + x * y, y2 + y * y
    if n < 6.0:
        return 0.0
    spread = x2 - x1 * x1 / n
    tilt = xy - x1 * y1 / n
    return max(y2 - y1 * y1 / n - tilt * tilt / spread, 0.0) / n


@compiled
def _judge(
    raw_mv: FloatArray,
    start: float,
    fs_hz: float,
    before_s: float,
    behind_s: float,
    rows: FloatArray,
    past: FloatArray,
) -> None:
    """Note the U wave of one beat, if the average has one."""
    t_mv = rows[_T, 3]
    if past[_N_BEATS] < _LEAST_BEATS or abs(t_mv) < _LEAST_T * abs(rows[_QRS, 3]):
        return
    average, t_end = past[_AVERAGE:], _place_of(past[_T_END_S])
    end = min(int(behind_s / _STEP_S) + _N_LEFT, _N_PLACES - 1) + 1
    error_mv = math.sqrt(past[_VARIANCE] / past[_N_BEATS])
    side = 1.0 if t_mv > 0.0 else -1.0
    sure_mv = _LEAST_SURE * error_mv
    at, half, height_mv, rise_mv = _hump(average[:end], side, t_end, True)
    least_mv = max(_LEAST_HEIGHT * abs(t_mv), sure_mv)
    if at < t_end + _NEAREST or height_mv < least_mv or rise_mv < 0.0:
        side = -side
        at, half, mean_mv, height_mv = _hump(average[:end], side, t_end, False)
        least_mv = max(_LEAST_OPPOSITE * abs(t_mv), sure_mv, _EVEN * mean_mv)
        if at < t_end + _NEAREST_OPPOSITE or height_mv < least_mv:
            return
    step = _STEP_S * fs_hz
    place = rows[_T, 1] + (at - _N_LEFT) * step
    near = average[at] - 0.5 * (average[at - _HALF_WIDTHS[0]] + average[at + _HALF_WIDTHS[0]])
    if side * near > _NARROW * height_mv and _is_like_p(place, near, -before_s * fs_hz, rows):
        return
    if height_mv <= _MOST_HEIGHT * abs(t_mv):
        rows[_U, 0] = max(place - half * step, rows[_T, 2])
        rows[_U, 1], rows[_U, 2] = place, place + half * step
        rows[_U, 3] = _amplitude_mv(raw_mv, place - start, round(step), start, rows)
        rows[_U, 4] = height_mv / (height_mv + least_mv)
        rows[_U, 5] = 0.0 if side > 0.0 else 1.0


@compiled
def _amplitude_mv(
    raw_mv: FloatArray, place: float, reach: int, start: float, rows: FloatArray
) -> float:
    """Give the mean height around a place over the level at QRS onset."""
    r_mv = raw_mv[min(max(round(rows[_QRS, 1] - start), 0), raw_mv.size - 1)]
    at = min(max(round(place), reach), raw_mv.size - 1 - reach)
    return _mean_around(raw_mv, at, reach) - float(r_mv - rows[_QRS, 3])


@compiled
def _hump(
    average: FloatArray, side: float, t_end: int, is_same: bool
) -> tuple[int, int, float, float]:
    """Find the highest hump on one side: its top, half width, height and rise from its feet.

    The height is over the line between the feet, the rise from the one it rises less from. On the
    same side as T, the first foot may stand on the end of T.
    """
    found = (-1, 0, 0.0, 0.0)
    best = 0.0
    nearest, first_foot = (t_end + 5, t_end - 5) if is_same else (t_end + 6, t_end)
    for half in _HALF_WIDTHS:
        for k in range(
            max(nearest, first_foot + half), min(t_end + _FARTHEST, average.size - half)
        ):
            before, behind = average[k] - average[k - half], average[k] - average[k + half]
            height, rise = 0.5 * side * (before + behind), min(side * before, side * behind)
            score = height if is_same else rise
            if score > best:
                best = score
                found = (k, half, height, rise)
    return found


@compiled
def _is_like_p(place: float, height_mv: float, interval: float, rows: FloatArray) -> bool:
    """Tell whether a narrow hump may be a P wave in the middle between two, not conducted."""
    p_mv = rows[_P, 3]
    is_in_the_middle = abs((place - rows[_P, 1]) / interval - 0.5) < _MIDDLE
    return bool(is_in_the_middle and height_mv * p_mv > _LIKE_P * p_mv * p_mv)
