"""Counts and burdens of many hours, from beats and rhythms as they are stored.

For what a report is given no value of already; a key that cannot be counted here stays absent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore.events import BeatLabel, Measurement, NullReason, RhythmLabel
from ecgcore.measured import Value, measurement_of
from ecgcore.report_input import ReportInput
from ecgcore.stored import StoredRhythm
from ecgcore.types import FloatArray

_HOUR_S = 3600.0
_LEAST_AF_S = 30.0
_VENTRICULAR_RUNS = (RhythmLabel.NSVT, RhythmLabel.VT)


@dataclass(frozen=True)
class Long:
    """A long recording as counts are taken from it."""

    given: ReportInput
    analysable_s: float

    def n(self, label: BeatLabel) -> int:
        """Count the beats of a class."""
        return sum(beat.label is label for beat in self.given.beats)

    def share_pct(self, label: BeatLabel) -> Value:
        """Give the share of beats of a class."""
        if not self.given.beats:
            return NullReason.TOO_FEW_BEATS
        return 100.0 * self.n(label) / len(self.given.beats)

    def per_h(self, label: BeatLabel) -> Value:
        """Give beats of a class in an hour of analysable signal."""
        if self.analysable_s <= 0.0:
            return NullReason.LOW_SQI
        return self.n(label) * _HOUR_S / self.analysable_s

    def of(self, *labels: RhythmLabel) -> list[StoredRhythm]:
        """Give the stretches of some rhythms."""
        return [each for each in self.given.rhythms if each.label in labels]

    def lengths_s(self, *labels: RhythmLabel) -> list[float]:
        """Give how long each of them is."""
        return [length_s(self.given, each) for each in self.of(*labels)]

    def longest_s(self, *labels: RhythmLabel) -> Value:
        """Give the longest of them."""
        return max(self.lengths_s(*labels), default=NullReason.NOT_APPLICABLE)

    def burden_pct(self, *labels: RhythmLabel) -> Value:
        """Give the share of analysable time that they take."""
        if self.analysable_s <= 0.0:
            return NullReason.LOW_SQI
        return min(100.0 * sum(self.lengths_s(*labels)) / self.analysable_s, 100.0)


def length_s(given: ReportInput, rhythm: StoredRhythm) -> float:
    """Give the length of a stretch."""
    return (given.time_ns(rhythm.end) - given.time_ns(rhythm.start)) / 1e9


def running_rates(rr_ms: Sequence[float | None], n: int = 8) -> FloatArray:
    """Give the mean rate of each `n` intervals in a row, NaN where one of them is missing.

    Returns
    -------
    FloatArray, shape (max(n_beats - n + 1, 0),)
        Of the beats up to index k + n - 1.
    """
    rr = np.array(rr_ms, float)
    if rr.size < n:
        return np.empty(0)
    means = np.lib.stride_tricks.sliding_window_view(rr, n).mean(axis=1)
    return np.asarray(60_000.0 / means, np.float64)


_V, _S, _R = BeatLabel.VENTRICULAR, BeatLabel.SUPRAVENTRICULAR, RhythmLabel
_COUNTED = MappingProxyType[str, Callable[[Long], Value]](
    {
        "pvc_count": lambda long: float(long.n(_V)),
        "pvc_per_h": lambda long: long.per_h(_V),
        "pvc_burden": lambda long: long.share_pct(_V),
        "pac_count": lambda long: float(long.n(_S)),
        "pac_per_h": lambda long: long.per_h(_S),
        "pac_burden": lambda long: long.share_pct(_S),
        "v_couplets": lambda long: float(len(long.of(_R.COUPLET))),
        "v_triplets": lambda long: float(len(long.of(_R.TRIPLET))),
        "bigeminy_s": lambda long: float(sum(long.lengths_s(_R.BIGEMINY))),
        "trigeminy_s": lambda long: float(sum(long.lengths_s(_R.TRIGEMINY))),
        "vt_runs": lambda long: float(len(long.of(*_VENTRICULAR_RUNS))),
        "svt_runs": lambda long: float(len(long.of(_R.SVT))),
        "af_burden": lambda long: long.burden_pct(_R.AFIB),
        "af_episodes": lambda long: float(
            sum(each >= _LEAST_AF_S for each in long.lengths_s(_R.AFIB))
        ),
        "af_longest": lambda long: long.longest_s(_R.AFIB),
        "pause_count": lambda long: float(len(long.of(_R.PAUSE))),
    }
)


def holter_values(given: ReportInput, analysable_s: float) -> tuple[Measurement, ...]:
    """Count what is not among the values of the stretch already."""
    known = {m.key for m in given.window.measurements if m.lead is None}
    long, sqi = Long(given, analysable_s), given.window.sqi
    return tuple(
        measurement_of(key, count(long), len(given.beats), sqi, None)
        for key, count in _COUNTED.items()
        if key not in known
    )
