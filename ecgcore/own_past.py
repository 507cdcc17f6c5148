"""A value against the same person's past: deviations, rank, and the hour of the day."""

from dataclasses import dataclass

import numpy as np

from ecgcore.baseline import DAY_MIN, Past
from ecgcore.changes import Concern
from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.stats import median
from ecgcore.types import FloatArray

MAD_TO_SD = 1.4826
"""Of a normal distribution, standard deviation over median absolute deviation."""

OWN_PAST = ("d_prev", "pct_prev", "z_self", "rz_self", "pct_rank_self", "circ_adj_z")
"""Keys given here."""


@dataclass(frozen=True, slots=True)
class OwnPastConfig:
    """What a baseline is."""

    length_d: float = 14.0
    """Days back that it reaches."""
    least_n: int = 20
    """Values that it rests on at least."""
    hour_min: int = 90
    """Of the same hour of day is what lies so many minutes off at most."""
    least_days: int = 3
    """Different days that a profile of the hour of day rests on at least."""
    watch_z: float = 2.0
    """Deviations either way from which a value is worth a look."""
    flag_z: float = 3.0
    tail_pct: float = 2.5
    """Of ranks, at either end."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a value stands in its own past; a reason where that cannot be told."""

    n: int
    """Values in the baseline."""
    centre: Value
    """Median."""
    spread: Value
    """1.4826 median absolute deviation."""
    z_self: Value
    rz_self: Value
    pct_rank_self: Value
    circ_adj_z: Value


def d_prev(value: float, previous: float) -> float:
    """Give the change from the value before."""
    return value - previous


def pct_prev(value: float, previous: float) -> Value:
    """Give the change from the value before in percent of it."""
    return 100.0 * (value - previous) / previous if previous != 0.0 else NullReason.NOT_APPLICABLE


def robust_spread(values: FloatArray) -> float:
    """Give 1.4826 times the median absolute deviation; shape (n,), n >= 1."""
    return MAD_TO_SD * median(np.abs(values - median(values)))


def z_self(value: float, past: FloatArray) -> Value:
    """Give the deviations from the mean; none where the past never varied."""
    spread = float(np.std(past, ddof=1))
    return (value - float(np.mean(past))) / spread if spread > 0.0 else NullReason.NOT_APPLICABLE


def rz_self(value: float, past: FloatArray) -> Value:
    """Give the deviations from the median; none where half of the past never varied."""
    spread = robust_spread(past)
    return (value - median(past)) / spread if spread > 0.0 else NullReason.NOT_APPLICABLE


def pct_rank_self(value: float, past: FloatArray) -> float:
    """Give the share of the past below a value, in percent; equal ones count half."""
    below, equal = np.count_nonzero(past < value), np.count_nonzero(past == value)
    return 100.0 * float(below + 0.5 * equal) / past.size


def concern_of(z: float, config: OwnPastConfig) -> Concern:
    """Tell how much a deviation matters."""
    if abs(z) >= config.flag_z:
        return Concern.FLAG
    return Concern.WATCH if abs(z) >= config.watch_z else Concern.NONE


def of_hour(past: Past, now_min: int, config: OwnPastConfig) -> Past:
    """Give what lies at about the same time of day as a moment, on whatever day."""
    off = np.abs((past.at_min - now_min + DAY_MIN // 2) % DAY_MIN - DAY_MIN // 2)
    is_near = off <= config.hour_min
    return Past(past.at_min[is_near], past.values[is_near])


def circ_adj_z(value: float, past: Past, now_min: int, config: OwnPastConfig) -> Value:
    """Give the robust deviations from what is usual at this time of day."""
    alike = of_hour(past, now_min, config)
    # Half a day added, so that no night falls into two days here.
    days = np.unique((alike.at_min - now_min + DAY_MIN // 2) // DAY_MIN)
    if alike.values.size < config.least_n or days.size < config.least_days:
        return NullReason.TOO_SHORT
    return rz_self(value, alike.values)


def stand(value: float, past: Past, now_min: int, config: OwnPastConfig) -> Standing:
    """Set a value against the past before it.

    Parameters
    ----------
    now_min : int
        When the value is from, minutes since 1970.
    """
    recent = past.last(config.length_d, now_min)
    n = int(recent.values.size)
    if n < config.least_n:
        none = NullReason.TOO_SHORT
        return Standing(n, none, none, none, none, none, none)
    return Standing(
        n=n,
        centre=median(recent.values),
        spread=robust_spread(recent.values),
        z_self=z_self(value, recent.values),
        rz_self=rz_self(value, recent.values),
        pct_rank_self=pct_rank_self(value, recent.values),
        circ_adj_z=circ_adj_z(value, recent, now_min, config),
    )
