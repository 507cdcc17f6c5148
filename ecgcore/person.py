"""Who a recording is of, as far as limits depend on it."""

from dataclasses import dataclass
from enum import StrEnum


class Sex(StrEnum):
    """As limits of electrocardiographic values distinguish it."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody; None is not known."""

    sex: Sex | None = None
    age_years: float | None = None


UNKNOWN = Person()
