"""Sums and extremes over beats, joined by adding: what a tally keeps of beats it has judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Annotated, TypeAlias

from annotated_types import Interval

from ecgcore.events import BeatLabel, RhythmLabel
from ecgcore.limits import Factor, PerMinute, Seconds, Share
from ecgcore.settling import SettledBeat

_IRREGULAR = (RhythmLabel.AFIB, RhythmLabel.AFLUTTER)
_NO_ESCAPE = (*_IRREGULAR, RhythmLabel.VF, RhythmLabel.PACED)
_LEAST_NN = 3
CONTEXT = 9
"""Beats before one that its judgement may rest on: nine end eight intervals."""
RateBeats: TypeAlias = Annotated[int, Interval(ge=1, le=CONTEXT - 1)]


@dataclass(frozen=True, slots=True)
class BeatRules:
    """Limits of what is judged beat by beat."""

    pause_s: Seconds = 3.0
    pause_af_s: Seconds = 5.0
    """Of an interval in atrial fibrillation; catalogue F83."""
    rate_beats: RateBeats = 8
    """Intervals that a rate is the mean of."""
    brady_bpm: PerMinute = 50.0
    tachy_bpm: PerMinute = 100.0
    escape_ratio: Factor = 1.2
    """An escape beat comes after so many usual intervals; catalogue F88."""
    escape_p: Share = 0.5
    """A beat lacks its P wave only where at least this share of those before had one."""


@dataclass(slots=True)
class BeatSums:
    """Whole numbers, so that no order of adding changes them; times in microseconds."""

    labels: dict[BeatLabel, int] = field(default_factory=dict)
    n_p_known: int = 0
    n_p: int = 0
    """Beats whose waves are known, and those of them with a P wave; not ventricular ones."""
    n_pauses: int = 0
    n_pauses_af: int = 0
    """Those in atrial fibrillation, which the others leave out."""
    judged_us: int = 0
    """Time that a running rate is known for."""
    brady_us: int = 0
    tachy_us: int = 0
    n_af: int = 0
    af_us: int = 0
    """Intervals in atrial fibrillation."""
    n_escapes: int = 0
    n_coupled: int = 0
    coupled_us: int = 0
    coupled_us2: int = 0
    """Coupling intervals of premature ventricular beats, and their squares."""

    def __add__(self, other: "BeatSums") -> "BeatSums":
        """Add number by number."""
        labels = dict(Counter(self.labels) + Counter(other.labels))
        numbers = [name.name for name in fields(self) if name.name != "labels"]
        return BeatSums(labels, *(getattr(self, name) + getattr(other, name) for name in numbers))


@dataclass(slots=True)
class BeatPeaks:
    """Extremes; times in microseconds, 0 where there is none."""

    pause_us: int = 0
    """Longest pause."""
    af_span_us: int = 0
    """Shortest time that `rate_beats` intervals in atrial fibrillation took."""

    def joined(self, other: "BeatPeaks") -> "BeatPeaks":
        """Give those of both."""
        spans = [each for each in (self.af_span_us, other.af_span_us) if each]
        return BeatPeaks(max(self.pause_us, other.pause_us), min(spans, default=0))


def judge(
    beat: SettledBeat,
    before: Sequence[SettledBeat],
    rules: BeatRules,
    sums: BeatSums,
    peaks: BeatPeaks,
) -> None:
    """Add what a beat tells, given up to `CONTEXT` beats before it."""
    sums.labels[beat.label] = sums.labels.get(beat.label, 0) + 1
    if beat.has_p is not None and beat.label is not BeatLabel.VENTRICULAR:
        sums.n_p_known += 1
        sums.n_p += beat.has_p
    if beat.rr_us is None or not before:
        return
    _pause(beat, beat.rr_us, rules, sums, peaks)
    _rate(beat, beat.rr_us, before, rules, sums, peaks)
    # Only these can be premature beats of the ventricles or escape beats.
    is_odd = beat.label is BeatLabel.VENTRICULAR or beat.has_p is False
    usual_us = usual_rr_us(before) if is_odd else None
    if usual_us is not None:
        _coupling(beat, beat.rr_us, before[-1], usual_us, sums)
        sums.n_escapes += _is_escape(beat, beat.rr_us, before, usual_us, rules)


def usual_rr_us(before: Sequence[SettledBeat]) -> int | None:
    """Give the median of the last eight intervals between normal beats; None for fewer than 3."""
    last = before[-CONTEXT:]
    normal = sorted(
        each.rr_us
        for one, each in pairwise(last)
        if each.rr_us is not None and one.label is each.label is BeatLabel.NORMAL
    )
    return normal[len(normal) // 2] if len(normal) >= _LEAST_NN else None


def _pause(
    beat: SettledBeat, rr_us: int, rules: BeatRules, sums: BeatSums, peaks: BeatPeaks
) -> None:
    in_af = beat.rhythm is RhythmLabel.AFIB
    if rr_us < 1e6 * (rules.pause_af_s if in_af else rules.pause_s):
        return
    peaks.pause_us = max(peaks.pause_us, rr_us)
    if in_af:
        sums.n_pauses_af += 1
    else:
        sums.n_pauses += 1


def _rate(
    beat: SettledBeat,
    rr_us: int,
    before: Sequence[SettledBeat],
    rules: BeatRules,
    sums: BeatSums,
    peaks: BeatPeaks,
) -> None:
    in_af = beat.rhythm is RhythmLabel.AFIB
    if in_af and before[-1].rhythm is RhythmLabel.AFIB:
        sums.n_af += 1
        sums.af_us += rr_us
    n = rules.rate_beats
    last = [*before[1 - n :], beat] if n > 1 else [beat]
    span_us = 0
    for each in last:
        if each.rr_us is None:
            return
        span_us += each.rr_us
    # One more beat than intervals.
    if len(before) < n:
        return
    # The first rate of a row stands for all the intervals it rests on.
    is_first = len(before) == n or before[-n].rr_us is None
    time_us = span_us if is_first else rr_us
    sums.judged_us += time_us
    bpm = 60e6 * n / span_us
    sums.brady_us += time_us if bpm < rules.brady_bpm else 0
    sums.tachy_us += time_us if bpm > rules.tachy_bpm else 0
    if in_af and all(each.rhythm is RhythmLabel.AFIB for each in before[-n:]):
        peaks.af_span_us = min(peaks.af_span_us or span_us, span_us)


def _coupling(
    beat: SettledBeat, rr_us: int, previous: SettledBeat, usual_us: int, sums: BeatSums
) -> None:
    if beat.label is not BeatLabel.VENTRICULAR or previous.label is not BeatLabel.NORMAL:
        return
    if rr_us >= usual_us:
        return
    sums.n_coupled += 1
    sums.coupled_us += rr_us
    sums.coupled_us2 += rr_us * rr_us


def _is_escape(
    beat: SettledBeat, rr_us: int, before: Sequence[SettledBeat], usual_us: int, rules: BeatRules
) -> bool:
    """Tell whether a late beat is the ventricles' or the junction's own.

    The pause after a premature beat is compensation, and one in fibrillation is chance.
    """
    if rr_us <= rules.escape_ratio * usual_us or beat.rhythm in _NO_ESCAPE:
        return False
    if before[-1].label is not BeatLabel.NORMAL:
        return False
    if beat.label is BeatLabel.VENTRICULAR:
        return True
    known = [each.has_p for each in before if each.has_p is not None]
    has_p_waves = bool(known) and sum(known) >= rules.escape_p * len(known)
    is_narrow = beat.label in (BeatLabel.NORMAL, BeatLabel.SUPRAVENTRICULAR)
    return is_narrow and has_p_waves and beat.has_p is False
