"""Reference ranges and codes of the biomarkers a report can carry.

Ranges are those of adults at rest; a biomarker whose range depends on what we do not know (sex,
rate, lead) has none. A code that is not certain is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reference:
    """What is normal for one biomarker and what others call it."""

    low: float | None = None
    high: float | None = None
    source: str | None = None
    """Catalogue id of the range."""
    loinc: str | None = None
    mdc: int | None = None


REFERENCES: Mapping[str, Reference] = MappingProxyType(
    {
        "hr_mean": Reference(60, 100, "S01 adult rest", "8867-4", 147842),
        "rr_mean": Reference(600, 1000, "S07 adult rest", mdc=147240),
        "rr_longest": Reference(None, 2000, "S11 adult rest"),
        "p_dur": Reference(None, 120, "S15 adult"),
        "pr_int": Reference(120, 200, "S16 adult", "8625-6"),
        "qrs_dur": Reference(None, 110, "S19 adult", "8633-0", 147228),
        "qt_int": Reference(loinc="8634-8", mdc=147232),
        "sdnn": Reference(loinc="80404-7"),
    }
)
