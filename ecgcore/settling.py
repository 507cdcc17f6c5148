"""What is settled of a stream, in the order of its samples: beats and seconds with their rhythm.

A change of the base rhythm is told up to a minute after it. Beats and judged seconds wait that
long, then come out with the rhythm they lie in; what a checkpoint holds is bounded so.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ecgcore.events import (
    PATTERNS,
    USABLE_SQI,
    BeatClassified,
    BeatLabel,
    Event,
    QualityScored,
    RhythmBegan,
    RhythmEnded,
    RhythmLabel,
)
from ecgcore.limits import Seconds, Share
from ecgcore.types import SampleIndex


class SettledBeat(NamedTuple):
    """A beat that is no noise, and the base rhythm it lies in."""

    start: SampleIndex
    """Its R peak."""
    time_us: int
    """Device time of the peak; whole, so that sums do not depend on their order."""
    rr_us: int | None
    """From the beat before; None where no interval was formed."""
    label: BeatLabel
    rhythm: RhythmLabel
    has_p: bool | None = None
    """None where its waves are not known."""


class SettledPiece(NamedTuple):
    """A second of signal, or what of it lies in one base rhythm."""

    start: SampleIndex
    end: SampleIndex
    is_usable: bool
    rhythm: RhythmLabel


Settled: TypeAlias = SettledBeat | SettledPiece | RhythmEnded
"""In the order of `start`, but for patterns over the base rhythm, which come when they are over."""


@dataclass(frozen=True, slots=True)
class SettlingConfig:
    """When something is settled."""

    late_s: Seconds = 90.0
    """No beat, no second and no change of rhythm is told later; `RhythmTracker.max_delay_s` and
    the beats' own delay."""
    step_s: Seconds = 30.0
    """What is settled waits at most so much longer, to come out many at a time."""
    usable_sqi: Share = USABLE_SQI


@dataclass(slots=True)
class SettlingState:
    """What waits."""

    beats: list[SettledBeat] = field(default_factory=list)
    """Their rhythm is not known yet."""
    seconds: list[SettledPiece] = field(default_factory=list)
    spans: list[RhythmEnded] = field(default_factory=list)
    """Base rhythms that ended and still reach beyond what came out."""
    base: RhythmBegan | None = None
    """The base rhythm that goes on."""


class Settling:
    """Joins beats and seconds with their rhythm."""

    def __init__(
        self, config: SettlingConfig, fs_hz: float, state: SettlingState | None = None
    ) -> None:
        self.state = state or SettlingState()
        self._config = config
        self._late = round(config.late_s * fs_hz)
        self._step = round(config.step_s * fs_hz)

    def push(self, event: Event) -> list[Settled]:
        """Take the next event of a pipeline; give what is settled now."""
        state = self.state
        if isinstance(event, BeatClassified):
            if event.label is not BeatLabel.NOISE:
                state.beats.append(_beat_of(event))
        elif isinstance(event, RhythmBegan):
            if event.label not in PATTERNS:
                state.base = event
        elif isinstance(event, RhythmEnded):
            if event.label in PATTERNS:
                return [event]
            state.spans.append(event)
            state.base = None
        elif isinstance(event, QualityScored):
            state.seconds.append(self.second(event))
            limit = event.end - self._late
            return self._until(limit) if limit - state.seconds[0].start >= self._step else []
        return []

    def finish(self) -> list[Settled]:
        """Give all that waits."""
        ends = [each.end for each in self.state.seconds]
        ends += [each.start + 1 for each in self.state.beats]
        return self._until(max(ends, default=0))

    def second(self, scored: QualityScored) -> SettledPiece:
        """Give a judged second, its rhythm not known yet."""
        is_usable = scored.sqi >= self._config.usable_sqi
        return SettledPiece(scored.start, scored.end, is_usable, RhythmLabel.UNDETERMINED)

    def _until(self, limit: SampleIndex) -> list[Settled]:
        state = self.state
        seconds = [each for each in state.seconds if each.end <= limit]
        if not seconds and not (state.beats and state.beats[0].start < limit):
            return []
        spans = list(state.spans)
        if state.base is not None:
            base = state.base
            spans.append(RhythmEnded(base.start, max(limit, base.start), base.label, 1.0))
        known = _Spans(spans)
        beats = [each for each in state.beats if each.start < limit]
        state.seconds = state.seconds[len(seconds) :]
        state.beats = state.beats[len(beats) :]
        state.spans = [each for each in state.spans if each.end > limit]
        found: list[Settled] = []
        found += [piece for each in seconds for piece in known.pieces(each)]
        found += [each._replace(rhythm=known.rhythm_at(each.start)) for each in beats]
        return sorted(found, key=_start_of)


def settled(events: Iterable[Event], fs_hz: float, config: SettlingConfig) -> list[Settled]:
    """Settle all events of a recording, each kind in its order."""
    told = list(events)
    stage = Settling(config, fs_hz)
    # With the seconds last nothing settles before all is known, in whatever order kinds came.
    found = [item for e in told if not isinstance(e, QualityScored) for item in stage.push(e)]
    stage.state.seconds += [stage.second(e) for e in told if isinstance(e, QualityScored)]
    return [*found, *stage.finish()]


def _start_of(item: Settled) -> SampleIndex:
    return item.start


def _beat_of(beat: BeatClassified) -> SettledBeat:
    return SettledBeat(
        beat.sample,
        round(beat.beat.time_ms * 1e3),
        None if beat.rr_ms is None else round(beat.rr_ms * 1e3),
        beat.label,
        RhythmLabel.UNDETERMINED,
        None if beat.waves.qrs is None else beat.waves.p is not None,
    )


class _Spans:
    """Base rhythms, which do not overlap."""

    def __init__(self, spans: Iterable[RhythmEnded]) -> None:
        self._spans = sorted(spans, key=lambda span: span.start)
        self._ends = [span.end for span in self._spans]

    def pieces(self, second: SettledPiece) -> list[SettledPiece]:
        """Cut a second at the borders of rhythms; what none covers stays undetermined."""
        pieces, at = [], second.start
        for span in self._spans[bisect_right(self._ends, second.start) :]:
            if span.start >= second.end:
                break
            start, end = max(span.start, at), min(span.end, second.end)
            if start >= end:
                continue
            if start > at:
                pieces.append(second._replace(start=at, end=start))
            pieces.append(second._replace(start=start, end=end, rhythm=span.label))
            at = end
        return [*pieces, second._replace(start=at)] if at < second.end else pieces

    def rhythm_at(self, sample: SampleIndex) -> RhythmLabel:
        """Give the rhythm that a sample lies in."""
        at = bisect_right(self._ends, sample)
        if at < len(self._spans) and self._spans[at].start <= sample:
            return self._spans[at].label
        return RhythmLabel.UNDETERMINED
