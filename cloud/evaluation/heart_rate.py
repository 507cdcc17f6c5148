"""Error of the heart rate of ten-second windows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from cloud.evaluation.matching import Beats

MIN_INTERVALS = 2
"""A window with fewer reference intervals has no rate to compare with."""


@dataclass(frozen=True, slots=True)
class RateWindow:
    """The heart rate that was given for one window."""

    start: int
    end: int
    bpm: float | None
    """None where it was withheld."""


@dataclass(frozen=True, slots=True)
class RateError:
    """Given less annotated rate, over windows that have both."""

    errors_bpm: tuple[float, ...] = ()
    references_bpm: tuple[float, ...] = field(default=())
    n_withheld: int = 0
    """Windows with a reference, and no rate given."""

    def __add__(self, other: "RateError") -> "RateError":
        return RateError(
            self.errors_bpm + other.errors_bpm,
            self.references_bpm + other.references_bpm,
            self.n_withheld + other.n_withheld,
        )

    @property
    def rms_bpm(self) -> float | None:
        """Root of the mean square."""
        return _rms(self.errors_bpm)

    @property
    def mean_bpm(self) -> float | None:
        """Mean."""
        return sum(self.errors_bpm) / len(self.errors_bpm) if self.errors_bpm else None

    @property
    def rms_pct(self) -> float | None:
        """Root of the mean square of the error as a share of the reference."""
        return _rms(100 * e / r for e, r in zip(self.errors_bpm, self.references_bpm, strict=True))


def rate_error(beats: Beats, windows: Iterable[RateWindow], fs_hz: float, start: int) -> RateError:
    """Compare the rates of windows after `start` with those of the annotated beats.

    The reference is 60 s over the mean interval, of those that end in the window.
    """
    errors, references, n_withheld = [], [], 0
    for window in windows:
        low, high = np.searchsorted(beats.samples, [window.start, window.end])
        intervals = np.diff(beats.samples[max(low - 1, 0) : high])
        if window.start < start or intervals.size < MIN_INTERVALS:
            continue
        reference_bpm = 60.0 * fs_hz / float(np.mean(intervals))
        if window.bpm is None:
            n_withheld += 1
        else:
            errors.append(window.bpm - reference_bpm)
            references.append(reference_bpm)
    return RateError(tuple(errors), tuple(references), n_withheld)


def _rms(values: Iterable[float]) -> float | None:
    squares = [value * value for value in values]
    return math.sqrt(sum(squares) / len(squares)) if squares else None
