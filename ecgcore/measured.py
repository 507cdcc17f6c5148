"""A value with what its key means, or why there is none."""

from dataclasses import replace
from functools import cache
from typing import TypeAlias

from ecgcore.catalogue import catalogue
from ecgcore.events import Dimension, Measurement, NullReason

Value: TypeAlias = float | NullReason
Said: TypeAlias = Value | str | tuple[float, ...]
"""A value of any kind of the registry; bool is a number here, 1 or 0."""


def measurement_of(key: str, value: Said, n: int, sqi: float, lead: str | None) -> Measurement:
    """Give a value, or why there is none, with the unit and dimension of its key."""
    unit, dim = _meaning(key)
    # The reasons are strings as well, so they come first.
    if isinstance(value, NullReason):
        return Measurement(key, None, unit, dim, 0, sqi, value, lead)
    if isinstance(value, str):
        return Measurement(key, None, unit, dim, n, sqi, None, lead, text=value)
    if isinstance(value, tuple):
        return Measurement(key, None, unit, dim, n, sqi, None, lead, vector=value)
    return Measurement(key, float(value), unit, dim, n, sqi, None, lead)


@cache
def _meaning(key: str) -> tuple[str, Dimension]:
    # Finding a member's family means to try them all.
    entry = catalogue()[key]
    # A class told by its number has no unit.
    return entry.unit or "1", entry.dimension


def gated(measured: Measurement, duration_s: float, fs_hz: float) -> Measurement:
    """Take a value back that the registry asks for a longer or faster recording for."""
    entry, reason = catalogue()[measured.key], None
    if duration_s < (entry.least_s or 0.0):
        reason = NullReason.TOO_SHORT
    elif fs_hz < (entry.least_fs_hz or 0.0):
        reason = NullReason.FS_TOO_LOW
    if measured.null_reason is not None or reason is None:
        return measured
    return replace(measured, value=None, text=None, vector=None, n=0, null_reason=reason)
