"""Run by run: couplets, short and long runs of ectopic beats (ANSI/AAMI EC57, 4.3).

A run of one list counts as found if the other list has, in the run's time and a match window to
either side, as many ectopic beats in a row as make a run of that kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from cloud.evaluation.matching import WINDOW_S, Beats, Span, is_within
from cloud.evaluation.tally import Tally

KINDS = (("couplets", 2, 2), ("short runs", 3, 5), ("long runs", 6, 10**9))
"""Name, fewest and most beats."""


@dataclass(frozen=True, slots=True)
class RunTallies:
    """Hits and misses are reference runs, false alarms are found runs; in the order of `KINDS`."""

    by_kind: tuple[Tally, ...]
    found: tuple[Tally, ...]
    """The same seen from the found runs: `tp` of them are there, `fp` are not."""

    def __add__(self, other: "RunTallies") -> "RunTallies":
        return RunTallies(
            tuple(a + b for a, b in zip(self.by_kind, other.by_kind, strict=True)),
            tuple(a + b for a, b in zip(self.found, other.found, strict=True)),
        )


def run_tallies(
    reference: Beats,
    test: Beats,
    letter: str,
    fs_hz: float,
    start: int = 0,
    excluded: Sequence[Span] = (),
) -> RunTallies:
    """Compare the runs of one class; those that begin in the learning period do not count."""
    window = round(WINDOW_S * fs_hz)

    def kinds(of: Beats, against: Beats) -> list[list[bool]]:
        outcomes: list[list[bool]] = [[] for _ in KINDS]
        for first, last, n_beats in _runs(of, letter):
            if first < start or n_beats < 2 or is_within(first, excluded):
                continue
            k = next(k for k, (_, fewest, most) in enumerate(KINDS) if fewest <= n_beats <= most)
            longest = _longest(against, letter, first - window, last + window)
            outcomes[k].append(longest >= KINDS[k][1])
        return outcomes

    there, found = kinds(reference, test), kinds(test, reference)
    return RunTallies(
        tuple(Tally(tp=sum(hits), fn=len(hits) - sum(hits)) for hits in there),
        tuple(Tally(tp=sum(hits), fp=len(hits) - sum(hits)) for hits in found),
    )


def _runs(beats: Beats, letter: str) -> list[tuple[int, int, int]]:
    """Give first sample, last sample and length of each run."""
    runs = []
    at = 0
    for label, group in groupby(beats.classes):
        n_beats = len(list(group))
        if label == letter:
            runs.append((int(beats.samples[at]), int(beats.samples[at + n_beats - 1]), n_beats))
        at += n_beats
    return runs


def _longest(beats: Beats, letter: str, first: int, last: int) -> int:
    low, high = beats.samples.searchsorted([first, last + 1])
    inside = beats.classes[low:high]
    return max((len(list(group)) for label, group in groupby(inside) if label == letter), default=0)
