"""Beat by beat: which annotation of one list is which of the other (ANSI/AAMI EC57, 4.2).

Written from the standard's public descriptions. Both lists are walked in the order of time. The
two beats at hand are a pair if they lie within the match window, unless the earlier one's list goes
on with a beat that is nearer to the later one. What finds no partner is missed or extra.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cloud.evaluation.tally import Tally

IntArray: TypeAlias = NDArray[np.int64]
Span: TypeAlias = tuple[int, int]
"""First sample, sample after the last."""

WINDOW_S = 0.15
CLASSES = "NSVFQ"
COLUMNS = "NSVFQOX"
"""O: no beat there. X: no beat there, in a stretch that was declared unreadable."""
_O, _X = COLUMNS.index("O"), COLUMNS.index("X")


@dataclass(frozen=True, slots=True)
class Beats:
    """Beats of one record, as annotated or as found."""

    samples: IntArray
    """Ascending."""
    classes: str
    """One letter of `CLASSES` for each beat."""
    unreadable: tuple[Span, ...] = ()
    """Stretches without beats because the signal could not be read."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts by reference (rows) and by what was found (columns), in the order of `COLUMNS`."""

    counts: IntArray
    """shape (7, 7)"""

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(self.counts + other.counts)

    def count(self, rows: str, columns: str) -> int:
        """Add up the cells of these rows and columns."""
        at = [COLUMNS.index(c) for c in rows], [COLUMNS.index(c) for c in columns]
        return int(self.counts[np.ix_(*at)].sum())

    @property
    def qrs(self) -> Tally:
        """Beats of any class; missed is missed, in a shutdown too."""
        return Tally(
            self.count(CLASSES, CLASSES), self.count(CLASSES, "OX"), self.count("O", CLASSES)
        )

    @property
    def veb(self) -> Tally:
        """Ventricular beats; a fusion or unknown beat taken for one is no false alarm (EC57)."""
        return Tally(self.count("V", "V"), self.count("V", "NSFQOX"), self.count("NSO", "V"))

    @property
    def sveb(self) -> Tally:
        """Supraventricular beats; an unknown beat taken for one is no false alarm (EC57)."""
        return Tally(self.count("S", "S"), self.count("S", "NVFQOX"), self.count("NVFO", "S"))


def match(
    reference: Sequence[float], test: Sequence[float], window: float
) -> list[tuple[int, int]]:
    """Pair beats of two ascending lists; give their places in both.

    Swapping the lists swaps the pairs and changes nothing else.
    """
    pairs = []
    i = j = 0
    while i < len(reference) and j < len(test):
        away = test[j] - reference[i]
        if abs(away) <= window and not _next_is_nearer(reference, test, i, j):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif away > 0:
            i += 1
        else:
            j += 1
    return pairs


def confusion(
    reference: Beats,
    test: Beats,
    fs_hz: float,
    start: int = 0,
    excluded: Sequence[Span] = (),
) -> Confusion:
    """Count what became of each beat.

    Parameters
    ----------
    reference, test : Beats
        What is there and what was found.
    fs_hz : float
        Sampling rate.
    start : int
        End of the learning period. A pair counts by its reference beat.
    excluded : sequence of Span
        Stretches in which beats are not compared: ventricular flutter and fibrillation.
    """
    counts = np.zeros((len(COLUMNS), len(COLUMNS)), np.int64)
    pairs = match(reference.samples.tolist(), test.samples.tolist(), WINDOW_S * fs_hz)
    partner = dict(pairs)
    for i, sample in enumerate(reference.samples.tolist()):
        if sample < start or is_within(sample, excluded):
            continue
        row = COLUMNS.index(reference.classes[i])
        if i in partner:
            counts[row, COLUMNS.index(test.classes[partner[i]])] += 1
        else:
            counts[row, _X if is_within(sample, test.unreadable) else _O] += 1
    matched = {j for _, j in pairs}
    for j, sample in enumerate(test.samples.tolist()):
        if j not in matched and sample >= start and not is_within(sample, excluded):
            row = _X if is_within(sample, reference.unreadable) else _O
            counts[row, COLUMNS.index(test.classes[j])] += 1
    return Confusion(counts)


def is_within(sample: int, spans: Sequence[Span]) -> bool:
    """Say whether a sample lies in one of the stretches."""
    return any(first <= sample < end for first, end in spans)


def _next_is_nearer(reference: Sequence[float], test: Sequence[float], i: int, j: int) -> bool:
    away = test[j] - reference[i]
    if away > 0:
        return i + 1 < len(reference) and abs(test[j] - reference[i + 1]) < away
    return j + 1 < len(test) and abs(test[j + 1] - reference[i]) < -away
