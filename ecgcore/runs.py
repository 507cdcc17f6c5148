"""Runs of what is alike, counted so that the counts of two neighbouring stretches can be joined.

A stretch keeps its first and its last run whole, since either may go on beyond it, and totals of
those between. Joining is associative, so however a stretch was cut, its parts give the same counts.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Run(NamedTuple):
    """Elements in a row, such as beats of one class; places in any unit that its rule shares."""

    start: int
    end: int
    n: int
    """Elements."""

    @property
    def length(self) -> int:
        """From its start to its end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class RunRule:
    """Which runs count."""

    least_n: int = 1
    least_length: int = 0
    most_step: float = float("inf")
    """Mean length from element to element, at most."""
    most_hole: float = float("inf")
    """Two pieces this far apart, with nothing else known between them, are one run."""

    def counts(self, run: Run) -> bool:
        """Tell whether a run is long and fast enough."""
        is_fast = run.length <= self.most_step * (run.n - 1) or run.n < 2
        return run.n >= self.least_n and run.length >= self.least_length and is_fast


class RunTotals(NamedTuple):
    """What runs amount to."""

    n_pairs: int = 0
    n_triples: int = 0
    """Of exactly two and three elements, fast or slow."""
    n: int = 0
    """Those that count; so of what follows."""
    length: int = 0
    """All together."""
    longest_n: int = 0
    fastest: float = 0.0
    """Elements for each unit of length."""
    longest: int = 0
    """Of all runs, those that do not count as well."""

    @classmethod
    def of(cls, run: Run, rule: RunRule) -> "RunTotals":
        """Count one run."""
        pairs, triples = int(run.n == 2), int(run.n == 3)
        if not rule.counts(run):
            return cls(pairs, triples, longest=run.length)
        fastest = (run.n - 1) / run.length if run.length else 0.0
        return cls(pairs, triples, 1, run.length, run.n, fastest, run.length)

    def plus(self, other: "RunTotals") -> "RunTotals":
        """Count both together."""
        return RunTotals(
            self.n_pairs + other.n_pairs,
            self.n_triples + other.n_triples,
            self.n + other.n,
            self.length + other.length,
            max(self.longest_n, other.longest_n),
            max(self.fastest, other.fastest),
            max(self.longest, other.longest),
        )


@dataclass(slots=True)
class Runs:
    """The runs of a stretch."""

    first: Run | None = None
    last: Run | None = None
    """None while there is one run only."""
    is_open_before: bool = True
    """Nothing that ends a run lies before the first."""
    is_open_after: bool = True
    """Nothing that ends a run lies after the last."""
    between: RunTotals = field(default_factory=RunTotals)

    def add(self, run: Run, rule: RunRule) -> None:
        """Take the next element or piece."""
        newest = self.last or self.first
        goes_on = self.is_open_after and newest is not None
        self.is_open_after = True
        if newest is None:
            self.first = run
        elif goes_on and run.start - newest.end <= rule.most_hole:
            joined = Run(newest.start, run.end, newest.n + run.n)
            if self.last is None:
                self.first = joined
            else:
                self.last = joined
        else:
            if self.last is not None:
                self.between = self.between.plus(RunTotals.of(self.last, rule))
            self.last = run

    def cut(self) -> None:
        """Take an element that ends a run."""
        if self.first is None:
            self.is_open_before = False
        self.is_open_after = False

    def joined(self, after: "Runs", rule: RunRule) -> "Runs":
        """Give the runs of this stretch and the next together."""
        whole = Runs(self.first, self.last, self.is_open_before, self.is_open_after, self.between)
        if not after.is_open_before:
            whole.cut()
        if after.first is not None:
            whole.add(after.first, rule)
        # Those between follow `after.first` and come before `after.last`; sums have no order.
        whole.between = whole.between.plus(after.between)
        if after.last is not None:
            whole.cut()
            whole.add(after.last, rule)
        if after.first is not None and not after.is_open_after:
            whole.cut()
        return whole

    def totals(self, rule: RunRule) -> RunTotals:
        """Count all, those at the ends as they are."""
        total = self.between
        for run in (self.first, self.last):
            if run is not None:
                total = total.plus(RunTotals.of(run, rule))
        return total
