"""The rhythm of one boot as it stands: what has begun and not ended, and counts since the start."""

from dataclasses import dataclass, field

from ecgcore.events import PATTERNS, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.types import SampleIndex

_FIBRILLATES = frozenset({RhythmLabel.AFIB, RhythmLabel.AFLUTTER})


@dataclass(frozen=True, slots=True)
class OpenRhythm:
    """A rhythm that goes on."""

    label: RhythmLabel
    start: SampleIndex
    start_ns: int
    """UTC."""
    confidence: float


@dataclass(slots=True)
class RhythmNow:
    """Follows the begins and ends of rhythms."""

    going_on: dict[tuple[RhythmLabel, SampleIndex], OpenRhythm] = field(default_factory=dict)
    newest_event: OpenRhythm | None = None
    """The last pattern that began."""
    pauses: int = 0
    af_s: float = 0.0
    """Of stretches that have ended."""

    def begin(self, event: RhythmBegan, start_ns: int) -> None:
        """Take the begin of a rhythm at this UTC."""
        opened = OpenRhythm(event.label, event.start, start_ns, event.confidence)
        self.going_on[event.label, event.start] = opened
        if event.label in PATTERNS:
            self.newest_event = opened
        self.pauses += event.label is RhythmLabel.PAUSE

    def end(self, event: RhythmEnded, duration_s: float) -> None:
        """Take the end of a rhythm that lasted so long."""
        self.going_on.pop((event.label, event.start), None)
        if event.label in _FIBRILLATES:
            self.af_s += duration_s

    def abandon(self, at: SampleIndex) -> list[RhythmEnded]:
        """Give the ends of all that goes on, because nothing will ever end it."""
        return [
            RhythmEnded(each.start, max(at, each.start), each.label, each.confidence)
            for each in self.going_on.values()
        ]

    @property
    def base(self) -> OpenRhythm | None:
        """The base rhythm; None before the first and between runs of samples."""
        bases = [each for each in self.going_on.values() if each.label not in PATTERNS]
        return max(bases, key=lambda each: each.start, default=None)

    @property
    def patterns(self) -> list[OpenRhythm]:
        """What goes on over the base rhythm, in the order in which it began."""
        over = [each for each in self.going_on.values() if each.label in PATTERNS]
        return sorted(over, key=lambda each: each.start)

    def fibrillating_s(self, now_ns: int) -> float:
        """Give the seconds of atrial fibrillation and flutter up to now."""
        base = self.base
        if base is None or base.label not in _FIBRILLATES:
            return self.af_s
        return self.af_s + max(now_ns - base.start_ns, 0) / 1e9
