"""One value beside the one before it and the person's past, as biomarkers of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ecgcore import changes, own_past, trend
from ecgcore.baseline import MINUTE_NS, Past
from ecgcore.changes import ChangeLimits, Concern
from ecgcore.events import Measurement, NullReason
from ecgcore.measured import Said, Value, measurement_of
from ecgcore.own_past import OwnPastConfig, Standing
from ecgcore.trend import Slope, TrendConfig

CHANGE_OF = {
    "qtc_fridericia": ("d_qtc", changes.d_qtc),
    "qrs_dur": ("d_qrsd", changes.d_qrsd),
}
"""Changes from the baseline that have a name and limits of their own."""
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
    concern: Concern | None = None
    """None where there is no value, or no limit."""
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
        yield from _with_past(measured, value, standing, config)
        yield from _trends(measured, past.last(config.trend.kept_d, now_min), now_min, config.trend)


def _with_previous(
    measured: Measurement, value: float, previous: float, limits: ChangeLimits
) -> Iterator[Compared]:
    change = own_past.d_prev(value, previous)
    yield _about(measured, "d_prev", change, 2)
    yield _about(measured, "pct_prev", own_past.pct_prev(value, previous), 2)
    if measured.key == "hr_mean":
        yield _about(measured, "d_hr", change, 2, changes.d_hr(value, previous, limits).concern)
    if measured.key in limits.detectable:
        yield _about(
            measured, "mdc_reliable", changes.mdc_reliable(measured.key, change, limits), 2
        )


def _with_past(
    measured: Measurement, value: float, standing: Standing, config: OwnComparisonConfig
) -> Iterator[Compared]:
    limits = config.past
    for key in ("z_self", "rz_self", "circ_adj_z"):
        z: Value = getattr(standing, key)
        concern = None if isinstance(z, NullReason) else own_past.concern_of(z, limits)
        yield _about(measured, key, z, standing.n, concern)
    rank = standing.pct_rank_self
    is_tail = not isinstance(rank, NullReason) and min(rank, 100.0 - rank) < limits.tail_pct
    yield _about(measured, "pct_rank_self", rank, standing.n, _flag(rank, is_tail))
    if measured.key not in CHANGE_OF:
        return
    key, change_of = CHANGE_OF[measured.key]
    if isinstance(standing.centre, NullReason):
        yield _about(measured, key, standing.centre, standing.n)
    else:
        change = change_of(value, standing.centre, config.limits)
        yield _about(measured, key, change.value, standing.n, change.concern)


def _trends(
    measured: Measurement, past: Past, now_min: int, config: TrendConfig
) -> Iterator[Compared]:
    days = trend.days_of(past, now_min, config)
    for key, span_d in _SPANS_D.items():
        found = trend.slope(days, span_d, config)
        if isinstance(found, Slope):
            concern = _flag(found.per_day, found.is_real)
            made = _about(measured, key, found.per_day, found.n, concern)
            yield made._replace(interval=Interval(found.low, found.high))
        else:
            yield _about(measured, key, found, 0)
    charts = trend.charts(days, config)
    n = int(days.values.size)
    for k, key in enumerate(("ewma", "cusum")):
        if isinstance(charts, NullReason):
            yield _about(measured, key, charts, n)
        else:
            yield _about(
                measured, key, charts[k].value, n, _flag(charts[k].value, charts[k].is_crossed)
            )


def _flag(value: Value, is_flagged: bool) -> Concern | None:
    if isinstance(value, NullReason):
        return None
    return Concern.FLAG if is_flagged else Concern.NONE


_IN_UNIT = {"d_prev": "", "ewma": "", "slope_7d": "/d", "slope_30d": "/d"}
"""Keys in the unit of the value that they are about, and what follows it."""


def _about(
    measured: Measurement, key: str, value: Said, n: int, concern: Concern | None = None
) -> Compared:
    made = measurement_of(key, value, n, measured.sqi, measured.lead)
    if key in _IN_UNIT:
        own = "" if measured.unit == "1" and _IN_UNIT[key] else measured.unit
        made = replace(made, unit=own + _IN_UNIT[key])
    return Compared(made, concern)
