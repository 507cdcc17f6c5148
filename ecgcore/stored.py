"""What is kept of a stretch of signal, as reports read it back: windows, beats, rhythms."""

from dataclasses import dataclass

from ecgcore.events import BeatLabel, Measurement, RhythmLabel
from ecgcore.intervals import BeatIntervals

_NO_INTERVALS = BeatIntervals()


@dataclass(frozen=True, slots=True)
class Window:
    """A stored window: how good the signal in it was and what was measured."""

    start: int
    end: int
    """Counters, end exclusive."""
    sqi: float
    coverage: float
    n_beats: int
    measurements: tuple[Measurement, ...] = ()
    quality_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredBeat:
    """A beat with its time."""

    sample: int
    utc_ns: int
    amplitude_mv: float
    rr_ms: float | None
    label: BeatLabel | None = BeatLabel.NORMAL
    """None if it was never classified."""
    intervals: BeatIntervals = _NO_INTERVALS


@dataclass(frozen=True, slots=True)
class StoredRhythm:
    """What of a rhythm lies in the stretch."""

    label: RhythmLabel
    start: int
    end: int
    """Counters, end exclusive."""
    confidence: float
