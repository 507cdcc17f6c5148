"""Incremental R-peak detector: which bumps of the QRS envelope are beats.

Theory of operation
-------------------
`QrsEnvelope` names places where a QRS may be. A bump is a beat when it is higher than a threshold
between the running levels of beats and of noise and its slope is not that of a T wave (Pan and
Tompkins 1985; levels as medians of the last eight, Hamilton and Tompkins 1986). An unbroken run of
samples is in one of two states:

* *learning*, from its first sample on when there are no levels yet: bumps are only collected;
  after `learning_s` the levels are set from them and they are judged.
* *following*: bumps are judged as they come. When a beat is overdue, the highest bump since the
  last one is judged again with a lower threshold (search-back), and so are the following ones.
  After `relearn_s` without a beat the levels are set anew from the bumps of that time, which are
  judged again: neither a burst of noise nor a change of amplitude silences the detector.

Invariants: beats come in order, more than a refractory time apart; a beat is named at most
`delay_samples` after its peak, or `max_delay_samples` when learning or search-back found it.
A gap ends the run; levels outlive it.
"""

import math
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple, TypeVar

from ecgcore.envelope import Bump, EnvelopeConfig, EnvelopeState, QrsEnvelope
from ecgcore.types import FloatArray, SampleIndex

N = TypeVar("N", int, float)
_N_LEVELS = 8


@dataclass(frozen=True, slots=True)
class RPeakConfig:
    """Parameters of the detector."""

    envelope: EnvelopeConfig = field(default_factory=EnvelopeConfig)
    threshold: float = 0.3
    """Where between the levels of noise (0) and of beats (1) a bump becomes a beat."""
    noise_factor: float = 1.5
    """A beat is at least so many times the noise level."""
    floor_mv_per_s: float = 0.6
    """No lower bump is ever a beat."""
    twave_ms: float = 360.0
    twave_slope: float = 0.5
    """A bump so soon after a beat, with less than this share of its slope, is a T wave."""
    overdue: float = 1.66
    """Usual intervals without a beat until the search-back."""
    overdue_max_s: float = 2.5
    searchback_share: float = 0.6
    """Share of the threshold that is enough when a beat is overdue."""
    learning_s: float = 2.0
    learning_snr: float = 5.0
    """Prominence over noise that levels are learnt from; below, the quality is not usable."""
    relearn_s: float = 4.0
    relearn_share: float = 0.1
    """Share of the old beat level that a new one needs, lest a standstill's P waves count; halved
    with each vain try."""


class RPeak(NamedTuple):
    """One QRS, located."""

    sample: SampleIndex
    offset: float
    """Where between samples the peak lies, -0.5 to 0.5."""
    amplitude_mv: float
    """Signed height over the level just before the QRS."""
    confidence: float
    """0 to 1."""
    decided_at: SampleIndex
    """Count of samples that had come when it was named."""


@dataclass(slots=True)
class RPeakState:
    """What the detector remembers."""

    envelope: EnvelopeState = field(default_factory=EnvelopeState)
    is_running: bool = False
    quiet_since: SampleIndex = 0
    """Last beat, last (re)learning or start of the run."""
    is_learning: bool = True
    n_vain: int = 0
    """Times the levels could not be learnt since the last beat."""
    was_searched: bool = False
    """Whether the overdue beat was already looked for."""
    bumps: list[Bump] = field(default_factory=list)
    """Not beats, since `quiet_since`."""
    last_beat: Bump | None = None
    """None until the first beat of the run."""
    intervals: list[int] = field(default_factory=list)
    beat_levels: list[float] = field(default_factory=list)
    noise_levels: list[float] = field(default_factory=list)
    uprightness: float = 0.0
    """Running mean of (up - down) / (up + down) over beats, -1 to 1."""
    points_up: bool = True


class RPeakDetector:
    """Finds R peaks (or the main downward wave where that is the tallest)."""

    def __init__(
        self,
        config: RPeakConfig,
        fs_hz: float,
        state: RPeakState | None = None,
    ) -> None:
        self.state = state or RPeakState()
        self._config = config
        self._fs_hz = fs_hz
        self._envelope = QrsEnvelope(config.envelope, fs_hz, self.state.envelope)
        self._refractory = self._envelope.refractory_samples
        self._twave_samples = round(config.twave_ms * 1e-3 * fs_hz)
        self._overdue_max_samples = round(config.overdue_max_s * fs_hz)
        self.delay_samples = self._envelope.delay_samples
        self.max_delay_samples = self.delay_samples + round(
            max(config.relearn_s, config.learning_s, config.overdue_max_s) * fs_hz
        )

    def push(self, start: SampleIndex, raw_mv: FloatArray) -> list[RPeak]:
        """Take the samples that follow, shape (n_samples,); give the beats that are certain now."""
        if not self.state.is_running:
            self.state.is_running, self.state.quiet_since = True, start
        peaks: list[RPeak] = []
        for bump in self._envelope.push(start, raw_mv):
            known_at = bump.at + self._refractory + 1
            peaks += self._when_due(known_at - 1)
            peaks += self._take(bump, known_at)
        return peaks + self._when_due(start + raw_mv.size)

    def finish(self) -> list[RPeak]:
        """End the run, as before a gap; levels are kept."""
        state = self.state
        if not state.is_running:
            return []
        ended_at = self._envelope.end
        peaks: list[RPeak] = []
        for bump in self._envelope.finish():
            peaks += self._take(bump, ended_at)
        if state.is_learning:
            peaks += self._learn(ended_at)
        state.is_running = state.was_searched = False
        state.n_vain = 0
        state.last_beat = None
        state.bumps.clear()
        return peaks

    def _take(self, bump: Bump, now: SampleIndex) -> list[RPeak]:
        if self.state.is_learning:
            self.state.bumps.append(bump)
            return []
        return self._judge(bump, now)

    def _judge(self, bump: Bump, now: SampleIndex) -> list[RPeak]:
        state = self.state
        threshold = self._threshold() * (
            self._config.searchback_share if state.was_searched else 1.0
        )
        if bump.height >= threshold and not self._is_twave(bump):
            return [self._accept(bump, threshold, now)]
        state.bumps.append(bump)
        _remember(state.noise_levels, bump.height)
        return []

    def _accept(self, bump: Bump, threshold: float, now: SampleIndex) -> RPeak:
        state = self.state
        if state.last_beat is not None:
            _remember(state.intervals, bump.at - state.last_beat.at)
        _remember(state.beat_levels, bump.height)
        state.last_beat, state.quiet_since = bump, bump.at
        state.was_searched, state.n_vain = False, 0
        state.bumps = [later for later in state.bumps if later.at > bump.at]
        deflection = bump.up if self._points_up(bump) else bump.down
        confidence = 1.0 - 0.5 * min(threshold / bump.height, 1.0)
        return RPeak(deflection.sample, deflection.offset, deflection.amplitude_mv, confidence, now)

    def _is_twave(self, bump: Bump) -> bool:
        last = self.state.last_beat
        if last is None or bump.at - last.at >= self._twave_samples:
            return False
        return bump.slope < self._config.twave_slope * last.slope

    def _points_up(self, bump: Bump) -> bool:
        """Follow the usual polarity unless the other one clearly dominates, so RR does not jump."""
        state = self.state
        uprightness = _uprightness(bump)
        state.uprightness += (uprightness - state.uprightness) / _N_LEVELS
        if abs(state.uprightness) > 0.2:
            state.points_up = state.uprightness > 0
        return uprightness > (-0.4 if state.points_up else 0.4)

    def _threshold(self) -> float:
        config, state = self._config, self.state
        beat = median(state.beat_levels)
        noise = median(state.noise_levels) if state.noise_levels else 0.0
        between = noise + config.threshold * (beat - noise)
        return max(between, config.noise_factor * noise, config.floor_mv_per_s)

    def _when_due(self, now: SampleIndex) -> list[RPeak]:
        """Do what had to be done at or before `now`: search back, learn."""
        peaks: list[RPeak] = []
        while True:
            search_at, learn_at = self._search_at(), self._learn_at()
            if search_at is not None and search_at <= min(now, learn_at):
                peaks += self._search_back(search_at)
            elif learn_at <= now:
                peaks += self._learn(learn_at)
            else:
                return peaks

    def _search_at(self) -> SampleIndex | None:
        """When the overdue beat is looked for."""
        state = self.state
        if state.last_beat is None or state.was_searched or not state.intervals:
            return None
        overdue = min(
            round(self._config.overdue * median(state.intervals)), self._overdue_max_samples
        )
        return state.last_beat.at + overdue + self._refractory + 1

    def _learn_at(self) -> SampleIndex:
        state = self.state
        wait_s = self._config.learning_s if state.is_learning else self._config.relearn_s
        return state.quiet_since + round(wait_s * self._fs_hz) + self._refractory + 1

    def _search_back(self, now: SampleIndex) -> list[RPeak]:
        state = self.state
        threshold = self._threshold() * self._config.searchback_share
        state.was_searched = True
        found = [b for b in state.bumps if b.height >= threshold and not self._is_twave(b)]
        if not found:
            return []
        return [self._accept(max(found, key=lambda bump: bump.height), threshold, now)]

    def _learn(self, now: SampleIndex) -> list[RPeak]:
        """Set the levels from the bumps collected and judge these again."""
        state = self.state
        bumps, state.bumps = state.bumps, []
        state.quiet_since = now - self._refractory - 1
        if not self._set_levels(bumps):
            state.n_vain += 1
            return []
        peaks: list[RPeak] = []
        for bump in bumps:
            peaks += self._judge(bump, now)
        return peaks

    def _set_levels(self, bumps: list[Bump]) -> bool:
        """Learn levels; False if no bump stands out or all are tiny against the beats before.

        The second highest bump is taken for a beat, lest an artefact sets the level.
        """
        state, config = self.state, self._config
        heights = sorted((bump.height for bump in bumps), reverse=True)
        if len(heights) < 2:
            return False
        beat = heights[1] if heights[1] > 0.4 * heights[0] else heights[0]
        before = median(state.beat_levels) if state.beat_levels else 0.0
        least = config.relearn_share * before * 0.5**state.n_vain
        if beat < max(config.floor_mv_per_s, least):
            return False
        alike = [bump for bump in bumps if bump.height >= 0.5 * beat]
        if median(map(_snr, alike)) < config.learning_snr:
            return False
        state.beat_levels = [beat]
        state.noise_levels = [height for height in heights if height < 0.5 * beat][-_N_LEVELS:]
        state.points_up = sum(map(_uprightness, alike)) > 0.0
        state.is_learning = state.was_searched = False
        return True


def _uprightness(bump: Bump) -> float:
    up_mv, down_mv = bump.up.prominence_mv, bump.down.prominence_mv
    return (up_mv - down_mv) / max(up_mv + down_mv, 1e-9)


def _snr(bump: Bump) -> float:
    if math.isnan(bump.noise_mv):
        return 0.0
    return max(bump.up.prominence_mv, bump.down.prominence_mv) / max(bump.noise_mv, 1e-6)


def _remember(values: list[N], value: N) -> None:
    values.append(value)
    del values[:-_N_LEVELS]
