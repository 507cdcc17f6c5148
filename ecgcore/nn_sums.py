"""What a long stretch keeps of its normal intervals, so that neighbouring stretches can be added.

All is whole numbers: however a stretch is cut, its parts add up to the same. Indices that rest on
the order of the intervals beyond neighbours, as spectra and entropies, cannot be had from it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.nn import BoolArray
from ecgcore.types import Int64Array
from ecgcore.whole_sums import NO_REACH, NO_SUMS, Reach, Sums

_FAR_US, _NEAR_US = 50_000, 20_000


class NnRows(NamedTuple):
    """Intervals in a row, shape (n,) each."""

    rr_us: Int64Array
    is_nn: BoolArray
    segment: Int64Array
    """Number of the segment of some minutes that each belongs to; one that borders on the next
    stretch may go on there."""


@dataclass(slots=True)
class NnSums:
    """Of a stretch; times in microseconds."""

    n_rows: int = 0
    """Intervals, normal or not."""
    nn: Sums = NO_SUMS
    reach: Reach = NO_REACH
    steps: Sums = NO_SUMS
    """Differences of normal neighbours."""
    pairs: Sums = NO_SUMS
    """Sums of normal neighbours."""
    n_far: int = 0
    """Differences beyond 50 ms."""
    n_near: int = 0
    """Beyond 20 ms."""
    histogram: dict[int, int] = field(default_factory=dict)
    """Normal intervals by their bin."""
    segments: dict[int, Sums] = field(default_factory=dict)
    """Normal intervals by the segment that they belong to."""
    first_us: int | None = None
    """The first interval, None where it is not normal."""
    last_us: int | None = None

    def __add__(self, after: "NnSums") -> "NnSums":
        """Give those of this stretch and the one that follows."""
        if not (self.n_rows and after.n_rows):
            return self if self.n_rows else after
        across = _of_neighbours(
            *(
                np.array([] if None in (self.last_us, after.first_us) else [each], np.int64)
                for each in (self.last_us, after.first_us)
            )
        )
        three = (self, across, after)
        segments = dict(self.segments)
        for number, sums in after.segments.items():
            segments[number] = segments.get(number, NO_SUMS).plus(sums)
        return NnSums(
            self.n_rows + after.n_rows,
            self.nn.plus(after.nn),
            self.reach.plus(after.reach),
            self.steps.plus(across.steps).plus(after.steps),
            self.pairs.plus(across.pairs).plus(after.pairs),
            sum(each.n_far for each in three),
            sum(each.n_near for each in three),
            dict(Counter(self.histogram) + Counter(after.histogram)),
            segments,
            self.first_us,
            after.last_us,
        )


def nn_sums(rows: NnRows, bin_ms: float) -> NnSums:
    """Sum up a stretch.

    Parameters
    ----------
    bin_ms : float
        Of the histogram, whose bins begin at 0.
    """
    rr_us, is_nn, segment = rows
    if not rr_us.size:
        return NnSums()
    is_pair = is_nn[1:] & is_nn[:-1]
    found = _of_neighbours(rr_us[:-1][is_pair], rr_us[1:][is_pair])
    nn_us, segment = rr_us[is_nn], segment[is_nn]
    place, counts = np.unique(np.floor(nn_us / 1e3 / bin_ms).astype(np.int64), return_counts=True)
    found.n_rows = int(rr_us.size)
    found.nn, found.reach = Sums.of(nn_us), Reach.of(nn_us)
    found.histogram = dict(zip(place.tolist(), counts.tolist(), strict=True))
    found.segments = {int(each): Sums.of(nn_us[segment == each]) for each in np.unique(segment)}
    found.first_us = int(rr_us[0]) if is_nn[0] else None
    found.last_us = int(rr_us[-1]) if is_nn[-1] else None
    return found


def _of_neighbours(first_us: Int64Array, second_us: Int64Array) -> NnSums:
    steps_us = second_us - first_us
    size_us = np.abs(steps_us)
    return NnSums(
        steps=Sums.of(steps_us),
        pairs=Sums.of(first_us + second_us),
        n_far=int((size_us > _FAR_US).sum()),
        n_near=int((size_us > _NEAR_US).sum()),
    )
