"""Values of single beats and their statistics over the window."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore.beat_places import OVER_LEADS, BeatPlaces
from ecgcore.beat_values import HEIGHTS, INTERVALS, NEEDS_P, heights, intervals_ms
from ecgcore.events import Measurement, NullReason
from ecgcore.limits import Share
from ecgcore.measured import measurement_of
from ecgcore.statistic import Statistic
from ecgcore.stats import median
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class BeatStatisticsConfig:
    """What is told of the values of single beats."""

    statistics: tuple[Statistic, ...] = tuple(Statistic)
    """Those that are given; each is a row more for every value and lead."""
    least_share: Share = 0.5
    """Of the beats, that must have the value."""


OF: Mapping[Statistic, Callable[[FloatArray], float]] = MappingProxyType(
    {
        Statistic.MEAN: lambda values: float(np.mean(values)),
        Statistic.MEDIAN: median,
        Statistic.SD: lambda values: float(np.std(values, ddof=1)),
        Statistic.MIN: lambda values: float(np.min(values)),
        Statistic.MAX: lambda values: float(np.max(values)),
        Statistic.IQR: lambda values: float(np.subtract(*np.percentile(values, (75.0, 25.0)))),
    }
)


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
    yield measurement_of(key, median(known) if reason is None else reason, known.size, sqi, lead)
    for statistic in config.statistics:
        why = reason
        if why is None and known.size < statistic.least_beats:
            why = NullReason.TOO_FEW_BEATS
        value = OF[statistic](known) if why is None else why
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
