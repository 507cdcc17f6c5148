"""Reference ranges and codes of the biomarkers a report can carry, from the registry.

A biomarker whose range depends on what a report does not know (rate, lead, or sex where it is not
told) has none, and a code that is not certain is left out.
"""

from dataclasses import dataclass
from functools import cache

from ecgcore.catalogue import Entry, catalogue
from ecgcore.person import Sex


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
def reference_of(key: str, sex: Sex | None = None) -> Reference:
    """Give what the registry says of a key; nothing for a key it does not have."""
    entry = catalogue().find(key)
    if entry is None:
        return Reference()
    low, high = _range_of(entry, sex)
    is_ranged = low is not None or high is not None
    return Reference(
        low=low,
        high=high,
        source=" ".join(filter(None, (entry.id, entry.population))) if is_ranged else None,
        loinc=entry.loinc,
        mdc=entry.mdc_number,
    )


def _range_of(entry: Entry, sex: Sex | None) -> tuple[float | None, float | None]:
    """Give the limits of a sex where it has its own, else everybody's."""
    men, women = (entry.low_men, entry.high_men), (entry.low_women, entry.high_women)
    low, high = {Sex.MALE: men, Sex.FEMALE: women, None: (None, None)}[sex]
    return (entry.low if low is None else low, entry.high if high is None else high)
