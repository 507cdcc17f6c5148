"""What values healthy people have: tables made from open recordings, and the row for a person.

The tables stand in ``population.json`` beside this module; `ecgomics population` makes them and
each row says from how many people of which sources. They are read when somebody first asks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import msgspec
import numpy as np

from ecgcore.errors import PopulationError
from ecgcore.person import Person, Sex
from ecgcore.types import FloatArray

REFERENCE_HR = 70.0
"""Heart rate (1/min) for which a row's centre stands."""
PROBABILITIES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Of `Row.quantiles`."""
ADULT_YEARS = 18.0
"""Younger people are in no table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Recordings that people of a table come from."""

    id: str
    title: str
    licence: str
    normal: str
    """Who counts as normal there."""
    n: int
    """People taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One biomarker in one stratum: ``g(x) - per_bpm (HR - 70)`` has this centre and scale."""

    id: str
    key: str
    lead: str | None = None
    sex: Sex | None = None
    """None: everybody."""
    age_from: float | None = None
    age_to: float | None = None
    """Years, `age_to` excluded; None: without a limit."""
    n: int
    sources: tuple[str, ...]
    is_log: bool = False
    """g is the natural logarithm, for values that are skewed and above 0; else nothing."""
    is_angle: bool = False
    """In degrees, where 180 and -180 are one."""
    centre: float
    """Median of g(x) at 70 beats a minute."""
    scale: float
    """Interquartile range over 1.349, which is a normal distribution's deviation; above 0."""
    per_bpm: float = 0.0
    """Change of g(x) with the heart rate."""
    quantiles: tuple[float, ...]
    """At `PROBABILITIES`, of ``(g(x) - per_bpm (HR - 70) - centre) / scale``."""

    def z(self, value: float, hr: float | None) -> float | None:
        """Give the deviations from the centre; None where the row needs what is not there.

        Parameters
        ----------
        hr : float or None
            Heart rate, 1/min; where it is not known, 70.
        """
        if self.is_log and value <= 0.0:
            return None
        g = math.log(value) if self.is_log else value
        off = g - self.centre
        if self.is_angle:
            off = math.remainder(off, 360.0)
        off -= self.per_bpm * ((REFERENCE_HR if hr is None else hr) - REFERENCE_HR)
        return off / self.scale

    def percentile(self, z: float) -> float:
        """Give the percentile of a deviation, 0 to 100: straight lines between the quantiles.

        Beyond the outermost it goes on as a normal distribution's tail from there, so that order
        is kept.
        """
        ends = self.quantiles[0], self.quantiles[-1]
        if ends[0] <= z <= ends[1]:
            return 100.0 * float(np.interp(z, self.quantiles, PROBABILITIES))
        at = 0 if z < ends[0] else -1
        outside = PROBABILITIES[0] * math.erfc(abs(z - ends[at]) / math.sqrt(2.0))
        return 100.0 * (outside if at == 0 else 1.0 - outside)

    def limit(self, probability: float, hr: float | None) -> float:
        """Give the value at a probability, at a heart rate; none beyond the outermost quantile."""
        z = float(np.interp(probability, PROBABILITIES, self.quantiles))
        hr_off = (REFERENCE_HR if hr is None else hr) - REFERENCE_HR
        g = self.centre + self.scale * z + self.per_bpm * hr_off
        return math.exp(g) if self.is_log else g


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """How the deviations of some biomarkers go together in healthy people."""

    rows: tuple[str, ...]
    """Keys over all leads, of the rows for everybody."""
    correlation: tuple[tuple[float, ...], ...]
    """Shrunk towards no correlation, so that it can be inverted."""
    shrinkage: float
    """0 as found to 1 none left."""
    n: int
    """People who have all of these values."""

    @property
    def matrix(self) -> FloatArray:
        """The correlation as an array, shape (n_rows, n_rows)."""
        return np.array(self.correlation, float)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows for one set of leads."""

    id: str
    title: str
    leads: tuple[str, ...]
    """All of these must be there."""
    rows: tuple[Row, ...]
    core: Core

    @cached_property
    def _by_value(self) -> Mapping[tuple[str, str | None], tuple[Row, ...]]:
        """Rows of a biomarker, those for the fewest people first."""
        found: dict[tuple[str, str | None], list[Row]] = {}
        for row in self.rows:
            found.setdefault((row.key, row.lead), []).append(row)
        return {at: tuple(sorted(rows, key=lambda row: row.n)) for at, rows in found.items()}

    @property
    def values(self) -> tuple[tuple[str, str | None], ...]:
        """Key and lead of each biomarker in the table."""
        return tuple(self._by_value)

    def row_of(self, key: str, lead: str | None, person: Person) -> Row | None:
        """Give the row of the people most like a person, None if the biomarker has none."""
        return next(
            (row for row in self._by_value.get((key, lead), ()) if _is_for(row, person)), None
        )


@dataclass(frozen=True, kw_only=True)
class Population:
    """All tables, the one that needs most leads first."""

    version: str
    sources: tuple[Source, ...]
    tables: tuple[Table, ...]

    def table_for(self, leads: tuple[str, ...], table_id: str = "") -> Table | None:
        """Give a table by its id, or the first whose leads are all there.

        Raises
        ------
        ValueError
            If there is no table of that id.
        """
        if not table_id:
            return next((each for each in self.tables if set(each.leads) <= set(leads)), None)
        found = next((each for each in self.tables if each.id == table_id), None)
        if found is None:
            known = ", ".join(each.id for each in self.tables)
            msg = f"population table {table_id!r}: not one of {known}"
            raise ValueError(msg)
        return found


@cache
def population() -> Population:
    """Read the tables of the package, once a process."""
    return parse(files("ecgcore").joinpath("population.json").read_bytes())


def parse(data: bytes) -> Population:
    """Read tables.

    Raises
    ------
    PopulationError
        Naming the place, where they are not as `Population` says or contradict themselves.
    """
    try:
        found = msgspec.json.decode(data, type=Population)
    except msgspec.MsgspecError as error:
        msg = f"population: {error}"
        raise PopulationError(msg) from error
    for table in found.tables:
        for row in table.rows:
            if row.scale <= 0.0 or len(row.quantiles) != len(PROBABILITIES):
                n = len(PROBABILITIES)
                msg = f"population: {row.id}: no positive scale, or not {n} quantiles"
                raise PopulationError(msg)
        n = len(table.core.rows)
        if table.core.matrix.shape != (n, n):
            msg = f"population: {table.id}: core: the correlation of {n} rows is not {n} by {n}"
            raise PopulationError(msg)
    return found


def _is_for(row: Row, person: Person) -> bool:
    if row.sex is not None and row.sex is not person.sex:
        return False
    if row.age_from is None and row.age_to is None:
        return True
    age = person.age_years
    return age is not None and (row.age_from or 0.0) <= age < (row.age_to or math.inf)
