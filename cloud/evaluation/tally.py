"""Hits, misses and false alarms, and the shares they make."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found of what is there; counts, or seconds."""

    tp: float = 0
    fn: float = 0
    fp: float = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.tp + other.tp, self.fn + other.fn, self.fp + other.fp)

    @property
    def sensitivity_pct(self) -> float | None:
        """Share of what is there that was found; None where nothing is there."""
        return share_pct(self.tp, self.tp + self.fn)

    @property
    def ppv_pct(self) -> float | None:
        """Share of what was found that is there (+P); None where nothing was found."""
        return share_pct(self.tp, self.tp + self.fp)

    @property
    def f1_pct(self) -> float | None:
        """Harmonic mean of both; None where there is nothing and nothing was found."""
        return share_pct(2 * self.tp, 2 * self.tp + self.fn + self.fp)


def share_pct(part: float, whole: float) -> float | None:
    """Give a percentage; None of nothing."""
    return 100.0 * part / whole if whole else None


def gross(tallies: Iterable[Tally]) -> Tally:
    """Add up, so that each beat weighs the same."""
    return sum(tallies, Tally())


def average(values: Iterable[float | None]) -> float | None:
    """Give the mean of the values that exist, so that each record weighs the same."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
