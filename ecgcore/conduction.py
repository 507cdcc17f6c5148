"""Conduction from the atria: P waves that no QRS follows, and the AV blocks they make.

Each stretch between a T wave and the next P wave is searched for the patient's own P wave
(`ecgcore.atrial`). One that comes in time and is not conducted is a block of the second degree:
Mobitz I where PR had grown and is short again after it, Mobitz II where PR stays, 2:1 where every
second one is lost. P waves that keep their own time beside a slow and even QRS are a complete
block. A P wave before its time is a blocked premature one and no block.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.atrial import COUNT, MATCH, N_PATTERN, learn, search
from ecgcore.events import BeatLabel, BeatWaves, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.limits import Count, Factor, Milliseconds, Seconds, Share
from ecgcore.second import LabelledBeat
from ecgcore.types import FloatArray, SampleIndex

RhythmEvent = RhythmBegan | RhythmEnded
_KEPT = 16
# After so many beats without a lost P wave, only every fourth even interval is searched: one a
# block makes is longer than the one before by more than this.
_QUIET, _EVERY, _STEADY = 8, 4, 1.2
_BLOCKS = (RhythmLabel.AVB_2TO1, RhythmLabel.COMPLETE_AVB)
_EVEN = (BeatLabel.NORMAL, BeatLabel.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ConductionConfig:
    """Limits; report.md 4.3, those of the search measured on records without a block."""

    template_beats: Count = 10
    template_match: Share = 0.85
    """A third of the P waves resemble their own average at least so much."""
    clear_s: Seconds = 0.06
    """A P wave is learned if the QRS begins so long after its peak."""
    match: Share = 0.88
    height: tuple[Factor, Factor] = (0.5, 1.7)
    unrest: Factor = 2.5
    """The searched stretch moves by at most so many heights of the P wave."""
    after_t_s: Seconds = 0.06
    after_r_share: Share = 0.45
    """Of the interval; the search begins there where no T wave was found."""
    before_p_s: Seconds = 0.12
    least_rr_s: Seconds = 0.8
    """A shorter interval has no room for a lost P wave."""
    sure_p: Share = 0.7
    """The P wave of a beat is searched for as well where the delineation is less sure of it."""
    pr_s: tuple[Seconds, Seconds] = (0.09, 0.45)
    """From its peak to R, of a P wave that is found so."""
    in_time: Share = 0.15
    """A lost P wave comes within this share of its time."""
    middle: Share = 0.08
    """In 2:1 it lies so near to the middle, in PP."""
    cycles: Count = 3
    pr_steady_ms: Milliseconds = 20.0
    pr_grown_ms: Milliseconds = 40.0
    complete_p: int = 8
    complete_spread: float = 0.12
    complete_bpm: float = 60.0
    complete_pr_ms: float = 120.0
    complete_ratio: float = 1.2


class Cycle(NamedTuple):
    """One beat and what lies between the one before and it; times in seconds of the counter."""

    sample: SampleIndex
    r_s: float
    p_s: float
    """Peak of its P wave; NaN where none is sure."""
    lost_s: tuple[float, ...]
    """P waves before that one, which no QRS followed."""
    is_known: bool
    """The stretch could be judged, and the beat is no ectopic one."""


@dataclass(slots=True)
class ConductionState:
    """What is remembered."""

    pattern: FloatArray = field(default_factory=lambda: np.zeros(N_PATTERN))
    """See `ecgcore.atrial`."""
    cycles: list[Cycle] = field(default_factory=list)
    """At most 16."""
    n_quiet: int = 0
    """Beats since one with a lost P wave before it."""
    t_end: float = math.nan
    """Place of the last T wave's end; NaN where there was none."""
    open: dict[RhythmLabel, SampleIndex] = field(default_factory=dict)
    lead: int = 0
    """The lead that all this is of."""


class Conduction:
    """Follows the beats one by one; see the module's text."""

    def __init__(
        self, config: ConductionConfig, fs_hz: float, state: ConductionState | None = None
    ) -> None:
        self.state = state or ConductionState()
        self._config = config
        self._fs_hz = fs_hz
        self._limits = (config.match, *config.height, config.unrest)

    def push(
        self, beat: LabelledBeat, lead: int, ecg_mv: FloatArray, end: SampleIndex
    ) -> list[RhythmEvent]:
        """Take the next beat, and the last samples of a lead, which end before `end`."""
        state = self.state
        if lead != state.lead:
            state.lead = lead
            return self.finish(beat.peak.sample)
        if beat.label is BeatLabel.NOISE:
            return self._broken(beat.peak.sample)
        waves = beat.lead_waves[lead] if lead < len(beat.lead_waves) else beat.waves
        cycle = self._cycle(beat, waves, ecg_mv, end - ecg_mv.size)
        state.cycles.append(cycle)
        del state.cycles[:-_KEPT]
        state.n_quiet = 0 if cycle.lost_s else state.n_quiet + 1
        state.t_end = math.nan if waves.t is None else waves.t.offset
        # All blocks that can begin have a lost P wave in the last four intervals.
        return self._named() if state.open or state.n_quiet < 4 else []

    def finish(self, at: SampleIndex) -> list[RhythmEvent]:
        """End what goes on, as before a gap."""
        events = self._broken(at)
        self.state.pattern = np.zeros(N_PATTERN)
        return events

    def _broken(self, at: SampleIndex) -> list[RhythmEvent]:
        self.state.cycles, self.state.t_end, self.state.n_quiet = [], math.nan, 0
        return [event for label in _BLOCKS for event in self._close(label, at)]

    def _cycle(
        self, beat: LabelledBeat, waves: BeatWaves, ecg_mv: FloatArray, first: SampleIndex
    ) -> Cycle:
        fs_hz, p = self._fs_hz, waves.p
        place = beat.peak.sample + beat.peak.offset
        is_sure = p is not None and p.confidence >= self._config.sure_p
        p_at = math.nan if p is None else p.peak
        found, is_known = self._between(place, p_at if is_sure else math.nan, ecg_mv, first)
        is_even = beat.label in _EVEN
        if is_even:
            self._learn(waves, ecg_mv, first)
        low_s, high_s = self._config.pr_s
        if not is_sure and found and low_s * fs_hz <= place - found[-1] <= high_s * fs_hz:
            *found, p_at = found
        lost_s = tuple([each / fs_hz for each in found]) if found else ()
        return Cycle(beat.peak.sample, place / fs_hz, p_at / fs_hz, lost_s, is_known and is_even)

    def _learn(self, waves: BeatWaves, ecg_mv: FloatArray, first: SampleIndex) -> None:
        """Average a P wave that stands clear of the T wave before it and the QRS."""
        p, qrs = waves.p, waves.qrs
        if p is None or qrs is None or qrs.onset - p.peak < self._config.clear_s * self._fs_hz:
            return
        # False as well where that T wave was not found: it may lie under the P wave.
        if p.onset >= self.state.t_end:
            learn(self.state.pattern, ecg_mv, p.peak - first, self._fs_hz)

    def _between(
        self, place: float, p_at: float, ecg_mv: FloatArray, first: SampleIndex
    ) -> tuple[Sequence[float], bool]:
        """Search before a beat; say as well whether that could be done."""
        config, pattern, fs_hz = self._config, self.state.pattern, self._fs_hz
        if not self.state.cycles:
            return (), False
        before = self.state.cycles[-1].r_s * fs_hz
        rr = place - before
        if not math.isnan(p_at) and (rr < config.least_rr_s * fs_hz or self._is_quiet(rr)):
            return (), True
        if pattern[COUNT] < config.template_beats or pattern[MATCH] < config.template_match:
            return (), False
        start = self.state.t_end + config.after_t_s * fs_hz
        if math.isnan(start):
            start = before + min(config.after_r_share * rr, 0.6 * fs_hz)
        stop = (place if math.isnan(p_at) else p_at) - config.before_p_s * fs_hz
        span = (start - first, stop - first)
        found = search(pattern, ecg_mv, span, fs_hz, self._limits)
        if found.size and math.isnan(found[0]):
            return (), False
        return [float(each + first) for each in found], True

    def _is_quiet(self, rr: float) -> bool:
        """Whether an interval like the one before need not be searched, as none had a lost P."""
        n, cycles = self.state.n_quiet, self.state.cycles
        if n <= _QUIET or n % _EVERY == 0 or len(cycles) < 2:
            return False
        return rr <= _STEADY * (cycles[-1].r_s - cycles[-2].r_s) * self._fs_hz

    def _named(self) -> list[RhythmEvent]:
        cycles = self.state.cycles
        events = self._over()
        if RhythmLabel.COMPLETE_AVB not in self.state.open:
            start = self._complete()
            if start is not None:
                events += self._close(RhythmLabel.AVB_2TO1, cycles[-1].sample)
                return [*events, *self._open(RhythmLabel.COMPLETE_AVB, start)]
        if self.state.open:
            return events
        if self._is_2to1(self._config.cycles):
            return [
                *events,
                *self._open(RhythmLabel.AVB_2TO1, cycles[-1 - self._config.cycles].sample),
            ]
        return [*events, *self._single()]

    def _over(self) -> list[RhythmEvent]:
        """End what is no more."""
        state = self.state
        events: list[RhythmEvent] = []
        last = state.cycles[-2:]
        if RhythmLabel.AVB_2TO1 in state.open and not any(self._is_halved(-k) for k in (1, 2)):
            events += self._close(RhythmLabel.AVB_2TO1, last[0].sample)
        if RhythmLabel.COMPLETE_AVB in state.open and self._is_conducted():
            events += self._close(RhythmLabel.COMPLETE_AVB, last[0].sample)
        return events

    def _is_conducted(self) -> bool:
        """Whether a complete block is over: P and QRS go together, or fast, or P is not seen."""
        config, cycles = self._config, self.state.cycles[-6:]
        rate_bpm = 60.0 * (len(cycles) - 1) / (cycles[-1].r_s - cycles[0].r_s)
        if rate_bpm > 1.2 * config.complete_bpm:
            return True
        if any(cycle.lost_s for cycle in cycles):
            return False
        pr_s = [cycle.r_s - cycle.p_s for cycle in cycles if not math.isnan(cycle.p_s)]
        return 2e3 * (max(pr_s, default=0.0) - min(pr_s, default=0.0)) < config.complete_pr_ms

    def _is_halved(self, at: int) -> bool:
        """Whether one lost P wave lies in the middle of the two that were conducted."""
        cycles = self.state.cycles
        if len(cycles) < 1 - at:
            return False
        cycle, before = cycles[at], cycles[at - 1]
        if len(cycle.lost_s) != 1 or not cycle.is_known:
            return False
        pp_s = cycle.p_s - before.p_s
        return abs(cycle.lost_s[0] - before.p_s - 0.5 * pp_s) <= 0.5 * self._config.middle * pp_s

    def _is_2to1(self, n: int) -> bool:
        if not all(self._is_halved(-k) for k in range(1, n + 1)):
            return False
        pr_s = [cycle.r_s - cycle.p_s for cycle in self.state.cycles[-n - 1 :]]
        return 1e3 * (max(pr_s) - min(pr_s)) <= 2.0 * self._config.pr_steady_ms

    def _single(self) -> list[RhythmEvent]:
        """Name a block of one P wave between conducted ones."""
        config, cycles = self._config, self.state.cycles[-4:]
        if len(cycles) < 4 or len(cycles[-1].lost_s) != 1 or not cycles[-1].is_known:
            return []
        if any(cycle.lost_s or not cycle.is_known for cycle in cycles[1:-1]):
            return []
        p_s = [cycle.p_s for cycle in cycles]
        usual_s = 0.5 * (p_s[2] - p_s[0])
        lost_s = cycles[-1].lost_s[0]
        steps_s = (p_s[1] - p_s[0], p_s[2] - p_s[1], lost_s - p_s[2], p_s[3] - lost_s)
        if not all(abs(each - usual_s) <= config.in_time * usual_s for each in steps_s):
            return []
        label = self._kind([1e3 * (cycle.r_s - cycle.p_s) for cycle in cycles])
        if label is None:
            return []
        start, end = cycles[-2].sample, cycles[-1].sample
        return [RhythmBegan(start, label, 0.7), RhythmEnded(start, end, label, 0.7)]

    def _kind(self, pr_ms: list[float]) -> RhythmLabel | None:
        config = self._config
        a, b, c, after = pr_ms
        if (
            max(pr_ms) - min(pr_ms) <= 2.0 * config.pr_steady_ms
            and abs(c - after) <= config.pr_steady_ms
        ):
            return RhythmLabel.MOBITZ2
        has_grown = c - min(a, b) >= config.pr_grown_ms and c > b
        if has_grown and c - after >= config.pr_grown_ms:
            return RhythmLabel.MOBITZ1
        return None

    def _complete(self) -> SampleIndex | None:
        """Say since when P waves and QRS go their own ways, if they do."""
        config, cycles = self._config, self.state.cycles[-12:]
        if len(cycles) < 6:
            return None
        rr_s = np.diff([cycle.r_s for cycle in cycles])
        if rr_s.mean() < 60.0 / config.complete_bpm or _spread(rr_s) > config.complete_spread:
            return None
        p_s = np.array([each for cycle in cycles for each in (*cycle.lost_s, cycle.p_s)])
        p_s = p_s[np.isfinite(p_s)]
        if p_s.size < config.complete_p:
            return None
        n_p = _regular(p_s, config.complete_spread)
        if n_p <= config.complete_ratio * len(cycles):
            return None
        last_s = np.array([(*cycle.lost_s, cycle.p_s)[-1] for cycle in cycles])
        pr_s = np.array([cycle.r_s for cycle in cycles]) - last_s
        pr_s = pr_s[np.isfinite(pr_s)]
        if pr_s.size < 4 or 1e3 * (pr_s.max() - pr_s.min()) <= config.complete_pr_ms:
            return None
        return cycles[0].sample

    def _open(self, label: RhythmLabel, start: SampleIndex) -> list[RhythmEvent]:
        self.state.open[label] = start
        return [RhythmBegan(start, label, 0.7)]

    def _close(self, label: RhythmLabel, at: SampleIndex) -> list[RhythmEvent]:
        if label not in self.state.open:
            return []
        start = self.state.open.pop(label)
        return [RhythmEnded(start, max(at, start), label, 0.7)]


def _spread(steps: FloatArray) -> float:
    return float((steps.max() - steps.min()) / steps.mean())


def _regular(p_s: FloatArray, spread: float) -> float:
    """Count the P waves of an even train, those hidden in QRS and T with them; 0 if uneven."""
    steps = np.diff(p_s)
    pp_s = float(np.median(steps[steps <= 1.3 * np.min(steps)]))
    n = np.rint(steps / pp_s)
    if pp_s <= 0.0 or (n < 1).any() or (n > 3).any():
        return 0.0
    pp_s = float(steps.sum() / n.sum())
    is_even = np.abs(steps - n * pp_s) <= 0.5 * spread * pp_s * np.sqrt(n)
    return float(n.sum() + 1) if is_even.mean() >= 0.9 else 0.0
