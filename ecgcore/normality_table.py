"""A recording's values against the population, as biomarkers of their own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ecgcore.events import Measurement, NullReason
from ecgcore.measured import Said, measurement_of
from ecgcore.normality import (
    NormalityConfig,
    RangeFlag,
    distance,
    flag_of,
    is_adult,
    range_of,
)
from ecgcore.person import Person
from ecgcore.population import Population, Row, Table, population

Values: TypeAlias = Mapping[tuple[str, str | None], Measurement]
"""What was measured, by key and lead."""

NORMALITY = ("z_pop_*", "pctl_pop_*", "nl_flag_*", "out_count", "maha_pop", "maha_pop_top")
"""Keys given here; a family has a member for each biomarker of the table."""


def measure_normality(
    values: Values,
    leads: tuple[str, ...],
    person: Person,
    sqi: float,
    config: NormalityConfig,
    tables: Population | None = None,
) -> Iterator[Measurement]:
    """Set a recording's values against people like its own.

    Nobody under age is in the tables, so for them there is no value.

    Raises
    ------
    ValueError
        If the configuration names a table that does not exist.
    """
    table = (tables or population()).table_for(leads, config.table_id)
    if table is None or not is_adult(person):
        for key in ("out_count", "maha_pop", "maha_pop_top"):
            yield measurement_of(key, NullReason.NOT_APPLICABLE, 0, sqi, None)
        return
    hr = _value(values, "hr_mean")
    judged = [
        _judged(values[at], table.row_of(*at, person), person, hr, config)
        for at in table.values
        if at in values
    ]
    for each in judged:
        yield from each.measurements
    yield from _together([each for each in judged if each.lead is None], table, sqi, config)


class _Judged(NamedTuple):
    """One value beside its row."""

    key: str
    lead: str | None
    z: float | None
    flag: RangeFlag | None
    measurements: tuple[Measurement, ...]


def _judged(
    measured: Measurement,
    row: Row | None,
    person: Person,
    hr: float | None,
    config: NormalityConfig,
) -> _Judged:
    value = measured.value
    absent = measured.null_reason or NullReason.NOT_APPLICABLE
    z = None if value is None or row is None else row.z(value, hr)
    limits = None if value is None else range_of(measured.key, row, person, hr, config)
    flag = None if value is None or limits is None else flag_of(value, limits, z, config)
    said = f"{flag} {limits.row_id}" if flag and limits else absent
    made = (
        _about("z_pop", measured, absent if z is None else z),
        _about("pctl_pop", measured, absent if z is None or row is None else row.percentile(z)),
        _about("nl_flag", measured, said),
    )
    return _Judged(measured.key, measured.lead, z, flag, made)


def _together(
    judged: Sequence[_Judged], table: Table, sqi: float, config: NormalityConfig
) -> Iterator[Measurement]:
    z = {each.key: each.z for each in judged if each.z is not None}
    flags = [each.flag for each in judged if each.flag and each.key in table.core.rows]
    n_out = sum(flag is not RangeFlag.NORMAL for flag in flags)
    found = distance(z, table, config)
    absent = [each.measurements[0].null_reason for each in judged if each.key in table.core.rows]
    # What keeps most of them from being measured.
    reason = max(filter(None, absent), key=absent.count, default=NullReason.NOT_APPLICABLE)
    out: Said = float(n_out) if flags else reason
    yield measurement_of("out_count", out, len(flags), sqi, None)
    if found is not None:
        top = " ".join(f"{key} {share:.2f}" for key, share in found.shares[: config.n_top])
        yield measurement_of("maha_pop", found.d, found.n, sqi, None)
        yield measurement_of("maha_pop_top", top, found.n, sqi, None)
    else:
        yield measurement_of("maha_pop", reason, 0, sqi, None)
        yield measurement_of("maha_pop_top", reason, 0, sqi, None)


def _about(name: str, measured: Measurement, value: Said) -> Measurement:
    key = f"{name}_{measured.key}"
    return measurement_of(key, value, measured.n, measured.sqi, measured.lead)


def _value(values: Values, key: str) -> float | None:
    found = values.get((key, None))
    return None if found is None else found.value
