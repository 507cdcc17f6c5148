"""Where a person's values are going, day by day: slope, smoothed mean, sums of deviations.

All rest on the medians of days. Minutes hang together for hours, so a test that takes each for
news would find a trend in every afternoon.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore.baseline import DAY_MIN, Past
from ecgcore.events import NullReason
from ecgcore.own_past import robust_spread
from ecgcore.stats import median
from ecgcore.types import FloatArray

TREND = ("slope_7d", "slope_30d", "ewma", "cusum")
"""Keys given here."""
_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class TrendConfig:
    """What is a trend."""

    kept_d: float = 30.0
    """Days back that are looked at."""
    least_day_n: int = 5
    """Values of a day from which its median is taken."""
    least_share: float = 0.5
    """Days of a span that must be there."""
    ewma_lambda: float = 0.2
    ewma_limit_sd: float = 3.0
    """Width of its control limits, in its own standard deviations."""
    cusum_k: float = 0.5
    """Slack, in standard deviations."""
    cusum_h: float = 5.0
    """Decision limit, in standard deviations."""
    least_chart_d: int = 7
    """Days that a chart rests on at least."""


class Days(NamedTuple):
    """Medians of days, oldest first; both shape (n,)."""

    day: FloatArray
    """Days before now, 0 or less; whole numbers."""
    values: FloatArray


class Slope(NamedTuple):
    """A slope with its 95 % confidence interval, per day."""

    per_day: float
    low: float
    high: float
    n: int
    """Days behind it."""

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0.0 or self.high < 0.0


class Ewma(NamedTuple):
    """Exponentially weighted mean of the days."""

    value: float
    low: float
    high: float
    """Control limits."""

    @property
    def is_crossed(self) -> bool:
        """Whether the mean has left its limits."""
        return not self.low <= self.value <= self.high


class Cusum(NamedTuple):
    """Tabular sums of deviations up and down, in standard deviations."""

    up: float
    down: float
    limit: float

    @property
    def value(self) -> float:
        """The greater of both; negative where that is the one down."""
        return self.up if self.up >= self.down else -self.down

    @property
    def is_crossed(self) -> bool:
        """Whether either sum is beyond the limit."""
        return max(self.up, self.down) > self.limit


def days_of(past: Past, now_min: int, config: TrendConfig) -> Days:
    """Give the median of each day of 24 h back from a moment; days with few values are left out."""
    ago = -((now_min - past.at_min) // DAY_MIN)
    kept = [
        (day, median(past.values[ago == day]))
        for day in np.unique(ago).tolist()
        if np.count_nonzero(ago == day) >= config.least_day_n
    ]
    return Days(
        np.array([day for day, _ in kept], float), np.array([value for _, value in kept], float)
    )


def slope(days: Days, span_d: int, config: TrendConfig) -> Slope | NullReason:
    """Give the Theil-Sen slope over the last days.

    Notes
    -----
    Median of the slopes between all pairs, the interval by Sen (1968) with his correction for
    ties. Oracle: scipy.stats.theilslopes.
    """
    is_in = days.day > -span_d
    x, y = days.day[is_in], days.values[is_in]
    if x.size < max(3.0, config.least_share * span_d):
        return NullReason.TOO_SHORT
    first, second = np.triu_indices(x.size, k=1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    n = x.size
    ties = np.unique(y, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))) / 18.0
    half = _Z_95 * math.sqrt(variance)
    upper = min(round((slopes.size + half) / 2.0), slopes.size - 1)
    lower = max(round((slopes.size - half) / 2.0) - 1, 0)
    return Slope(median(slopes), float(slopes[lower]), float(slopes[upper]), n)


def ewma(values: FloatArray, centre: float, spread: float, config: TrendConfig) -> Ewma:
    """Give the exponentially weighted mean, begun at the centre, and its control limits.

    Notes
    -----
    Limits of the exact variance of the mean after n values (Roberts 1959, as in Montgomery).
    """
    share = config.ewma_lambda
    weights = share * (1.0 - share) ** np.arange(values.size)[::-1]
    rest = (1.0 - share) ** values.size
    value = float(weights @ values + rest * centre)
    width = config.ewma_limit_sd * spread * math.sqrt(share / (2.0 - share) * (1.0 - rest**2))
    return Ewma(value, centre - width, centre + width)


def cusum(values: FloatArray, centre: float, spread: float, config: TrendConfig) -> Cusum:
    """Give the sums of what deviates by more than the slack, each begun anew at 0 (Page 1954)."""
    up = down = 0.0
    for z in ((values - centre) / spread).tolist():
        up = max(0.0, up + z - config.cusum_k)
        down = max(0.0, down - z - config.cusum_k)
    return Cusum(up, down, config.cusum_h)


def charts(days: Days, config: TrendConfig) -> tuple[Ewma, Cusum] | NullReason:
    """Give both charts of the days, against the days' own median and robust spread.

    Robust, so that days that have shifted move the limits less than the mean would.
    """
    if days.values.size < config.least_chart_d:
        return NullReason.TOO_SHORT
    spread = robust_spread(days.values)
    if spread == 0.0:
        return NullReason.NOT_APPLICABLE
    centre = median(days.values)
    return (
        ewma(days.values, centre, spread, config),
        cusum(days.values, centre, spread, config),
    )
