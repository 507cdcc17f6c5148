"""Laws that every stage of the engine obeys, whatever it computes.

A stage is seen through `Stage`: items in, outputs out, state to bytes. Outputs are compared by
their `repr`, which is exact for floats and takes NaN for equal to NaN.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from ecgcore.types import EcgChunk, Gap, SampleClock

Item = EcgChunk | Gap


class Stage(Protocol):
    """Anything that works on a stream."""

    def push(self, item: Item) -> Sequence[object]: ...

    def dump(self) -> bytes: ...


Make = Callable[[bytes | None], Stage]
"""Builds a stage, from a dump where one is given."""


def outputs(stage: Stage, items: Iterable[Item]) -> list[str]:
    return [repr(output) for item in items for output in stage.push(item)]


def recut(items: Iterable[Item], cuts: Iterable[int]) -> list[Item]:
    """Cut the chunks at these absolute samples."""
    places = sorted(set(cuts))
    pieces: list[Item] = []
    for item in items:
        rest = item
        for place in places:
            if isinstance(rest, EcgChunk) and rest.start < place < rest.end:
                piece, rest = rest.cut(place - rest.start)
                pieces.append(piece)
        pieces.append(rest)
    return pieces


def one_by_one(items: Iterable[Item]) -> list[Item]:
    """Cut every chunk into single samples."""
    pieces: list[Item] = []
    for item in items:
        if isinstance(item, Gap):
            pieces.append(item)
        else:
            pieces += [
                EcgChunk(item.start + i, item.ecg_mv[:, i : i + 1], item.clock)
                for i in range(item.n_samples)
            ]
    return pieces


def check_chunking_is_invisible(make: Make, items: Sequence[Item], cuts: Iterable[int]) -> None:
    assert outputs(make(None), recut(items, cuts)) == outputs(make(None), items)


def check_single_samples_are_enough(make: Make, items: Sequence[Item]) -> None:
    assert outputs(make(None), one_by_one(items)) == outputs(make(None), items)


def check_restore_is_invisible(make: Make, items: Sequence[Item], cuts: Iterable[int]) -> None:
    """Stop, store and go on at every cut and at every border of items."""
    stage, found = make(None), list[str]()
    for item in recut(items, cuts):
        found += outputs(stage, [item])
        stage = make(stage.dump())
    assert found == outputs(make(None), items)


def check_dump_changes_nothing(make: Make, items: Sequence[Item]) -> None:
    stage, found = make(None), list[str]()
    for item in items:
        found += outputs(stage, [item])
        assert stage.dump() == stage.dump() == make(stage.dump()).dump()
    assert found == outputs(make(None), items)


def check_input_is_not_kept(make: Make, items: Sequence[Item]) -> None:
    """Overwrite each chunk after it was pushed, as a caller that reuses its buffer does."""
    stage, found = make(None), list[str]()
    for item in items:
        if isinstance(item, Gap):
            found += outputs(stage, [item])
            continue
        buffer = item.ecg_mv.copy()
        found += outputs(stage, [EcgChunk(item.start, buffer, item.clock)])
        assert np.array_equal(buffer, item.ecg_mv), "the input was written to"
        buffer[:] = 1e6
    assert found == outputs(make(None), items)


def check_memory_is_bounded(make: Make, items: Sequence[Item], n_rounds: int = 6) -> None:
    """The state is no larger after many rounds than after two, but for longer numbers."""
    span = items[-1].end - items[0].start
    stage, sizes = make(None), list[int]()
    for k in range(n_rounds):
        outputs(stage, [moved(item, k * span) for item in items])
        sizes.append(len(stage.dump()))
    assert max(sizes[2:]) <= 1.1 * max(sizes[:2]) + 64


def moved(item: Item, by: int) -> Item:
    """Give the same item `by` samples later in the counter and on the clock."""
    if isinstance(item, Gap):
        return Gap(item.start + by, item.n_samples, item.reason)
    clock = item.clock
    later = SampleClock(
        clock.start + by, clock.start_ns + round(by * clock.period_ns), clock.period_ns
    )
    return EcgChunk(item.start + by, item.ecg_mv, later)
