"""Reference ranges and codes of the biomarkers a report can carry, from the registry.

A biomarker whose range depends on what a report does not know (sex, rate, lead) has none, and a
code that is not certain is left out.
"""

from dataclasses import dataclass
from functools import cache

from ecgcore.catalogue import catalogue


@dataclass(frozen=True, slots=True)
class Reference:
    """What is normal for one biomarker and what others call it."""

    low: float | None = None
    high: float | None = None
    source: str | None = None
    """Catalogue id of the range, and whose it is; None without a range."""
    loinc: str | None = None
    mdc: int | None = None


@cache
def reference_of(key: str) -> Reference:
    """Give what the registry says of a key; nothing for a key it does not have."""
    entry = catalogue().find(key)
    if entry is None:
        return Reference()
    is_ranged = entry.low is not None or entry.high is not None
    return Reference(
        low=entry.low,
        high=entry.high,
        source=" ".join(filter(None, (entry.id, entry.population))) if is_ranged else None,
        loinc=entry.loinc,
        mdc=entry.mdc_number,
    )
