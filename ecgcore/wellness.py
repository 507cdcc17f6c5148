"""Wellness figures: where values of today lie among the own ones before. Not medical.

Each is a mean of percentiles or z scores of values that are told beside it, so anybody can work it
out again. Without values to compare with there is none.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecgcore.events import Measurement, NullReason
from ecgcore.hrv_time import time_domain
from ecgcore.limits import Count, Hour, Share
from ecgcore.measured import Value, measurement_of
from ecgcore.nn import is_normal
from ecgcore.nn_series import nn_series
from ecgcore.recorded import Recorded

WELLNESS = ("stress_0_100", "recovery_0_100", "fatigue_0_100", "arousal")


@dataclass(frozen=True, slots=True)
class WellnessConfig:
    """What the figures rest on."""

    least_values: Count = 7
    """Values of a kind to compare with."""
    least_sqi: Share = 0.7
    night_h: tuple[Hour, Hour] = (22.0, 6.0)
    """Local hours of the night, where no sleep was told."""
    least_night_nn: Count = 60
    nn_reject: Share = 0.2


def percentile(value: float, among: tuple[float, ...]) -> float:
    """Give the share of values below, equal ones half, 0 to 100."""
    values = np.array(among)
    return float(100.0 * ((values < value).sum() + 0.5 * (values == value).sum()) / values.size)


def z_score(value: float, among: tuple[float, ...]) -> Value:
    """Give the distance from the mean in standard deviations (N - 1)."""
    deviation = float(np.std(among, ddof=1))
    if deviation <= 0.0:
        return NullReason.NOT_APPLICABLE
    return (value - float(np.mean(among))) / deviation


def measure_wellness(
    recorded: Recorded,
    found: Mapping[tuple[str, str | None], Measurement],
    config: WellnessConfig,
) -> list[Measurement]:
    """Give every key of the table, from what was measured already."""
    now = {key: _value_of(found.get((key, None))) for key in _FROM}
    now["night_ln_rmssd"] = night_ln_rmssd(recorded, config)
    scores = _Scores(now, recorded, config)
    values: dict[str, Value] = {
        "stress_0_100": _mean(scores.falling("ln_rmssd"), scores.rising("stress_index")),
        "recovery_0_100": _mean(scores.rising("night_ln_rmssd"), scores.falling("rhr")),
        "fatigue_0_100": _mean(
            scores.rising("rhr"), scores.falling("ln_rmssd"), scores.drift("dfa_a1")
        ),
        "arousal": _mean(scores.z("lf_hf"), scores.z("edr_rate")),
    }
    reason = NullReason.LOW_SQI if recorded.sqi < config.least_sqi else None
    return [
        measurement_of(key, reason or value, 0, recorded.sqi, None) for key, value in values.items()
    ]


def night_ln_rmssd(recorded: Recorded, config: WellnessConfig) -> Value:
    """Give ln_rmssd of the beats in sleep or, where none was told, in the hours of the night."""
    occasion, fs_hz = recorded.occasion, recorded.fs_hz
    if not occasion.sleep and occasion.start_local_s is None:
        return NullReason.NOT_APPLICABLE
    samples = np.array([beat.sample for beat in recorded.beats], float)
    if occasion.sleep:
        inside = np.zeros(samples.size, bool)
        for start, end in occasion.sleep:
            inside |= (samples >= start) & (samples < end)
    else:
        hours = ((occasion.start_local_s or 0.0) + samples / fs_hz) / 3600.0 % 24.0
        inside = (hours >= config.night_h[0]) | (hours < config.night_h[1])
    rr_ms = np.where(inside, recorded.rr_ms, np.nan)
    nn = nn_series(rr_ms, is_normal(rr_ms, config.nn_reject))
    if nn.n < config.least_night_nn:
        return NullReason.TOO_SHORT
    value = time_domain(nn).ln_rmssd
    return value if math.isfinite(value) else NullReason.TOO_FEW_BEATS


_FROM = ("ln_rmssd", "stress_index", "rhr", "dfa_a1", "lf_hf", "edr_rate")


class _Scores:
    """Where values lie among those before."""

    def __init__(
        self, now: Mapping[str, Value], recorded: Recorded, config: WellnessConfig
    ) -> None:
        self._now = now
        self._past = recorded.past
        self._least = config.least_values

    def rising(self, key: str) -> Value:
        """Give the percentile: 100 is the highest so far."""
        value, among = self._of(key)
        return value if isinstance(value, NullReason) else percentile(value, among)

    def falling(self, key: str) -> Value:
        """Give 100 less the percentile: 100 is the lowest so far."""
        value = self.rising(key)
        return value if isinstance(value, NullReason) else 100.0 - value

    def drift(self, key: str) -> Value:
        """Give the percentile of the distance from the median: 100 is the furthest so far."""
        value, among = self._of(key)
        if isinstance(value, NullReason):
            return value
        middle = float(np.median(among))
        return percentile(abs(value - middle), tuple(abs(each - middle) for each in among))

    def z(self, key: str) -> Value:
        """Give the z score."""
        value, among = self._of(key)
        return value if isinstance(value, NullReason) else z_score(value, among)

    def _of(self, key: str) -> tuple[Value, tuple[float, ...]]:
        among = tuple(self._past.get(key, ()))
        if len(among) < self._least:
            return NullReason.NOT_APPLICABLE, ()
        return self._now[key], among


def _mean(*scores: Value) -> Value:
    """Give the mean, or the first reason why one is missing."""
    known = [score for score in scores if not isinstance(score, NullReason)]
    if len(known) < len(scores):
        return next(score for score in scores if isinstance(score, NullReason))
    return sum(known) / len(known)


def _value_of(measured: Measurement | None) -> Value:
    if measured is None:
        return NullReason.NOT_MEASURED
    if measured.value is None:
        return measured.null_reason or NullReason.NOT_APPLICABLE
    return measured.value
