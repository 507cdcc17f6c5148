"""Sums of whole numbers, from which means and deviations are read: added in any order, they agree.

Times are microseconds. A day of intervals squared stays far below 64 bits.
"""

import math
from typing import NamedTuple

from ecgcore.types import Int64Array


class Sums(NamedTuple):
    """Of some whole numbers: how many, their sum and that of their squares."""

    n: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: Int64Array) -> "Sums":
        """Sum up, shape (n,)."""
        return cls(int(values.size), int(values.sum()), int((values * values).sum()))

    def plus(self, other: "Sums") -> "Sums":
        """Give the sums of both."""
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Needs one."""
        return self.total / self.n

    @property
    def deviation(self) -> float:
        """Standard deviation (N - 1); needs two."""
        spread = self.n * self.squares - self.total * self.total
        return math.sqrt(spread / (self.n * (self.n - 1)))

    @property
    def root_mean_square(self) -> float:
        """Needs one."""
        return math.sqrt(self.squares / self.n)


class Reach(NamedTuple):
    """Least and greatest of some numbers above 0; 0 where there are none."""

    least: int = 0
    greatest: int = 0

    @classmethod
    def of(cls, values: Int64Array) -> "Reach":
        """Give both, shape (n,)."""
        return cls(int(values.min()), int(values.max())) if values.size else cls()

    def plus(self, other: "Reach") -> "Reach":
        """Give those of both."""
        least = [each for each in (self.least, other.least) if each]
        return Reach(min(least, default=0), max(self.greatest, other.greatest))


NO_SUMS = Sums()
NO_REACH = Reach()
