"""Which beats an artificial pacemaker started: the spike just before the QRS, beat after beat.

Theory of operation
-------------------
The pulse of a pacemaker lasts half a millisecond; recorders smear it over their own response, 2 ms
to 9 ms at half its height, which the heart's own waves hardly undercut. In each lead the sharpest
deflection before the R peak is measured: its width, how flat the signal is before it, how sharp and
how large what follows is (a paced QRS is slow and wide), and how far it stands out of the signal
before the beat. A logistic score (``models/pacing.npz``) weighs these; of several leads a quarter
must show a spike at the same moment, since an electrode or a notched QRS makes one of its own.

One sharp artefact makes no paced beat: the last beats and the next few must have spikes too, as
long before the R peak. So a beat is judged when the classifier lets it go, some beats later.

Below 200 Hz a spike has too few samples to be told from a narrow wave, and none is reported.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ecgcore.history import History, HistoryState
from ecgcore.jit import compiled
from ecgcore.models import load
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray

MIN_FS_HZ = 200.0
# Columns of what `figures_of` gives; the first ones are weighed.
WIDTH, BEFORE, AFTER, SHARPER, N_WEIGHED = range(5)
STANDS_OUT, PLACE_MS, N_FIGURES = 4, 5, 6
N_BEATS = 16
"""Beats that are looked at together."""
_KEPT_S = 5.0
_SEEN_S, _AFTER_S = 0.7, 0.19
"""What must be there before and after an R peak."""
# Where a spike is looked for, around the R peak; it may be the R peak itself.
_FROM_S, _TO_S = 0.17, 0.015
_REACH_S = 0.016
"""How far its flanks are followed."""
_MAX_WIDTH_MS = 20.0
_MOST_SHARPER = 20.0
_STANDS_OUT = 3.0
_SAME_MOMENT_MS = 4.0
_SAME_PLACE_MS = 12.0
"""How far the distance to the R peak may vary, which lies on the spike, the QRS or between."""
_LEAST_MS, _WIDE_MS = 60.0, 100.0
"""From the spike to the end of a fused QRS at least, and of one that a pacemaker alone makes."""
_LEAST_BEATS = 3
_ENOUGH, _PLENTY = 3.0, 6.0
"""Sum of the scores from which beats with a spike, and beats with half a one, are paced."""
_MOST_SCORE, _HALF_SCORE = 3.0, -1.5
_CERTAINTY = 4.0

Limits = tuple[float, float]


@dataclass(slots=True)
class PacingState:
    """The signal that beats may still be in, and the spikes of the last beats."""

    ecg_mv: HistoryState = field(default_factory=HistoryState)
    """The last seconds of all leads."""
    scores: FloatArray = field(default_factory=lambda: np.full(N_BEATS, -math.inf))
    """How much each of the last beats looks started by a spike, the newest last."""
    places_ms: FloatArray = field(default_factory=lambda: np.zeros(N_BEATS))
    """Where the spikes lie from the R peak."""
    n_waiting: int = 0
    """How many of these beats have not been judged."""


class Pacing:
    """Tells of each beat how surely it is paced; beats are judged in the order they came."""

    def __init__(self, fs_hz: float, n_leads: int, state: PacingState | None = None) -> None:
        self.state = state or PacingState()
        self._fs_hz = fs_hz
        self._is_fine = fs_hz >= MIN_FS_HZ
        self._weights = load("pacing")["weights"]
        n_samples = math.ceil(_KEPT_S * fs_hz) if self._is_fine else 1
        self._ecg_mv = History(n_samples, self.state.ecg_mv, n_leads)

    def push(self, second: SignalSecond, beats: Sequence[DelineatedBeat]) -> None:
        """Take the next second and the beats that came with it."""
        if self._is_fine:
            self._ecg_mv.push(second.start, second.ecg_mv)
            self._take(beats)

    def finish(self, beats: Sequence[DelineatedBeat]) -> None:
        """End the run, as before a gap; what is known of the patient stays."""
        if self._is_fine:
            self._take(beats)
        self._ecg_mv.reset()

    def judge(self) -> float:
        """Give how sure it is that the next beat is paced; 0 where it is not."""
        state = self.state
        if not state.n_waiting:
            return 0.0
        state.n_waiting -= 1
        return certainty(state.scores, state.places_ms, N_BEATS - 1 - state.n_waiting)

    def _take(self, beats: Sequence[DelineatedBeat]) -> None:
        state, held = self.state, self._ecg_mv.state
        first = held.end - held.n_held
        span = self._ecg_mv.start - first, held.n_held
        for beat in beats:
            r, qrs = beat.peak.sample - first + beat.peak.offset, beat.waves.qrs
            end = math.nan if qrs is None else qrs.offset - first
            remember(
                held.room, span, (r, end), self._fs_hz, self._weights, state.scores, state.places_ms
            )
            state.n_waiting = min(state.n_waiting + 1, N_BEATS)


@compiled
def _flank(x: FloatArray, at: int, step: int, reach: int, sign: float) -> float:
    """Give how far the signal falls off on one side within `reach` before it passes the top."""
    fall = 0.0
    for j in range(1, reach + 1):
        value = sign * (x[at] - x[at + step * j])
        if value < 0.0:
            break
        fall = max(fall, value)
    return fall


@compiled
def _half_width(x: FloatArray, at: int, step: int, reach: int, fall: float) -> float:
    """Give how many samples away the signal has fallen by `fall`, `reach` at most."""
    last = 0.0
    for j in range(1, reach + 1):
        value = abs(x[at] - x[at + step * j])
        if value >= fall:
            return float(j - 1 + (fall - last) / (value - last))
        last = value
    return float(reach)


@compiled
def sharpest(
    x: FloatArray, first: int, end: int, fs_hz: float, max_width_ms: float, limits: Limits
) -> tuple[float, int, float, float]:
    """Find the deflection that is steepest on both sides.

    Parameters
    ----------
    limits : tuple of float
        What is less sharp does not count; the search ends with one that is sharper than the second.

    Returns
    -------
    sharpness : float
        Height over width, mV/ms; the first limit if none is sharper.
    place : int
        -1 if there is none.
    height : float
    width_ms : float
        At half the height.
    """
    reach = max(round(_REACH_S * fs_hz), 1)
    ms = 1e3 / fs_hz
    best, place, best_height, best_width = limits[0], -1, 0.0, 0.0
    for i in range(max(first, reach + 1), min(end, x.size - reach - 1)):
        rise = x[i] - x[i - 1]
        # Of a plateau the first sample.
        if rise == 0.0 or rise * (x[i + 1] - x[i]) > 0.0:
            continue
        sign = 1.0 if rise > 0.0 else -1.0
        left = _flank(x, i, -1, reach, sign)
        # Nothing of this height can be sharp enough any more.
        if left <= 4.0 * best:
            continue
        height = min(left, _flank(x, i, 1, reach, sign))
        if height <= 4.0 * best:
            continue
        half = 0.5 * height
        width = ms * (_half_width(x, i, -1, reach, half) + _half_width(x, i, 1, reach, half))
        # What one sample holds may have been narrower still.
        sharpness = height / max(width, 4.0)
        if width <= max_width_ms and sharpness > best:
            best, place, best_height, best_width = sharpness, i, height, width
            if best > limits[1]:
                break
    return best, place, best_height, best_width


@compiled
def _range(x: FloatArray, first: int, end: int) -> float:
    first, end = max(first, 0), min(end, x.size)
    if end <= first:
        return 0.0
    least = most = x[first]
    for i in range(first, end):
        least, most = min(least, x[i]), max(most, x[i])
    return float(most - least)


@compiled
def figures_of(
    x: FloatArray,
    oldest: int,
    r: float,
    fs_hz: float,
    weights: FloatArray,
    least: float,
    figures: FloatArray,
) -> float:
    """Measure the sharpest deflection before an R peak.

    Parameters
    ----------
    x : FloatArray, shape (n,)
        One lead.
    oldest : int
        First index of the run.
    r : float
        Place of the R peak.
    weights : FloatArray, shape (N_WEIGHED + 1,)
        Of the figures, and the constant.
    least : float
        The score that is of any interest.
    figures : FloatArray, shape (N_FIGURES,)
        Filled in, if the score is: logarithms of the width over 10 ms, of the signal's range
        before it over its height, of the range after it over its height, and of its sharpness over
        that of what follows; 1 if it is so much sharper than the signal before the beat that it
        stands out, else 0; its place from the R peak in ms.

    Returns
    -------
    float
        The score, log odds; minus infinity if there is no deflection, or it is of no interest.
    """
    if r - _SEEN_S * fs_hz < oldest or r + _AFTER_S * fs_hz > x.size:
        return -math.inf
    first, end = int(r - _FROM_S * fs_hz), int(r + _TO_S * fs_hz) + 1
    sharpness, at, height, width_ms = sharpest(x, first, end, fs_hz, _MAX_WIDTH_MS, (0.0, math.inf))
    if at < 0:
        return -math.inf
    before = _range(x, int(at - 0.08 * fs_hz), int(at - 0.014 * fs_hz)) / height
    after = _range(x, int(at + 0.02 * fs_hz), int(at + 0.16 * fs_hz)) / height
    figures[WIDTH] = math.log(max(width_ms, 3.0) / 10.0)
    figures[BEFORE] = math.log(before + 0.03)
    figures[AFTER] = math.log(min(max(after, 0.1), 2.0))
    score = weights[N_WEIGHED]
    for k in range(SHARPER):
        score += weights[k] * figures[k]
    # Most beats end here: nothing that follows could be blunt enough, or what follows is not.
    log_least = (least - score) / weights[SHARPER]
    if log_least > math.log(_MOST_SHARPER):
        return -math.inf
    # What is far below the size of the QRS is noise, or the converter's step.
    floor = 0.001 * _range(x, int(r - 0.1 * fs_hz), int(r + 0.16 * fs_hz))
    first, end = int(at + 0.01 * fs_hz) + 1, int(at + 0.14 * fs_hz)
    limits = max(sharpness / _MOST_SHARPER - floor, 0.0), sharpness * math.exp(-log_least)
    follows = sharpest(x, first, end, fs_hz, math.inf, limits)[0]
    figures[SHARPER] = math.log(min(max(sharpness / (follows + floor), 0.3), _MOST_SHARPER))
    if figures[SHARPER] < log_least:
        return -math.inf
    first, end = int(at - 0.5 * fs_hz), int(at - 0.06 * fs_hz)
    most = max(sharpness / _STANDS_OUT - floor, 0.0)
    figures[STANDS_OUT] = sharpest(x, first, end, fs_hz, math.inf, (most, most))[1] < 0
    figures[PLACE_MS] = (at - r) * 1e3 / fs_hz
    return float(score + weights[SHARPER] * figures[SHARPER])


@compiled
def score_of(
    ecg_mv: FloatArray, span: tuple[int, int], r: float, fs_hz: float, weights: FloatArray
) -> tuple[float, float]:
    """Give how much a beat looks started by a spike (log odds), and the spike's place in ms.

    `ecg_mv` has the shape (n_leads, n) and `span` tells which samples of it belong to the run.
    Of several leads a quarter must agree: it is the least of their scores, at best.
    """
    n_leads = ecg_mv.shape[0]
    figures = np.empty(N_FIGURES)
    scores, places_ms = np.full(n_leads, -np.inf), np.zeros(n_leads)
    for k in range(n_leads):
        x = ecg_mv[k, : span[1]]
        score = figures_of(x, span[0], r, fs_hz, weights, _HALF_SCORE, figures)
        if score >= _HALF_SCORE and figures[STANDS_OUT] > 0.0:
            scores[k], places_ms[k] = score, figures[PLACE_MS]
    best, place_ms = -np.inf, 0.0
    for k in range(n_leads):
        n_agreeing = 0
        for j in range(n_leads):
            is_same = abs(places_ms[j] - places_ms[k]) <= _SAME_MOMENT_MS
            n_agreeing += scores[j] >= scores[k] and is_same
        if scores[k] > best and 4 * n_agreeing >= n_leads:
            best, place_ms = scores[k], places_ms[k]
    return best, place_ms


@compiled
def remember(
    ecg_mv: FloatArray,
    span: tuple[int, int],
    qrs: tuple[float, float],
    fs_hz: float,
    weights: FloatArray,
    scores: FloatArray,
    places_ms: FloatArray,
) -> None:
    """Put a beat, its R peak and the end of its QRS, behind the last ones; the oldest goes."""
    for k in range(scores.size - 1):
        scores[k], places_ms[k] = scores[k + 1], places_ms[k + 1]
    score, place_ms = score_of(ecg_mv, span, qrs[0], fs_hz, weights)
    length_ms = (qrs[1] - qrs[0]) * 1e3 / fs_hz - place_ms
    # An artefact has no QRS behind it: also where the end is not known.
    if not length_ms >= _LEAST_MS:
        score = -np.inf
    elif length_ms < _WIDE_MS:
        # Perhaps fused; others must tell that there is a pacemaker.
        score = min(score, 0.0)
    scores[-1], places_ms[-1] = score, place_ms


@compiled
def certainty(scores: FloatArray, places_ms: FloatArray, i: int) -> float:
    """Give how sure it is that beat `i` is paced, by its own spike and those of the others.

    Returns
    -------
    float
        0 if it is not, else 0.5 up to 1.
    """
    if scores[i] < _HALF_SCORE:
        return 0.0
    n_beats, total = 0, 0.0
    for k in range(scores.size):
        if scores[k] > 0.0 and abs(places_ms[k] - places_ms[i]) <= _SAME_PLACE_MS:
            n_beats += 1
            total += min(scores[k], _MOST_SCORE)
    enough = _ENOUGH if scores[i] > 0.0 else _PLENTY
    if n_beats < _LEAST_BEATS or total < enough:
        return 0.0
    return float(1.0 - math.exp(-total / _CERTAINTY))
