"""A value with what its key means, or why there is none."""

from typing import TypeAlias

from ecgcore.catalogue import catalogue
from ecgcore.events import Measurement, NullReason

Value: TypeAlias = float | NullReason


def measurement_of(key: str, value: Value, n: int, sqi: float, lead: str | None) -> Measurement:
    """Give a value, or why there is none, with the unit and dimension of its key."""
    entry = catalogue()[key]
    # A class told by its number has no unit.
    unit = entry.unit or "1"
    if isinstance(value, NullReason):
        return Measurement(key, None, unit, entry.dimension, 0, sqi, value, lead)
    return Measurement(key, value, unit, entry.dimension, n, sqi, None, lead)
