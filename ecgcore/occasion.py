"""When a recording was made and what was noted beside it; none of it is in the signal.

A recording counts samples (`SampleClock` gives the device's own time); the hour of the day is known
only where somebody tells it.
"""

from dataclasses import dataclass
from enum import StrEnum

from ecgcore.types import SampleIndex

DAY_S = 86400.0


class MarkKind(StrEnum):
    """What somebody marked."""

    SYMPTOM = "symptom"
    EXERCISE_END = "exercise_end"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that the patient or an observer marked."""

    sample: SampleIndex
    kind: MarkKind
    text: str = ""
    """In their words."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known of the occasion; None is not known."""

    start_utc_ns: int | None = None
    """Of sample 0."""
    utc_offset_s: int | None = None
    """Local time less UTC there; without it the hour of the day is not known."""
    marks: tuple[Mark, ...] = ()
    """In their order."""
    sleep: tuple[tuple[SampleIndex, SampleIndex], ...] = ()
    """Stretches of sleep, if somebody or something told them."""
    activity_mg: tuple[float, ...] = ()
    """Rms of the accelerometer, second by second from sample 0; empty without one."""

    @property
    def start_local_s(self) -> float | None:
        """Seconds from local midnight to sample 0."""
        if self.start_utc_ns is None or self.utc_offset_s is None:
            return None
        return (self.start_utc_ns / 1e9 + self.utc_offset_s) % DAY_S

    def local_h(self, after_s: float) -> float | None:
        """Give the hour of the day, 0 to 24, so many seconds after sample 0."""
        if self.start_local_s is None:
            return None
        return (self.start_local_s + after_s) % DAY_S / 3600.0

    def marked(self, kind: MarkKind) -> tuple[Mark, ...]:
        """Give the marks of one kind."""
        return tuple(mark for mark in self.marks if mark.kind is kind)


UNKNOWN_OCCASION = Occasion()
