"""Beats judged by the rules of a tally: sums over them, and the runs and cycles they make."""

from dataclasses import dataclass, field

from ecgcore.events import BeatLabel, RhythmLabel
from ecgcore.limits import Count, PerMinute, Seconds
from ecgcore.rhythm_sums import BeatPeaks, BeatRules, BeatSums, judge
from ecgcore.runs import Run, RunRule, Runs
from ecgcore.settling import SettledBeat

_OF_ATRIA = (RhythmLabel.AFIB, RhythmLabel.AFLUTTER)


@dataclass(frozen=True, slots=True)
class TallyConfig:
    """Limits; biomarkers 4.7 unless said otherwise."""

    beats: BeatRules = field(default_factory=BeatRules)
    vt_beats: Count = 3
    vt_bpm: PerMinute = 100.0
    svt_beats: Count = 3
    """Patch reports often use 4."""
    svt_bpm: PerMinute = 100.0
    cycles: Count = 3
    """Cycles that make bigeminy or trigeminy."""
    af_episode_s: Seconds = 30.0
    af_bridge_s: Seconds = 30.0
    """Lost or unreadable signal no longer than that does not end an episode of AF."""


@dataclass(slots=True)
class Judged:
    """What beats amount to."""

    sums: BeatSums = field(default_factory=BeatSums)
    peaks: BeatPeaks = field(default_factory=BeatPeaks)
    ventricular: Runs = field(default_factory=Runs)
    supraventricular: Runs = field(default_factory=Runs)
    bigeminy: Runs = field(default_factory=Runs)
    """Of pairs of neighbours with one ventricular beat, from the first's time to the second's."""
    trigeminy: Runs = field(default_factory=Runs)
    """Of threes with one ventricular beat."""


class Rules:
    """The limits of a configuration, and what they make of a beat."""

    def __init__(self, config: TallyConfig, fs_hz: float) -> None:
        self._beats = config.beats
        self.ventricular = RunRule(config.vt_beats, most_step=60e6 / config.vt_bpm)
        self.supraventricular = RunRule(config.svt_beats, most_step=60e6 / config.svt_bpm)
        # So many overlapping pairs, or threes, are as many cycles.
        self.bigeminy = RunRule(2 * config.cycles - 1)
        self.trigeminy = RunRule(3 * config.cycles - 2)
        self.af = RunRule(
            least_length=round(config.af_episode_s * fs_hz),
            most_hole=round(config.af_bridge_s * fs_hz),
        )

    def judge(self, beat: SettledBeat, before: list[SettledBeat], judged: Judged) -> None:
        """Add a beat, given up to `CONTEXT` beats before it.

        What was taken for beats of fibrillating ventricles is none, and ends all runs.
        """
        if beat.rhythm is RhythmLabel.VF:
            for runs in (
                judged.ventricular,
                judged.supraventricular,
                judged.bigeminy,
                judged.trigeminy,
            ):
                runs.cut()
            return
        judge(beat, before, self._beats, judged.sums, judged.peaks)
        is_v = beat.label is BeatLabel.VENTRICULAR
        # In fibrillation and flutter no beat is the atria's premature one.
        is_s = beat.label is BeatLabel.SUPRAVENTRICULAR and beat.rhythm not in _OF_ATRIA
        _go_on(judged.ventricular, self.ventricular, beat, is_member=is_v)
        _go_on(judged.supraventricular, self.supraventricular, beat, is_member=is_s)
        _cycle(judged.bigeminy, self.bigeminy, beat, before[-1:])
        _cycle(judged.trigeminy, self.trigeminy, beat, before[-2:] if before[1:] else [])

    def joined(self, first: Judged, then: Judged) -> Judged:
        """Give the judgement of neighbouring beats together."""
        return Judged(
            first.sums + then.sums,
            first.peaks.joined(then.peaks),
            first.ventricular.joined(then.ventricular, self.ventricular),
            first.supraventricular.joined(then.supraventricular, self.supraventricular),
            first.bigeminy.joined(then.bigeminy, self.bigeminy),
            first.trigeminy.joined(then.trigeminy, self.trigeminy),
        )


def _go_on(runs: Runs, rule: RunRule, beat: SettledBeat, *, is_member: bool) -> None:
    if beat.rr_us is None or not is_member:
        runs.cut()
    if is_member:
        runs.add(Run(beat.time_us, beat.time_us, 1), rule)


def _cycle(runs: Runs, rule: RunRule, beat: SettledBeat, before: list[SettledBeat]) -> None:
    """Take a beat and those before it that a cycle has; none where they are too few."""
    n_v = 0
    is_unbroken = bool(before)
    for k, each in enumerate((*before, beat)):
        n_v += each.label is BeatLabel.VENTRICULAR
        is_unbroken &= k == 0 or each.rr_us is not None
        is_unbroken &= each.rhythm is not RhythmLabel.VF
    if is_unbroken and n_v == 1:
        runs.add(Run(before[0].time_us, beat.time_us, 1), rule)
    else:
        runs.cut()
