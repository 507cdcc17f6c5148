"""A person's values against the population: what is out of range, and how far all are off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import numpy as np

from ecgcore.catalogue import Entry, catalogue
from ecgcore.limits import Count, Factor, Share
from ecgcore.person import Person, Sex
from ecgcore.population import ADULT_YEARS, Row, Table
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class NormalityConfig:
    """How values are set against the population."""

    is_wanted: bool = True
    """Whether values are set against the population at all."""
    table_id: str = ""
    """Of the population's tables; empty: by the leads at hand."""
    extreme_z: Factor = 3.0
    """A value out of range is LL or HH from so many deviations on."""
    low_probability: Share = 0.025
    high_probability: Share = 0.975
    """Limits of a row of the population, where the registry has no range; of its quantiles."""
    least_core: Count = 3
    """Values of the core set that a distance rests on at least."""
    n_top: Count = 3
    """Contributors named."""


class RangeFlag(StrEnum):
    """Where a value lies."""

    VERY_LOW = "LL"
    LOW = "L"
    NORMAL = "N"
    HIGH = "H"
    VERY_HIGH = "HH"


class Range(NamedTuple):
    """What is normal for a person, and which row says so."""

    low: float | None
    high: float | None
    row_id: str


class Distance(NamedTuple):
    """How far a person's values are off together."""

    d: float
    """Mahalanobis distance: about the square root of `n` in healthy people."""
    n: int
    """Values it rests on."""
    shares: tuple[tuple[str, float], ...]
    """Key and its share of the squared distance, greatest first; together 1."""


def is_adult(person: Person) -> bool:
    """Tell whether limits of adults hold; somebody of unknown age is taken for one."""
    return person.age_years is None or person.age_years >= ADULT_YEARS


def range_of(
    key: str, row: Row | None, person: Person, hr: float | None, config: NormalityConfig
) -> Range | None:
    """Give the registry's range, of the person's sex where there is one, else the population's.

    The population's limits are the quantiles of its row at the person's heart rate.
    """
    low, high, row_id = _registered(key, person.sex)
    if low is not None or high is not None:
        return Range(low, high, row_id)
    if row is None:
        return None
    low, high = row.limit(config.low_probability, hr), row.limit(config.high_probability, hr)
    # A range of angles that reaches round is none that a number can be outside of.
    return None if row.is_angle and max(-low, high) > 180.0 else Range(low, high, row.id)


def flag_of(value: float, limits: Range, z: float | None, config: NormalityConfig) -> RangeFlag:
    """Give the flag of a value; one on a limit is normal."""
    is_extreme = z is not None and abs(z) >= config.extreme_z
    if limits.low is not None and value < limits.low:
        return RangeFlag.VERY_LOW if is_extreme else RangeFlag.LOW
    if limits.high is not None and value > limits.high:
        return RangeFlag.VERY_HIGH if is_extreme else RangeFlag.HIGH
    return RangeFlag.NORMAL


def distance(z: Mapping[str, float], table: Table, config: NormalityConfig) -> Distance | None:
    """Give the Mahalanobis distance of the core set's deviations.

    What is absent is left out, and its row and column of the correlation with it; None where
    hardly anything is there.

    Parameters
    ----------
    z : Mapping[str, float]
        Deviation by key, of those of the core set that are there.
    """
    places = [k for k, key in enumerate(table.core.rows) if key in z]
    if len(places) < config.least_core:
        return None
    keys = [table.core.rows[k] for k in places]
    off = np.array([z[key] for key in keys], float)
    solved = np.linalg.solve(table.core.matrix[np.ix_(places, places)], off)
    squared = float(off @ solved)
    return Distance(squared**0.5, off.size, _shares(keys, off * solved, squared))


def _shares(
    keys: Sequence[str], parts: FloatArray, squared: float
) -> tuple[tuple[str, float], ...]:
    if squared <= 0.0:
        return ()
    order = np.argsort(-parts, kind="stable")
    return tuple((keys[k], float(parts[k] / squared)) for k in order)


@cache
def _registered(key: str, sex: Sex | None) -> tuple[float | None, float | None, str]:
    entry = catalogue()[key]
    of_sex = {Sex.MALE: "_men", Sex.FEMALE: "_women", None: ""}[sex]
    low, high = _limits(entry, of_sex)
    # As `Reference.source` names it.
    return low, high, " ".join(filter(None, (entry.id, entry.population)))


def _limits(entry: Entry, of_sex: str) -> tuple[float | None, float | None]:
    low, high = getattr(entry, f"low{of_sex}"), getattr(entry, f"high{of_sex}")
    return (entry.low if low is None else low), (entry.high if high is None else high)
