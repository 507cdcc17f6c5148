"""One value beside the one before it and the person's past, as biomarkers of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ecgcore import own_past, trend
from ecgcore.baseline import MINUTE_NS, Past
from ecgcore.changes import ChangeLimits, mdc_reliable
from ecgcore.events import Measurement, NullReason
from ecgcore.measured import Said, measurement_of
from ecgcore.own_past import OwnPastConfig, Standing
from ecgcore.trend import Slope, TrendConfig

CHANGE_OF = {"qtc_fridericia": "d_qtc", "qrs_dur": "d_qrsd"}
"""Names that a change from the baseline has of its own."""
_SPANS_D = {"slope_7d": 7, "slope_30d": 30}


@dataclass(frozen=True, slots=True)
class OwnComparisonConfig:
    """What a value is set against and when that says something."""

    past: OwnPastConfig = field(default_factory=OwnPastConfig)
    trend: TrendConfig = field(default_factory=TrendConfig)
    limits: ChangeLimits = field(default_factory=ChangeLimits)


class Interval(NamedTuple):
    """A confidence interval of 95 %."""

    low: float
    high: float


class Compared(NamedTuple):
    """A value about a value."""

    measurement: Measurement
    interval: Interval | None = None
    """Of a slope."""


def compare(
    measured: Measurement,
    previous: float | None,
    past: Past | None,
    at_ns: int,
    config: OwnComparisonConfig,
) -> Iterator[Compared]:
    """Set a value against the one before and the past.

    Parameters
    ----------
    measured : Measurement
        With a value.
    previous : float or None
        The same of the report before.
    past : Past or None
        What was remembered before the value's stretch began; None where this biomarker is not.
    at_ns : int
        UTC of where the value's stretch begins.
    """
    value = measured.value
    if value is None:
        msg = f"{measured.key} has no value to compare"
        raise ValueError(msg)
    if previous is not None:
        yield from _with_previous(measured, value, previous, config.limits)
    if past is not None:
        now_min = at_ns // MINUTE_NS
        standing = own_past.stand(value, past, now_min, config.past)
        yield from _with_past(measured, value, standing)
        yield from _trends(measured, past.last(config.trend.kept_d, now_min), now_min, config.trend)


def _with_previous(
    measured: Measurement, value: float, previous: float, limits: ChangeLimits
) -> Iterator[Compared]:
    change = own_past.d_prev(value, previous)
    yield _about(measured, "d_prev", change, 2)
    yield _about(measured, "pct_prev", own_past.pct_prev(value, previous), 2)
    if measured.key == "hr_mean":
        yield _about(measured, "d_hr", change, 2)
    if measured.key in limits.detectable:
        yield _about(measured, "mdc_reliable", mdc_reliable(measured.key, change, limits), 2)


def _with_past(measured: Measurement, value: float, standing: Standing) -> Iterator[Compared]:
    n = standing.n
    yield _about(measured, "z_self", standing.z_self, n)
    yield _about(measured, "rz_self", standing.rz_self, n)
    yield _about(measured, "pct_rank_self", standing.pct_rank_self, n)
    yield _about(measured, "circ_adj_z", standing.circ_adj_z, n)
    name = CHANGE_OF.get(measured.key)
    if name is not None:
        centre = standing.centre
        yield _about(
            measured, name, centre if isinstance(centre, NullReason) else value - centre, n
        )


def _trends(
    measured: Measurement, past: Past, now_min: int, config: TrendConfig
) -> Iterator[Compared]:
    days = trend.days_of(past, now_min, config)
    for key, span_d in _SPANS_D.items():
        found = trend.slope(days, span_d, config)
        if isinstance(found, Slope):
            made = _about(measured, key, found.per_day, found.n)
            yield made._replace(interval=Interval(found.low, found.high))
        else:
            yield _about(measured, key, found, 0)
    charts = trend.charts(days, config)
    n = int(days.values.size)
    if isinstance(charts, NullReason):
        yield _about(measured, "ewma", charts, n)
        yield _about(measured, "cusum", charts, n)
    else:
        mean, sums = charts
        yield _about(measured, "ewma", mean.value, n)
        yield _about(measured, "cusum", sums.value, n)


_IN_UNIT = {"d_prev": "", "ewma": "", "slope_7d": "/d", "slope_30d": "/d"}
"""Keys in the unit of the value that they are about, and what follows it."""


def _about(measured: Measurement, key: str, value: Said, n: int) -> Compared:
    made = measurement_of(key, value, n, measured.sqi, measured.lead)
    if key in _IN_UNIT:
        own = "" if measured.unit == "1" and _IN_UNIT[key] else measured.unit
        made = replace(made, unit=own + _IN_UNIT[key])
    return Compared(made)
