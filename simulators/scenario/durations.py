"""Durations as people write them: ``90``, ``"90 s"``, ``"1 min 30 s"``, ``"8 h"``."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern}\s*)+")


def seconds_of(given: object) -> float:
    """Give a duration in seconds.

    Parameters
    ----------
    given : object
        A number of seconds, or text such as ``"2 min"``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    if isinstance(given, str) and _WHOLE.fullmatch(given.strip()):
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(given))
    msg = f'{given!r} is no duration; write seconds, or text such as "90 s", "2 min", "8 h"'
    raise ValueError(msg)


def clock_text(seconds: float) -> str:
    """Write a moment of a scenario as ``h:mm:ss.s``."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{tenths / 10:04.1f}"


Seconds = Annotated[
    float, BeforeValidator(seconds_of), Field(ge=0, le=90 * _SECONDS["d"], allow_inf_nan=False)
]
"""From 0 to 90 days."""
