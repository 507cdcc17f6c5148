"""The slower stages in a row: waves, then beat classes, then rhythm, one second at a time."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ecgcore.beat_class import BeatClassConfig, BeatClassifier, BeatClassState
from ecgcore.delineate import DelineateConfig, DelineateState, Delineator
from ecgcore.events import BeatLabel, QualityReason, RhythmBegan, RhythmEnded
from ecgcore.rhythm import RhythmConfig, RhythmState, RhythmTracker
from ecgcore.second import LabelledBeat, SignalSecond
from ecgcore.types import SampleIndex

_NAMED_S = 8
_SILENT_S = 2.5
_NO_CONTACT = frozenset({QualityReason.FLAT, QualityReason.LEAD_OFF})


@dataclass(frozen=True, slots=True)
class AnnotatorConfig:
    """Parameters of the stages."""

    delineate: DelineateConfig = field(default_factory=DelineateConfig)
    beat_class: BeatClassConfig = field(default_factory=BeatClassConfig)
    rhythm: RhythmConfig = field(default_factory=RhythmConfig)


@dataclass(slots=True)
class AnnotatorState:
    """What the stages remember."""

    delineate: DelineateState = field(default_factory=DelineateState)
    beat_class: BeatClassState = field(default_factory=BeatClassState)
    rhythm: RhythmState = field(default_factory=RhythmState)
    silent: list[tuple[SampleIndex, SampleIndex]] = field(default_factory=list)
    """Stretches without contact, as far back as beats may still come from."""


class Annotations(NamedTuple):
    """What a second made certain, each in the order of its time."""

    beats: list[LabelledBeat]
    rhythms: list[RhythmBegan | RhythmEnded]


class Annotator:
    """Gives each beat its waves and its class, and the stretch it stands in its rhythm.

    Every beat that goes in comes out once, in order, at most `max_delay_s` after it was named.
    """

    def __init__(
        self,
        config: AnnotatorConfig,
        fs_hz: float,
        n_leads: int,
        state: AnnotatorState | None = None,
    ) -> None:
        self.state = state or AnnotatorState()
        self._delineate = Delineator(config.delineate, fs_hz, n_leads, self.state.delineate)
        self._classify = BeatClassifier(config.beat_class, fs_hz, n_leads, self.state.beat_class)
        self._rhythm = RhythmTracker(config.rhythm, fs_hz, n_leads, self.state.rhythm)
        self.max_delay_s = self._delineate.max_delay_s + self._classify.max_delay_s
        # A beat is named some seconds after its peak already.
        self._least = round(_SILENT_S * fs_hz)
        self._keep = round((self.max_delay_s + _NAMED_S) * fs_hz)

    def push(self, second: SignalSecond) -> Annotations:
        """Take the next second of the counter."""
        if second.reasons and not _NO_CONTACT.isdisjoint(second.reasons):
            self._extend(second)
        beats = self._classify.push(second, self._delineate.push(second))
        if self.state.silent:
            beats = self._heard(beats)
            self._forget(second.end)
        return Annotations(beats, self._rhythm.push(second, beats))

    def finish(self) -> Annotations:
        """End the run, as before a gap: what was held back comes out."""
        beats = self._heard(self._classify.finish(self._delineate.finish()))
        self.state.silent.clear()
        return Annotations(beats, self._rhythm.finish(beats))

    def _heard(self, beats: list[LabelledBeat]) -> list[LabelledBeat]:
        """Take back beats of a line without contact: whatever stands out of it is none."""
        # One such second may be a dropout between beats that are real.
        silent = [span for span in self.state.silent if span[1] - span[0] >= self._least]
        if not silent:
            return beats
        return [
            beat._replace(label=BeatLabel.NOISE, confidence=1.0)
            if any(start <= beat.peak.sample < end for start, end in silent)
            else beat
            for beat in beats
        ]

    def _extend(self, second: SignalSecond) -> None:
        silent = self.state.silent
        start = silent.pop()[0] if silent and silent[-1][1] == second.start else second.start
        silent.append((start, second.end))

    def _forget(self, end: SampleIndex) -> None:
        oldest = end - self._keep
        self.state.silent = [span for span in self.state.silent if span[1] > oldest]
