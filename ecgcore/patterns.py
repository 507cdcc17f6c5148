"""What lies over the base rhythm: ectopic runs, bigeminy, pauses, a long PR.

Runs and pauses are reported once they are over; bigeminy, trigeminy and a long PR while they last.
"""

from dataclasses import dataclass, field

from ecgcore.events import BeatLabel, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.limits import Count, Milliseconds, PerMinute, Seconds
from ecgcore.second import LabelledBeat
from ecgcore.types import SampleIndex

RhythmEvent = RhythmBegan | RhythmEnded


@dataclass(frozen=True, slots=True)
class PatternConfig:
    """Limits (report.md 4.1 and 4.2: AHA/ACC/HRS 2007, Zio high-risk set)."""

    tachycardia_bpm: PerMinute = 100.0
    """A run of three V beats or more at least so fast is tachycardia."""
    pause_s: Seconds = 3.0
    cycles: Count = 3
    """Cycles that make bigeminy or trigeminy."""
    pr_long_ms: Milliseconds = 200.0
    pr_long_clear_ms: Milliseconds = 190.0
    pr_beats: Count = 10


@dataclass(slots=True)
class PatternState:
    """What is going on."""

    run: list[SampleIndex] = field(default_factory=list)
    """The V beats since the last other one; the first and the last few of a long run."""
    n_run: int = 0
    labels: list[tuple[SampleIndex, str]] = field(default_factory=list)
    open: dict[RhythmLabel, SampleIndex] = field(default_factory=dict)
    pr_ms: list[float] = field(default_factory=list)
    pr_at: list[SampleIndex] = field(default_factory=list)


class Patterns:
    """Follows the beats one by one."""

    def __init__(
        self, config: PatternConfig, fs_hz: float, state: PatternState | None = None
    ) -> None:
        self.state = state or PatternState()
        self._config = config
        self._fs_hz = fs_hz

    def push(self, beat: LabelledBeat, rr_s: float) -> list[RhythmEvent]:
        """Take the next beat that is no noise; its interval is NaN where there is none."""
        return [
            *self._pause(beat, rr_s),
            *self._runs(beat),
            *self._cycles(beat),
            *self._long_pr(beat),
        ]

    def finish(self, at: SampleIndex) -> list[RhythmEvent]:
        """End what goes on, as before a gap."""
        state = self.state
        events: list[RhythmEvent] = [*self._run_over()]
        for label in list(state.open):
            events += self._close(label, at)
        state.labels.clear()
        state.pr_ms.clear()
        state.pr_at.clear()
        return events

    def _pause(self, beat: LabelledBeat, rr_s: float) -> list[RhythmEvent]:
        if not rr_s >= self._config.pause_s:
            return []
        end = beat.peak.sample
        return _event(RhythmLabel.PAUSE, end - round(rr_s * self._fs_hz), end, beat.peak.confidence)

    def _runs(self, beat: LabelledBeat) -> list[RhythmEvent]:
        state = self.state
        if beat.label is not BeatLabel.VENTRICULAR:
            return self._run_over()
        state.run = [*state.run[:1], beat.peak.sample] if state.run else [beat.peak.sample]
        state.n_run += 1
        return []

    def _run_over(self) -> list[RhythmEvent]:
        state = self.state
        if not state.run:
            return []
        run, n, state.run, state.n_run = state.run, state.n_run, [], 0
        if n < 2:
            return []
        length_s = (run[-1] - run[0]) / self._fs_hz
        is_fast = 60.0 * (n - 1) / length_s >= self._config.tachycardia_bpm
        if n == 2:
            label = RhythmLabel.COUPLET
        elif is_fast and length_s < 30.0:
            label = RhythmLabel.NSVT
        elif n == 3:
            label = RhythmLabel.TRIPLET
        else:
            # Longer ones are a base rhythm.
            return []
        return _event(label, run[0], run[-1], 0.8)

    def _cycles(self, beat: LabelledBeat) -> list[RhythmEvent]:
        state, config = self.state, self._config
        mark = "V" if beat.label is BeatLabel.VENTRICULAR else "N"
        state.labels.append((beat.peak.sample, mark))
        del state.labels[: -(3 * config.cycles) - 1]
        # Both cycles end with a V beat, and only what is open can end.
        if mark == "N" and not state.open:
            return []
        text = "".join(each for _, each in state.labels)
        events: list[RhythmEvent] = []
        for label, cycle in ((RhythmLabel.BIGEMINY, "NV"), (RhythmLabel.TRIGEMINY, "NNV")):
            if label in state.open:
                if text[-len(cycle) :] not in (cycle[k:] + cycle[:k] for k in range(len(cycle))):
                    events += self._close(label, state.labels[-2][0])
            elif text.endswith(cycle * config.cycles):
                start = state.labels[-len(cycle) * config.cycles][0]
                state.open[label] = start
                events.append(RhythmBegan(start, label, 0.8))
        return events

    def _long_pr(self, beat: LabelledBeat) -> list[RhythmEvent]:
        state, config = self.state, self._config
        p, qrs = beat.waves.p, beat.waves.qrs
        if p is None or qrs is None:
            return []
        pr_ms = 1e3 / self._fs_hz * (qrs.onset - p.onset)
        state.pr_ms.append(pr_ms)
        state.pr_at.append(beat.peak.sample)
        del state.pr_ms[: -config.pr_beats], state.pr_at[: -config.pr_beats]
        if len(state.pr_ms) < config.pr_beats:
            return []
        middle = sorted(state.pr_ms)[config.pr_beats // 2]
        if RhythmLabel.AVB1 in state.open:
            return (
                self._close(RhythmLabel.AVB1, beat.peak.sample)
                if middle < config.pr_long_clear_ms
                else []
            )
        if middle <= config.pr_long_ms:
            return []
        state.open[RhythmLabel.AVB1] = state.pr_at[0]
        return [RhythmBegan(state.pr_at[0], RhythmLabel.AVB1, 0.7)]

    def _close(self, label: RhythmLabel, at: SampleIndex) -> list[RhythmEvent]:
        start = self.state.open.pop(label)
        return [RhythmEnded(start, max(at, start), label, 0.8)]


def _event(
    label: RhythmLabel, start: SampleIndex, end: SampleIndex, confidence: float
) -> list[RhythmEvent]:
    return [RhythmBegan(start, label, confidence), RhythmEnded(start, end, label, confidence)]
