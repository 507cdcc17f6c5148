"""Where the waves of each beat begin, peak and end, lead by lead and over all leads.

Theory of operation
-------------------
A beat is held back until the signal behind its T wave has come. Then `ecgcore.wave_net` looks at
each lead around the R peak and gives the nine points and how likely a P and a T wave are. A wave
that is less likely than not, or that reaches beyond the samples at hand, is absent. What is left is
measured on the signal itself: the peak moves to the summit next to the place that was found, and
amplitudes and forms follow.

Over several leads a wave is there when it is in at least half of them; with three or more the
second-earliest onset and the second-latest offset count, so that one bad lead moves nothing.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatWaves, Wave, WaveForm
from ecgcore.jit import compiled
from ecgcore.rpeak import RPeak
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray, SampleIndex
from ecgcore.wave_net import UNEVENNESS, Surroundings, points_of, uneven, weights_of

_BEFORE_S = 0.56
_AFTER_S = 0.80
_WAVES = ("p", "qrs", "t")
_MAX_LOG_ODDS = 4.0
# Columns of what `points_of` gives.
_QRS_ON, _QRS_OFF = 3, 5
_P, _QRS, _T = 18, 19, 20


@dataclass(frozen=True, slots=True)
class DelineateConfig:
    """Parameters of the search."""

    model: str = "delineate"
    """Which network."""
    min_probability: float = 0.5
    """A wave that is less likely is absent."""
    past_share: float = 0.5
    """How much the P waves of the beats before count for the log-odds of one."""
    past_gain: float = 0.3
    """How fast they are forgotten."""
    summit_ms: float = 16.0
    """A summit is looked for so far from where the network put the peak."""
    biphasic_share: float = 0.5
    """A wave with so much of its height on the other side is biphasic."""


@dataclass(slots=True)
class DelineateState:
    """The samples and beats that are still needed."""

    ecg_mv: FloatArray | None = None
    """Room for the last samples, shape (n_leads, n); None before the first."""
    n_samples: int = 0
    """How many of it are filled; 0 between runs."""
    end: SampleIndex = 0
    waiting: list[RPeak] = field(default_factory=list)
    last: float = -math.inf
    """Place of the last R peak that was delineated."""
    interval: float = math.nan
    """From the one before it."""
    unevenness: float = UNEVENNESS
    p_log_odds: FloatArray = field(default_factory=lambda: np.empty(0))
    """Running mean of each lead, shape (n_leads,); NaN where there was no beat yet."""


class Delineator:
    """Finds the waves of each beat; see the module's text."""

    max_delay_s = 2
    """A beat comes out at most so long after it went in."""

    def __init__(
        self,
        config: DelineateConfig,
        fs_hz: float,
        n_leads: int,
        state: DelineateState | None = None,
    ) -> None:
        self.state = state or DelineateState()
        self._config = config
        self._fs_hz = fs_hz
        self._n_leads = n_leads
        self._least = math.log(config.min_probability / (1.0 - config.min_probability))
        self._weights = weights_of(config.model)
        self._before = math.ceil(_BEFORE_S * fs_hz)
        self._after = math.ceil(_AFTER_S * fs_hz)
        # Beats may be named some seconds late, by search-back or learning.
        self._kept = math.ceil(8.0 * fs_hz)

    def push(self, second: SignalSecond) -> list[DelineatedBeat]:
        """Take the next second; give the beats whose waves are certain now."""
        state = self.state
        self._append(second.ecg_mv)
        state.end = second.end
        state.waiting += second.peaks
        latest, n_due = state.end - self._after, 0
        for peak in state.waiting:
            n_due += peak.sample <= latest
        return self._delineated(n_due) if n_due else []

    def finish(self) -> list[DelineatedBeat]:
        """End the run, as before a gap: the beats still held come out with what can be seen."""
        state = self.state
        found = self._delineated(len(state.waiting))
        state.n_samples, state.last, state.interval = 0, -math.inf, math.nan
        return found

    def _append(self, ecg_mv: FloatArray) -> None:
        """Add samples to the room, whose older part makes way when it is full."""
        state, n = self.state, ecg_mv.shape[1]
        if state.ecg_mv is None:
            state.ecg_mv = np.zeros((self._n_leads, 2 * self._kept))
            state.p_log_odds = np.full(self._n_leads, np.nan)
        room = state.ecg_mv
        if state.n_samples + n > room.shape[1]:
            n_kept = max(self._kept - n, 1)
            room[:, :n_kept] = room[:, state.n_samples - n_kept : state.n_samples]
            state.n_samples = n_kept
        room[:, state.n_samples : state.n_samples + n] = ecg_mv
        state.n_samples += n

    def _delineated(self, n_due: int) -> list[DelineatedBeat]:
        state = self.state
        due, state.waiting = state.waiting[:n_due], state.waiting[n_due:]
        following = [*due[1:], *state.waiting[:1], None]
        found = []
        for peak, other in zip(due, following, strict=False):
            r = peak.sample + peak.offset
            self._pass_to(r)
            after = math.inf if other is None else other.sample + other.offset - r
            found.append(self._beat(peak, after / self._fs_hz))
        return found

    def _pass_to(self, r: float) -> None:
        """Remember the interval to the next beat."""
        state = self.state
        interval = r - state.last
        if 0.0 < interval < math.inf:
            if not math.isnan(state.interval):
                state.unevenness = uneven(state.unevenness, interval, state.interval)
            state.interval = interval
        state.last = r

    def _beat(self, peak: RPeak, after_s: float) -> DelineatedBeat:
        state, config, fs_hz = self.state, self._config, self._fs_hz
        oldest = state.end - state.n_samples
        if state.ecg_mv is None or not oldest < peak.sample < state.end - 1:
            nothing = tuple(BeatWaves() for _ in range(self._n_leads))
            return DelineatedBeat(peak, BeatWaves(), nothing)
        start = max(peak.sample - self._before, oldest)
        end = min(peak.sample + self._after, state.end)
        window = np.ascontiguousarray(state.ecg_mv[:, start - oldest : end - oldest])
        r = peak.sample + peak.offset - start
        before_s = -state.interval / fs_hz if state.interval > 0 else -math.inf
        around = Surroundings(before_s, after_s, state.unevenness)
        points = points_of(window, fs_hz, r, around, self._weights)
        _join_past(points, state.p_log_odds, config.past_share, config.past_gain)
        measured = _measured(window, fs_hz, r, points, self._least, config.summit_ms)
        waves = tuple([self._waves(rows, start) for rows in measured.tolist()])
        return DelineatedBeat(peak, _over_leads(waves), waves)

    def _waves(self, rows: list[list[float]], start: SampleIndex) -> BeatWaves:
        p, qrs, t = rows
        return BeatWaves(self._wave(p, start), self._wave(qrs, start), self._wave(t, start))

    def _wave(self, row: list[float], start: SampleIndex) -> Wave | None:
        onset, peak, offset, amplitude_mv, confidence, other_mv = row
        if math.isnan(peak):
            return None
        form = _form(amplitude_mv, other_mv, self._config.biphasic_share)
        return Wave(start + onset, start + peak, start + offset, amplitude_mv, confidence, form)


def _form(amplitude_mv: float, other_mv: float, share: float) -> WaveForm:
    """Name the shape from the main side and the signed height of the other, with its place."""
    if abs(other_mv) < share * abs(amplitude_mv):
        return WaveForm.UPRIGHT if amplitude_mv > 0 else WaveForm.INVERTED
    is_up_first = (amplitude_mv > 0) == (other_mv > 0)
    return WaveForm.BIPHASIC_UP_DOWN if is_up_first else WaveForm.BIPHASIC_DOWN_UP


def _over_leads(leads: tuple[BeatWaves, ...]) -> BeatWaves:
    if len(leads) == 1:
        return leads[0]
    merged = {name: _merged([getattr(lead, name) for lead in leads]) for name in _WAVES}
    return BeatWaves(**merged)


def _merged(waves: list[Wave | None]) -> Wave | None:
    """Join the waves of the leads; None if fewer than half have one."""
    found = [wave for wave in waves if wave is not None]
    if not found or 2 * len(found) < len(waves):
        return None
    rank = 1 if len(found) >= 3 else 0
    tallest = max(found, key=lambda wave: abs(wave.amplitude_mv))
    peaks = sorted(wave.peak for wave in found)
    return Wave(
        sorted(wave.onset for wave in found)[rank],
        peaks[len(peaks) // 2],
        sorted(wave.offset for wave in found)[-1 - rank],
        tallest.amplitude_mv,
        sum(wave.confidence for wave in found) / len(waves),
        tallest.form,
    )


@compiled
def _join_past(points: FloatArray, past: FloatArray, share: float, gain: float) -> None:
    """Let the P waves of the beats before have their say, and remember this one.

    An atrium that fibrillates does so for many beats; what looks like a P wave in one of them does
    not in the next. A beat whose own evidence is strong still stands against the past.
    """
    for lead in range(past.size):
        own = points[lead, _P]
        if not math.isnan(own):
            bounded = min(max(own, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
            if math.isnan(past[lead]):
                past[lead] = bounded
            points[lead, _P] += share * (past[lead] - own)
            past[lead] += gain * (bounded - past[lead])


@compiled
def _measured(
    leads_mv: FloatArray,
    fs_hz: float,
    r: float,
    points: FloatArray,
    least: float,
    summit_ms: float,
) -> FloatArray:
    """Measure P, QRS and T of each lead, shape (n_leads, 3, 6); NaN: no wave."""
    n_leads = leads_mv.shape[0]
    found = np.full((n_leads, 3, 6), np.nan)
    for lead in range(n_leads):
        # A comparison with NaN is false.
        if points[lead, _QRS] >= least:
            _measure(leads_mv[lead], fs_hz, r, points[lead], least, summit_ms, found[lead])
    return found


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
    found[1, 0], found[1, 1], found[1, 2] = onset, r, offset
    found[1, 3] = raw_mv[min(max(round(r), 0), n - 1)] - level
    found[1, 4] = _probability(points[_QRS])
    found[1, 5] = 0.0
    p_onset, p_peak, p_offset = r + points[:3] * fs_hz
    if points[_P] >= least and p_onset >= 0.0:
        _measure_wave(raw_mv, p_onset, p_peak, min(p_offset, onset), ms, summit_ms, found[0])
        found[0, 3] -= _level(raw_mv, p_onset, ms)
        found[0, 4] = _probability(points[_P])
    t_onset, t_peak, t_offset = r + points[6:9] * fs_hz
    if points[_T] >= least and t_offset <= n - 1.0:
        _measure_wave(raw_mv, max(t_onset, offset), t_peak, t_offset, ms, summit_ms, found[2])
        found[2, 3] -= level
        found[2, 4] = _probability(points[_T])


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
