"""The slower stages in a row: waves, then beat classes, then rhythm, one second at a time."""

from dataclasses import dataclass, field

from ecgcore.beat_class import BeatClassConfig, BeatClassifier, BeatClassState
from ecgcore.delineate import DelineateConfig, DelineateState, Delineator
from ecgcore.events import RhythmBegan, RhythmEnded
from ecgcore.rhythm import RhythmConfig, RhythmState, RhythmTracker
from ecgcore.second import LabelledBeat, SignalSecond


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


@dataclass(frozen=True, slots=True)
class Annotations:
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

    def push(self, second: SignalSecond) -> Annotations:
        """Take the next second of the counter."""
        beats = self._classify.push(second, self._delineate.push(second))
        return Annotations(beats, self._rhythm.push(second, beats))

    def finish(self) -> Annotations:
        """End the run, as before a gap: what was held back comes out."""
        beats = self._classify.finish(self._delineate.finish())
        return Annotations(beats, self._rhythm.finish(beats))
