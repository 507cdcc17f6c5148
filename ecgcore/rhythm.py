"""The rhythm as it goes on: one base rhythm at a time, and the patterns over it.

Theory of operation
-------------------
Once a second the last beats are judged: noise or lead-off where the signal cannot be, ventricular
fibrillation where it is one oscillation, asystole where no beat comes, runs of V beats, atrial
fibrillation by the forest of `ecgcore.irregularity`, flutter by its waves (`ecgcore.flutter`),
else regular and fast or slow. The base rhythm changes when another one has been judged for
`persistence_s`; it then began where the first of those judgements did, and the one before ended
there. So base rhythms never overlap and leave no hole.

No interval reaches across a gap: `finish` ends everything. A run that is over before any rhythm has
lasted, as ten seconds of a slow heart, is named by its last beats if it was judged to be nothing
else; but uneven ones without P waves may be fibrillation, which so few cannot show.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ecgcore.beat_table import (
    IS_CERTAIN,
    KIND,
    N_ROWS,
    PACED,
    PLACE,
    RR,
    SAMPLE,
    VENTRICULAR,
    BeatTable,
    BeatTableState,
    has_waves,
)
from ecgcore.chaos import leakage
from ecgcore.conduction import Conduction, ConductionConfig, ConductionState
from ecgcore.events import (
    BeatLabel,
    QualityReason,
    RhythmBegan,
    RhythmEnded,
    RhythmLabel,
)
from ecgcore.flutter import Flutter, FlutterConfig, FlutterState
from ecgcore.irregularity import LEAST_INTERVALS, figures, probability, rr_figures
from ecgcore.limits import Count, Hertz, Millivolts, Seconds, Share
from ecgcore.patterns import PatternConfig, Patterns, PatternState, RhythmEvent
from ecgcore.rate import RateConfig, Recent, named_by_rate
from ecgcore.second import LabelledBeat, SignalSecond
from ecgcore.types import FloatArray, SampleIndex

_RATES = (
    RhythmLabel.SINUS_RHYTHM,
    RhythmLabel.SINUS_BRADY,
    RhythmLabel.SINUS_TACHY,
    RhythmLabel.SINUS_ARRHYTHMIA,
)
_SOON = (RhythmLabel.NOISE, RhythmLabel.LEAD_OFF, RhythmLabel.ASYSTOLE, RhythmLabel.VF)
AF_SHARE = 0.4
"""A short recording of which AF takes at least this share is one of AF."""


@dataclass(frozen=True, slots=True)
class RhythmConfig:
    """Limits; report.md 4.1 unless said otherwise."""

    patterns: PatternConfig = field(default_factory=PatternConfig)
    conduction: ConductionConfig = field(default_factory=ConductionConfig)
    rate: RateConfig = field(default_factory=RateConfig)
    flutter: FlutterConfig = field(default_factory=FlutterConfig)
    regular_s: Seconds = 10.0
    """Stretch that rate and regularity are judged over."""
    af_beats: Count = 32
    """Beats that AF is judged over; the judgement is of the middle one."""
    af_least_beats: Count = 8
    af_step_beats: Count = 3
    """Beats after which AF is judged anew."""
    af_enter: Share = 0.5
    af_leave: Share = 0.35
    """Probability of AF that begins and that ends it."""
    af_least_rr: Share = 0.1
    """Intervals less like AF than that forbid it in a stream of more than a minute."""
    af_beats_rr: Count = 64
    af_span_rr_s: Seconds = 80.0
    af_enter_rr: Share = 0.5
    af_leave_rr: Share = 0.25
    """The same where no waves are known; at most so many beats and seconds."""
    vf_s: Seconds = 4.0
    """Stretch that fibrillation of the ventricles is judged over."""
    vf_enter: Share = 0.4
    vf_leave: Share = 0.55
    """Leakage that it begins below and that ends it; records with QRS complexes have 0.58 up."""
    vf_hz: tuple[Hertz, Hertz] = (2.5, 10.0)
    vf_least_mv: Millivolts = 0.05
    """Half the mean peak to peak; a standstill's noise is less."""
    asystole_s: Seconds = 4.0
    late_s: Seconds = 3.0
    """How much later a beat may still be named, by search-back or learning."""
    sustained_s: Seconds = 30.0
    least_p: Share = 0.5
    """Share of beats with a P wave, below which uneven ones are not named at the end of a run."""
    persistence_s: Seconds = 4.0
    noise_persistence_s: Seconds = 2.0


@dataclass(slots=True)
class Base:
    """A base rhythm that is there or about to be."""

    label: RhythmLabel
    start: SampleIndex
    confidence: float


@dataclass(slots=True)
class RhythmState:
    """What is remembered."""

    table: BeatTableState = field(default_factory=BeatTableState)
    patterns: PatternState = field(default_factory=PatternState)
    conduction: ConductionState = field(default_factory=ConductionState)
    lead: int = 0
    """The lead that beats are found in."""
    flutter: FlutterState = field(default_factory=FlutterState)
    base: Base | None = None
    candidate: Base | None = None
    last_named: SampleIndex | None = None
    """Of the last R peak, classified or not; the start of the run before the first."""
    af: float = 0.0
    """Probability of AF when it was last judged."""
    n_unjudged: int = 0
    """Beats since."""
    bad_seconds: list[int] = field(default_factory=list)
    """Last seconds: 0 good, 1 noise, 2 no contact."""
    end: SampleIndex = 0


class RhythmTracker:
    """Names the rhythm; see the module's text."""

    max_delay_s = 68
    """A change is reported at most so long after it; where there are waves, after 16 beats."""

    def __init__(
        self,
        config: RhythmConfig,
        fs_hz: float,
        n_leads: int,
        state: RhythmState | None = None,
    ) -> None:
        del n_leads  # beats and their waves are over all leads already
        self.state = state or RhythmState()
        self._config = config
        self._fs_hz = fs_hz
        self._table = BeatTable(fs_hz, self.state.table)
        self._patterns = Patterns(config.patterns, fs_hz, self.state.patterns)
        self._conduction = Conduction(config.conduction, fs_hz, self.state.conduction)
        self._flutter = Flutter(config.flutter, fs_hz, self.state.flutter)
        # What the last beats say, in AF or not, with flutter waves or not; None once others came.
        self._verdict: tuple[tuple[bool, bool], tuple[RhythmLabel, float]] | None = None

    def push(self, second: SignalSecond, labelled: Sequence[LabelledBeat]) -> list[RhythmEvent]:
        """Take the next second and the beats that were classified in it."""
        state = self.state
        if state.last_named is None:
            state.last_named = second.start
        for peak in second.peaks:
            state.last_named = max(state.last_named, peak.sample)
        state.end, state.lead = second.end, second.lead
        self._table.hear(second)
        self._flutter.hear(second)
        state.bad_seconds = [*state.bad_seconds[-4:], _badness(second)]
        events = self._take(labelled)
        label, confidence = self._judged()
        return [*events, *self._move(label, confidence, second.start)]

    def finish(self, labelled: Sequence[LabelledBeat]) -> list[RhythmEvent]:
        """End the run, as before a gap: all that goes on ends with its last sample."""
        state = self.state
        events = [*self._take(labelled), *self._patterns.finish(state.end)]
        events += self._conduction.finish(state.end)
        events += self._named_at_last()
        if state.base is not None:
            base = state.base
            events.append(RhythmEnded(base.start, state.end, base.label, base.confidence))
        state.base = state.candidate = state.last_named = None
        self._verdict = None
        state.af, state.n_unjudged = 0.0, 0
        state.bad_seconds.clear()
        self._table.reset()
        self._flutter.reset()
        return events

    def _take(self, labelled: Sequence[LabelledBeat]) -> list[RhythmEvent]:
        events: list[RhythmEvent] = []
        ecg_mv = self._table.recent_mv()
        for beat in labelled:
            events += self._conduction.push(beat, self.state.lead, ecg_mv, self.state.end)
            self._table.push(beat)
            if beat.label is not BeatLabel.NOISE:
                events += self._patterns.push(beat, float(self._table.rows[-1, RR]))
                self.state.n_unjudged += 1
                self._verdict = None
        return events

    def _judged(self) -> tuple[RhythmLabel, float]:
        """Name the rhythm of now, and how sure that is."""
        state, config, bad = self.state, self._config, self.state.bad_seconds
        n_bad = len(bad) - bad.count(0)
        # It is no noise, but has no QRS complexes that the quality index could rest on.
        if 2 not in bad and self._is_vf():
            return RhythmLabel.VF, 0.7
        if n_bad >= min(3, len(bad)):
            return (RhythmLabel.LEAD_OFF if bad.count(2) >= 2 else RhythmLabel.NOISE), 0.9
        silent_s = (state.end - (state.last_named or 0)) / self._fs_hz
        if silent_s >= config.asystole_s + config.late_s and n_bad == 0:
            return RhythmLabel.ASYSTOLE, 0.8
        return self._of_beats()

    def _of_beats(self) -> tuple[RhythmLabel, float]:
        """Name the rhythm of the last beats; without a new one it is what it was."""
        base = self.state.base
        in_af = base is not None and base.label is RhythmLabel.AFIB
        seen = in_af, self._flutter.is_there
        if self._verdict is None or self._verdict[0] != seen:
            recent = self._recent()
            if recent.n_beats < 4:
                found = RhythmLabel.UNDETERMINED, 0.5
            else:
                found = self._ventricular(recent) or self._of_intervals(recent, in_af)
            self._verdict = seen, found
        return self._verdict[1]

    def _is_vf(self) -> bool:
        config, base = self._config, self.state.base
        ecg_mv = self._table.recent_mv(config.vf_s)
        if ecg_mv.size < round(config.vf_s * self._fs_hz):
            return False
        share, mean_hz, size_mv = leakage(ecg_mv, self._fs_hz)
        goes_on = base is not None and base.label is RhythmLabel.VF
        is_fast = config.vf_hz[0] <= mean_hz <= config.vf_hz[1]
        limit = config.vf_leave if goes_on else config.vf_enter
        return share < limit and is_fast and size_mv >= config.vf_least_mv

    def _recent(self) -> Recent:
        return Recent.of(self._table.rows, self._config.regular_s * self._fs_hz)

    def _ventricular(self, recent: Recent) -> tuple[RhythmLabel, float] | None:
        rows = self._table.rows
        kinds = rows[:, KIND]
        n = 0
        if kinds[-1] == VENTRICULAR:
            others = np.flatnonzero((kinds != VENTRICULAR) | (rows[:, IS_CERTAIN] == 0.0))
            n = len(rows) - (int(others[-1]) + 1 if others.size else 0)
        if n < 6:
            n_paced = np.count_nonzero(kinds[-recent.n_beats :] == PACED)
            return (RhythmLabel.PACED, 0.8) if 2 * n_paced > recent.n_beats else None
        length_s = float(rows[-1, SAMPLE] - rows[-n, SAMPLE]) / self._fs_hz
        bpm = 60.0 * (n - 1) / length_s
        if bpm < self._config.patterns.tachycardia_bpm:
            return RhythmLabel.AIVR, 0.7
        # Shorter ones are a pattern; they are reported when they are over.
        is_all = n == len(rows) and length_s >= 0.5 * self._config.sustained_s
        if length_s >= self._config.sustained_s or is_all:
            return RhythmLabel.VT, 0.8
        return None if recent.n_beats > n else (RhythmLabel.VT, 0.6)

    def _of_intervals(self, recent: Recent, in_af: bool) -> tuple[RhythmLabel, float]:
        config = self._config
        if recent.n_intervals < 3:
            return RhythmLabel.UNDETERMINED, 0.5
        af = self._af_probability()
        if self._flutter.is_there:
            return RhythmLabel.AFLUTTER, 0.7
        enter, leave = config.af_enter, config.af_leave
        if not self._has_waves():
            enter, leave = config.af_enter_rr, config.af_leave_rr
        if af >= (leave if in_af else enter):
            return RhythmLabel.AFIB, min(max(af, 0.5), 0.99)
        return named_by_rate(recent, af, config.rate)

    def _af_probability(self) -> float:
        """Give the probability of AF; flutter is judged anew with it."""
        state = self.state
        if state.n_unjudged >= self._config.af_step_beats:
            state.af, state.n_unjudged = self._judge_af(), 0
            self._flutter.judge(self._table.recent_mv(), state.end)
        return state.af

    def _judge_af(self) -> float:
        rows = self._af_rows()
        n_intervals = np.count_nonzero(np.isfinite(rows[:, RR]))
        if len(rows) < self._config.af_least_beats or n_intervals < LEAST_INTERVALS:
            return 0.0
        if not self._has_waves():
            return probability(rr_figures(rows[:, RR].copy()), has_waves=False)
        found = probability(figures(rows), has_waves=True)
        if found < self._config.af_leave or len(self._table.rows) < N_ROWS:
            return found
        # The forest was fitted on recordings of half a minute. In a stream whose P waves cannot be
        # made out it is often wrong, and hardly ever where the intervals say AF as well.
        by_intervals = probability(rr_figures(rows[:, RR].copy()), has_waves=False)
        return found if by_intervals >= self._config.af_least_rr else by_intervals

    def _has_waves(self) -> bool:
        return has_waves(self._table.rows, self._config.af_beats)

    def _af_rows(self) -> FloatArray:
        """Give the beats that AF is judged over."""
        config, rows = self._config, self._table.rows
        if self._has_waves() or not len(rows):
            return rows[-config.af_beats :]
        since = rows[-1, PLACE] - config.af_span_rr_s * self._fs_hz
        rows = rows[-config.af_beats_rr :]
        n = int((rows[:, PLACE] >= since).sum())
        return rows[-n:]

    def _move(self, label: RhythmLabel, confidence: float, now: SampleIndex) -> list[RhythmEvent]:
        """Change the base rhythm once another has lasted."""
        state = self.state
        base, candidate = state.base, state.candidate
        if base is not None and label is base.label:
            base.confidence += 0.1 * (confidence - base.confidence)
            state.candidate = None
            return []
        if candidate is None or candidate.label is not label:
            candidate = Base(label, self._begin_of(label, now), confidence)
            state.candidate = candidate
        if base is not None and not self._has_lasted(base, candidate):
            return []
        if base is None:
            candidate.start = min(candidate.start, now)
        state.base, state.candidate = candidate, None
        began = RhythmBegan(candidate.start, candidate.label, candidate.confidence)
        if base is None:
            return [began]
        return [RhythmEnded(base.start, candidate.start, base.label, base.confidence), began]

    def _named_at_last(self) -> list[RhythmEvent]:
        """Name the rhythm of a run that was over before any had lasted, by its last beats."""
        state = self.state
        base, candidate = state.base, state.candidate
        if base is None or base.label is not RhythmLabel.UNDETERMINED:
            return []
        label, confidence = self._of_beats()
        is_other = candidate is not None and candidate.label is not label
        is_doubtful = label is not RhythmLabel.AFIB and self._may_fibrillate()
        if label is RhythmLabel.UNDETERMINED or is_other or is_doubtful:
            return []
        first = int(self._table.rows[-self._recent().n_beats, SAMPLE])
        start = max(first, base.start + 1)
        state.base = Base(label, start, confidence)
        return [
            RhythmEnded(base.start, start, base.label, base.confidence),
            RhythmBegan(start, label, confidence),
        ]

    def _may_fibrillate(self) -> bool:
        """Tell of uneven beats without P waves, which are too few to be judged."""
        recent = self._recent()
        return recent.p_share < self._config.least_p and not recent.is_even

    def _begin_of(self, label: RhythmLabel, now: SampleIndex) -> SampleIndex:
        """Say where a rhythm that is judged for the first time began, after the one before it."""
        state, rows = self.state, self._table.rows
        begin = now
        if label is RhythmLabel.ASYSTOLE:
            begin = state.last_named or now
        elif label is RhythmLabel.VF:
            begin = state.end - round(self._config.vf_s * self._fs_hz)
        elif label not in (RhythmLabel.NOISE, RhythmLabel.LEAD_OFF) and len(rows):
            begin = int(rows[-min(self._n_back(label), len(rows)), SAMPLE])
        return max(begin, state.base.start + 1) if state.base is not None else begin

    def _n_back(self, label: RhythmLabel) -> int:
        """Give how many beats a rhythm has lasted when it is judged for the first time."""
        state, n_af = self.state, len(self._af_rows())
        was_af = state.base is not None and state.base.label is RhythmLabel.AFIB
        if label is RhythmLabel.AFLUTTER:
            return self._recent().n_beats
        if label is not RhythmLabel.AFIB and not was_af:
            return 3
        # The first ones of a run stand for all before.
        if state.base is None:
            return len(self._table.rows)
        if self._has_waves():
            return n_af // 2
        # Measured: over so many, AF is seen once three quarters are it, and gone once 3/8 are not.
        return (6 if label is RhythmLabel.AFIB else 3) * n_af // 8

    def _has_lasted(self, base: Base, candidate: Base) -> bool:
        lasted_s = (self.state.end - candidate.start) / self._fs_hz
        is_rate = base.label in _RATES and candidate.label in _RATES
        if not is_rate or self._has_waves():
            return lasted_s >= self._needed_s(candidate.label)
        # AF is judged some way back; a change of rate told before would cut its beginning off.
        n_since = int(np.count_nonzero(self._table.rows[:, SAMPLE] >= candidate.start))
        return n_since > 6 * len(self._af_rows()) // 8 + self._config.af_step_beats

    def _needed_s(self, label: RhythmLabel) -> float:
        if label in _SOON:
            return self._config.noise_persistence_s
        return self._config.persistence_s


def _badness(second: SignalSecond) -> int:
    if QualityReason.LEAD_OFF in second.reasons or QualityReason.FLAT in second.reasons:
        return 2
    return int(second.sqi < 0.5)
