"""Values of single beats and their statistics over the window."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore.beat_places import OVER_LEADS, BeatPlaces
from ecgcore.beat_values import HEIGHTS, INTERVALS, NEEDS_P, heights, intervals_ms
from ecgcore.events import Measurement, NullReason
from ecgcore.jit import compiled
from ecgcore.limits import Share
from ecgcore.measured import measurement_of
from ecgcore.statistic import Statistic
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class BeatStatisticsConfig:
    """What is told of the values of single beats."""

    statistics: tuple[Statistic, ...] = tuple(Statistic)
    """Those that are given; each is a row more for every value and lead."""
    least_share: Share = 0.5
    """Of the beats, that must have the value."""


@compiled
def _described(known: FloatArray, found: FloatArray) -> None:
    """Put the statistics of some values, in the order of `Statistic`, into `found`."""
    n = known.size
    ordered = np.sort(known)
    mean = 0.0
    for value in ordered:
        mean += value / n
    square = 0.0
    for value in ordered:
        square += (value - mean) ** 2
    found[0] = mean
    found[1] = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2.0
    found[2] = math.sqrt(square / (n - 1)) if n > 1 else math.nan
    found[3] = ordered[0]
    found[4] = ordered[n - 1]
    found[5] = _quantile(ordered, 0.75) - _quantile(ordered, 0.25)


@compiled
def _quantile(ordered: FloatArray, share: float) -> float:
    place = share * (ordered.size - 1)
    low = int(place)
    high = min(low + 1, ordered.size - 1)
    return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))


_PLACES: Mapping[Statistic, int] = MappingProxyType({each: k for k, each in enumerate(Statistic)})


def told(
    key: str,
    values: FloatArray,
    absent: NullReason,
    beats: BeatPlaces,
    config: BeatStatisticsConfig,
    lead: str | None = None,
) -> Iterator[Measurement]:
    """Give the median of the values of some beats under their key, then their statistics.

    Parameters
    ----------
    values : FloatArray, shape (n,)
        NaN where a beat has none.
    absent : NullReason
        Why most have none, if so.
    """
    sqi = beats.recorded.sqi
    known = values[np.isfinite(values)]
    reason = beats.recorded.unusable
    if reason is None and (not known.size or known.size < config.least_share * values.size):
        reason = absent
    described = np.empty(len(_PLACES))
    if reason is None:
        _described(known, described)
    middle = float(described[_PLACES[Statistic.MEDIAN]])
    yield measurement_of(key, middle if reason is None else reason, known.size, sqi, lead)
    for statistic in config.statistics:
        why = reason
        if why is None and known.size < statistic.least_beats:
            why = NullReason.TOO_FEW_BEATS
        value = float(described[_PLACES[statistic]]) if why is None else why
        yield measurement_of(f"{key}.{statistic}", value, known.size, sqi, lead)


def measure_beats(beats: BeatPlaces, config: BeatStatisticsConfig) -> Iterator[Measurement]:
    """Tell of the usual beats: their intervals, over all leads and by lead, and their heights."""
    usual = beats.is_usual
    for row, lead in enumerate((None, *beats.recorded.leads), OVER_LEADS):
        for key, values in intervals_ms(beats, row).items():
            yield from told(key, *_of_p(key, values[usual], beats), beats, config, lead)
    figures = heights(beats)
    for key, by_lead in zip(HEIGHTS, figures, strict=True):
        for lead, values in zip(beats.recorded.leads, by_lead, strict=True):
            given = _of_p(key, values, beats)
            # The key by itself is the averaged beat's.
            yield from list(told(key, *given, beats, config, lead))[1:]


def _of_p(key: str, values: FloatArray, beats: BeatPlaces) -> tuple[FloatArray, NullReason]:
    """Give values, none of the P wave where the atria fibrillate, and why there is none."""
    is_p = key in NEEDS_P or key.startswith("p_")
    if not values.size:
        return values, beats.no_beats
    if not is_p:
        return values, NullReason.NOT_APPLICABLE
    if beats.is_af:
        return np.full_like(values, np.nan), NullReason.AF
    return values, NullReason.NO_P_WAVE


BY_BEAT = (*INTERVALS, *HEIGHTS)
"""Keys whose statistics are given."""
