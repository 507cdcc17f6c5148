"""Where the waves of each beat begin, peak and end, lead by lead and over all leads.

Theory of operation
-------------------
A beat is held back until the signal behind its T wave has come. Then `ecgcore.wave_net` looks at
each lead around the R peak and gives the nine points and how likely a P and a T wave are. A wave
that is less likely than not, or that reaches beyond the samples at hand, is absent. What is left is
measured on the signal itself: the peak moves to the summit next to the place that was found, and
amplitudes and forms follow (`ecgcore.wave_measure`). The U wave comes last, from the average of the
last beats (`ecgcore.u_wave`).

Over several leads a wave is there when it is in at least half of them; with three or more the
second-earliest onset and the second-latest offset count, so that one bad lead moves nothing.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatWaves, Wave, WaveForm
from ecgcore.history import History, HistoryState
from ecgcore.limits import Milliseconds, Share
from ecgcore.rpeak import RPeak
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray
from ecgcore.u_wave import add_u, new_memory
from ecgcore.wave_measure import measured
from ecgcore.wave_net import UNEVENNESS, Surroundings, points_of, uneven, weights_of

_BEFORE_S = 0.56
_AFTER_S = 0.80
_WAVES = ("p", "qrs", "t", "u")
_FORMS = (
    WaveForm.UPRIGHT,
    WaveForm.INVERTED,
    WaveForm.BIPHASIC_UP_DOWN,
    WaveForm.BIPHASIC_DOWN_UP,
)
"""By their numbers in `ecgcore.wave_measure`."""


@dataclass(frozen=True, slots=True)
class DelineateConfig:
    """Parameters of the search."""

    model: str = "delineate"
    """Which network."""
    min_probability: Share = 0.5
    """A wave that is less likely is absent."""
    past_share: Share = 0.5
    """How much the P waves of the beats before count for the log-odds of one."""
    past_gain: Share = 0.3
    """How fast they are forgotten."""
    summit_ms: Milliseconds = 16.0
    """A summit is looked for so far from where the network put the peak."""
    biphasic_share: Share = 0.5
    """A wave with so much of its height on the other side is biphasic."""


@dataclass(slots=True)
class DelineateState:
    """The samples and beats that are still needed."""

    history: HistoryState = field(default_factory=HistoryState)
    waiting: list[RPeak] = field(default_factory=list)
    last: float = -math.inf
    """Place of the last R peak that was delineated."""
    interval: float = math.nan
    """From the one before it."""
    unevenness: float = UNEVENNESS
    p_log_odds: FloatArray = field(default_factory=lambda: np.empty(0))
    """Running mean of each lead, shape (n_leads,); NaN where there was no beat yet."""
    p_onset_s: FloatArray = field(default_factory=lambda: np.empty(0))
    """The same of where the P wave begins, s against R."""
    u_memory: FloatArray = field(default_factory=lambda: np.empty(0))
    """By `ecgcore.u_wave.new_memory`."""


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
        self._fs_hz = fs_hz
        self._n_leads = n_leads
        least = math.log(config.min_probability / (1.0 - config.min_probability))
        past = config.past_share, config.past_gain
        self._measuring = (*past, least, config.summit_ms, config.biphasic_share)
        self._weights = weights_of(config.model)
        self._before = math.ceil(_BEFORE_S * fs_hz)
        self._after = math.ceil(_AFTER_S * fs_hz)
        # Beats may be named some seconds late, by search-back or learning.
        self._history = History(math.ceil(8.0 * fs_hz), self.state.history, n_leads)
        if not self.state.u_memory.size:
            self.state.p_log_odds = np.full(n_leads, np.nan)
            self.state.p_onset_s = np.full(n_leads, np.nan)
            self.state.u_memory = new_memory(n_leads)

    def push(self, second: SignalSecond) -> list[DelineatedBeat]:
        """Take the next second; give the beats whose waves are certain now."""
        state = self.state
        self._history.push(second.start, second.ecg_mv)
        state.waiting += second.peaks
        latest, n_due = self._history.end - self._after, 0
        for peak in state.waiting:
            n_due += peak.sample <= latest
        return self._delineated(n_due) if n_due else []

    def finish(self) -> list[DelineatedBeat]:
        """End the run, as before a gap: the beats still held come out with what can be seen."""
        state = self.state
        found = self._delineated(len(state.waiting))
        self._history.reset()
        state.last, state.interval = -math.inf, math.nan
        return found

    def _delineated(self, n_due: int) -> list[DelineatedBeat]:
        waiting, found = self.state.waiting, []
        for k in range(n_due):
            peak = waiting[k]
            r = peak.sample + peak.offset
            self._pass_to(r)
            after_s = math.inf
            if k + 1 < len(waiting):
                after_s = (waiting[k + 1].sample + waiting[k + 1].offset - r) / self._fs_hz
            found.append(self._beat(peak, after_s))
        del waiting[:n_due]
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
        state, fs_hz = self.state, self._fs_hz
        start, end = self._history.start, self._history.end
        if not start < peak.sample < end - 1:
            nothing = tuple(BeatWaves() for _ in range(self._n_leads))
            return DelineatedBeat(peak, BeatWaves(), nothing)
        start, end = max(peak.sample - self._before, start), min(peak.sample + self._after, end)
        window = np.ascontiguousarray(self._history.between(start, end))
        r = peak.sample + peak.offset - start
        before_s = -state.interval / fs_hz if state.interval > 0 else -math.inf
        around = Surroundings(before_s, after_s, state.unevenness)
        points = points_of(window, fs_hz, r, around, self._weights)
        past = state.p_log_odds, state.p_onset_s
        found = measured(window, start, fs_hz, r, points, *past, *self._measuring)
        add_u(window, start, fs_hz, r, before_s, after_s, found, state.u_memory)
        waves = tuple([_waves_of(rows) for rows in found.tolist()])
        return DelineatedBeat(peak, _over_leads(waves), waves)


def _waves_of(rows: list[list[float]]) -> BeatWaves:
    """Give the waves of one lead as they were measured."""
    waves: list[Wave | None] = []
    for onset, peak, offset, amplitude_mv, confidence, form in rows:
        if math.isnan(peak):
            waves.append(None)
        else:
            shape = _FORMS[int(form)]
            waves.append(Wave(onset, peak, offset, amplitude_mv, confidence, shape))
    return BeatWaves(*waves)


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
