"""The table of biomarkers a window is measured by: which key is got by which function.

What a key means, its unit and its dimension stand in the registry (`ecgcore.catalogue`), which is
read when the first window closes. A value that cannot be given honestly is null with its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgcore import hrv
from ecgcore.events import Measurement, NullReason
from ecgcore.intervals import BeatIntervals
from ecgcore.measured import measurement_of, unusable
from ecgcore.nn import BoolArray, nn_mask
from ecgcore.stats import median
from ecgcore.types import FloatArray

MIN_INTERVALS = 2
MIN_NORMAL_INTERVALS = 20
MIN_WAVES = 3
"""Beats that an interval of a window rests on at least (biomarkers, least data)."""
HRV_LEAST_S = 60.0


@dataclass(frozen=True)
class WindowSignal:
    """What is known of a window when it closes."""

    duration_s: float
    rr_ms: FloatArray
    """shape (n_beats,); the interval that ends at each beat, NaN where none could be formed"""
    amplitude_mv: FloatArray
    """shape (n_beats,)"""
    is_normal_beat: BoolArray
    """shape (n_beats,); whether the beat is of class N"""
    intervals: tuple[BeatIntervals, ...]
    """One for each beat."""
    noise_mv: FloatArray
    """shape (n_seconds,); NaN for seconds too short to judge"""
    sqi: float
    """Mean over the window, missing samples count as 0."""
    coverage: float
    """Share of samples that exist, above 0."""

    @cached_property
    def rr_known_ms(self) -> FloatArray:
        """The intervals that exist."""
        return self.rr_ms[np.isfinite(self.rr_ms)]

    @cached_property
    def normal(self) -> BoolArray:
        """Which of `rr_ms` are NN intervals, shape (n_beats,)."""
        return nn_mask(self.rr_ms, self.is_normal_beat)

    def of_normal_beats(self, field: str) -> FloatArray:
        """Give an interval of the beats of class N, NaN where the wave is absent."""
        values = [getattr(each, field) for each in self.intervals]
        # None becomes NaN.
        return np.array(values, float)[self.is_normal_beat]

    @property
    def unusable(self) -> NullReason | None:
        """Why nothing that rests on beats can be given, if so."""
        return unusable(self.sqi, self.coverage)


Outcome = tuple[float, int] | NullReason
"""A value with the beats or intervals behind it, or why there is none."""


@dataclass(frozen=True)
class Biomarker:
    """One row of the table."""

    key: str
    measure: Callable[[WindowSignal], Outcome]

    def of(self, window: WindowSignal) -> Measurement:
        """Measure a window."""
        outcome = self.measure(window)
        value, n = (outcome, 0) if isinstance(outcome, NullReason) else outcome
        return measurement_of(self.key, value, n, window.sqi, None)


def measure_window(window: WindowSignal) -> tuple[Measurement, ...]:
    """Give every row of the table for one window, in the table's order."""
    return tuple(biomarker.of(window) for biomarker in BIOMARKERS)


def _of_intervals(value: Callable[[FloatArray], float]) -> Callable[[WindowSignal], Outcome]:
    def measure(window: WindowSignal) -> Outcome:
        rr_ms = window.rr_known_ms
        if window.unusable:
            return window.unusable
        if rr_ms.size < MIN_INTERVALS:
            return NullReason.TOO_FEW_BEATS
        return float(value(rr_ms)), rr_ms.size

    return measure


def _of_normal(
    value: Callable[[FloatArray, BoolArray], float],
) -> Callable[[WindowSignal], Outcome]:
    def measure(window: WindowSignal) -> Outcome:
        n_normal = int(window.normal.sum())
        if window.duration_s < HRV_LEAST_S:
            return NullReason.TOO_SHORT
        if window.unusable:
            return window.unusable
        n_pairs = hrv.successive_differences_ms(window.rr_ms, window.normal).size
        if min(n_normal, n_pairs + 1) < MIN_NORMAL_INTERVALS:
            return NullReason.TOO_FEW_BEATS
        return value(window.rr_ms, window.normal), n_normal

    return measure


def _qrs_count(window: WindowSignal) -> Outcome:
    n_beats = window.rr_ms.size
    return window.unusable or (float(n_beats), n_beats)


def _r_amp(window: WindowSignal) -> Outcome:
    if window.unusable:
        return window.unusable
    if not window.amplitude_mv.size:
        return NullReason.TOO_FEW_BEATS
    return float(np.mean(window.amplitude_mv)), window.amplitude_mv.size


def _noise_rms(window: WindowSignal) -> Outcome:
    noise_mv = window.noise_mv[np.isfinite(window.noise_mv)]
    if not noise_mv.size:
        return NullReason.GAP
    return 1e3 * median(noise_mv), noise_mv.size


def _p_fraction(window: WindowSignal) -> Outcome:
    if window.unusable:
        return window.unusable
    n_beats = len(window.intervals)
    if n_beats < MIN_WAVES:
        return NullReason.TOO_FEW_BEATS
    return sum(each.p_dur_ms is not None for each in window.intervals) / n_beats, n_beats


def _of_waves(field: str, absent: NullReason) -> Callable[[WindowSignal], Outcome]:
    """Median over the beats of class N, if most of them have the waves."""

    def measure(window: WindowSignal) -> Outcome:
        if window.unusable:
            return window.unusable
        values = window.of_normal_beats(field)
        known = values[np.isfinite(values)]
        if values.size < MIN_WAVES:
            return NullReason.TOO_FEW_BEATS
        if known.size < max(MIN_WAVES, 0.5 * values.size):
            return absent
        return median(known), known.size

    return measure


def _qtc_fridericia(window: WindowSignal) -> Outcome:
    """QT / (RR / 1 s)^(1/3), with the window's mean RR (Fridericia 1920)."""
    qt = _of_waves("qt_ms", NullReason.NOT_APPLICABLE)(window)
    if isinstance(qt, NullReason):
        return qt
    rr_ms = window.rr_known_ms
    if rr_ms.size < MIN_INTERVALS:
        return NullReason.TOO_FEW_BEATS
    qt_ms, n = qt
    return qt_ms / (float(np.mean(rr_ms)) / 1e3) ** (1 / 3), n


BIOMARKERS: tuple[Biomarker, ...] = (
    Biomarker("hr_mean", _of_intervals(lambda rr_ms: 60000.0 / float(np.mean(rr_ms)))),
    Biomarker("rr_mean", _of_intervals(lambda rr_ms: float(np.mean(rr_ms)))),
    Biomarker("rr_median", _of_intervals(median)),
    Biomarker("rr_min", _of_intervals(lambda rr_ms: float(np.min(rr_ms)))),
    Biomarker("rr_max", _of_intervals(lambda rr_ms: float(np.max(rr_ms)))),
    Biomarker("rr_longest", _of_intervals(lambda rr_ms: float(np.max(rr_ms)))),
    Biomarker("qrs_count", _qrs_count),
    Biomarker("p_fraction", _p_fraction),
    Biomarker("p_dur", _of_waves("p_dur_ms", NullReason.NO_P_WAVE)),
    Biomarker("pr_int", _of_waves("pr_ms", NullReason.NO_P_WAVE)),
    Biomarker("qrs_dur", _of_waves("qrs_ms", NullReason.NOT_APPLICABLE)),
    Biomarker("qt_int", _of_waves("qt_ms", NullReason.NOT_APPLICABLE)),
    Biomarker("qtc_fridericia", _qtc_fridericia),
    Biomarker("r_amp", _r_amp),
    Biomarker("noise_rms", _noise_rms),
    Biomarker("sqi", lambda window: (window.sqi, window.noise_mv.size)),
    Biomarker("sdnn", _of_normal(hrv.sdnn_ms)),
    Biomarker("rmssd", _of_normal(hrv.rmssd_ms)),
    Biomarker("pnn50", _of_normal(hrv.pnn50_pct)),
)
