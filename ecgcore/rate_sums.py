"""What a long stretch keeps of all its intervals, so that neighbouring stretches can be added."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ecgcore.types import Int64Array
from ecgcore.whole_sums import NO_REACH, NO_SUMS, Reach, Sums


@dataclass(frozen=True, slots=True)
class RateSums:
    """Of a stretch; times in microseconds."""

    running: int
    """Intervals in a row that a rate is the mean of."""
    rr: Sums = NO_SUMS
    reach: Reach = NO_REACH
    runs: Reach = NO_REACH
    """Of the time that so many intervals without a gap among them take."""
    head: tuple[int, ...] = ()
    """The first intervals, one fewer than `running` at most; 0 where none could be formed."""
    tail: tuple[int, ...] = ()
    """The last ones."""

    def __add__(self, after: "RateSums") -> "RateSums":
        """Give those of this stretch and the one that follows, by the same `running`."""
        n = self.running - 1
        # No run of one end alone is long enough to be counted twice.
        across = _runs(np.array([*self.tail, *after.head], np.int64), self.running)
        return RateSums(
            self.running,
            self.rr.plus(after.rr),
            self.reach.plus(after.reach),
            self.runs.plus(across).plus(after.runs),
            (*self.head, *after.head)[:n] if len(self.head) < n else self.head,
            (*self.tail, *after.tail)[-n:] if n and len(after.tail) < n else after.tail,
        )


def rate_sums(rr_us: Int64Array, running: int) -> RateSums:
    """Sum up intervals, shape (n,), 0 where none could be formed."""
    known_us = rr_us[rr_us > 0]
    n = running - 1
    return RateSums(
        running,
        Sums.of(known_us),
        Reach.of(known_us),
        _runs(rr_us, running),
        tuple(rr_us[:n].tolist()),
        tuple(rr_us[max(rr_us.size - n, 0) :].tolist()),
    )


def _runs(rr_us: Int64Array, running: int) -> Reach:
    if rr_us.size < running:
        return Reach()
    runs_us = sliding_window_view(rr_us, running)
    return Reach.of(runs_us.sum(axis=1)[(runs_us > 0).all(axis=1)])
