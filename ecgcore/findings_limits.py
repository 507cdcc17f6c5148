"""The limits of the rules: named numbers with unit and allowed range, some by lead, sex and age."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecgcore.catalogue import Status
from ecgcore.errors import ConfigError
from ecgcore.person import Person, Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The value of a limit in some leads or for some people; what is None does not matter."""

    name: str
    value: float
    leads: tuple[str, ...] = ()
    """Empty: all."""
    sex: Sex | None = None
    age_from: float | None = None
    """Years."""
    age_below: float | None = None

    def fits(self, person: Person, lead: str | None) -> bool:
        """Tell whether it is for this person and lead; what is not known fits no case about it."""
        age = person.age_years
        return (
            (not self.leads or lead in self.leads)
            and (self.sex is None or person.sex is self.sex)
            and (self.age_from is None or (age is not None and age >= self.age_from))
            and (self.age_below is None or (age is not None and age < self.age_below))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One parameter of the rules."""

    unit: str
    """UCUM."""
    default: float
    range: tuple[float, float]
    """What it may be set to."""
    status: Status
    """How well its source is known."""
    note: str | None = None
    case: tuple[Case, ...] = ()
    """The first that fits is taken, before the default."""

    def value_for(self, person: Person, lead: str | None) -> float:
        """Give the number that holds."""
        fitting = (case.value for case in self.case if case.fits(person, lead))
        return next(fitting, self.default)


def with_values(limits: Mapping[str, Limit], values: Mapping[str, object]) -> dict[str, Limit]:
    """Set some limits, each by its name, or as ``limit.case`` for one of its cases.

    Raises
    ------
    ConfigError
        If there is no such limit, or the value is no number or outside what is allowed.
    """
    changed = dict(limits)
    for name, value in values.items():
        base, _, case = name.partition(".")
        limit = changed.get(base)
        if limit is None or (case and case not in {each.name for each in limit.case}):
            msg = f"limit {name}: there is none of that name"
            raise ConfigError(msg)
        number = _checked(name, value, limit)
        if case:
            cases = (replace(c, value=number) if c.name == case else c for c in limit.case)
            changed[base] = replace(limit, case=tuple(cases))
        else:
            changed[base] = replace(limit, default=number)
    return changed


def _checked(name: str, value: object, limit: Limit) -> float:
    low, high = limit.range
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and low <= float(value) <= high:  # type: ignore[arg-type]  # a number, see above
        return float(value)  # type: ignore[arg-type]  # a number, see above
    msg = f"limit {name} = {value!r}: has to be from {low:g} to {high:g} {limit.unit}"
    raise ConfigError(msg)
