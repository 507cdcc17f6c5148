"""A value with what its key means, or why there is none."""

from dataclasses import replace
from functools import cache, lru_cache
from typing import TypeAlias

from ecgcore.catalogue import catalogue, lack_of
from ecgcore.events import USABLE_SQI, Dimension, Measurement, NullReason

Value: TypeAlias = float | NullReason
Said: TypeAlias = Value | str | tuple[float, ...]
"""A value of any kind of the registry; bool is a number here, 1 or 0."""


def unusable(sqi: float, coverage: float) -> NullReason | None:
    """Say why nothing that rests on beats can be given of a window, if so.

    Parameters
    ----------
    sqi : float
        Mean quality; missing samples count as 0.
    coverage : float
        Share of samples that exist.
    """
    if sqi >= USABLE_SQI:
        return None
    return NullReason.GAP if sqi >= USABLE_SQI * coverage else NullReason.LOW_SQI


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


@lru_cache(maxsize=4096)
def _lack(key: str, duration_s: float, fs_hz: float) -> NullReason | None:
    # Which leads are there its own measure knows.
    entry = catalogue()[key]
    return lack_of(entry, entry.n_leads, duration_s, fs_hz)


def gated(measured: Measurement, duration_s: float, fs_hz: float) -> Measurement:
    """Take a value back that the registry asks for a longer or faster recording for."""
    if measured.null_reason is not None:
        return measured
    reason = _lack(measured.key, duration_s, fs_hz)
    if reason is None:
        return measured
    return replace(measured, value=None, text=None, vector=None, n=0, null_reason=reason)
