"""Episodes and their duration: atrial fibrillation, ventricular fibrillation (EC57, 4.4).

An episode counts as found if anything found overlaps it, and what was found counts as there if any
episode overlaps it. By duration, the overlap is set against all that is there and all that was
found; specificity is by time as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cloud.evaluation.matching import Span
from cloud.evaluation.tally import Tally, share_pct


@dataclass(frozen=True, slots=True)
class EpisodeTally:
    """What was found of the episodes of one kind."""

    there: Tally = field(default_factory=Tally)
    """Episodes that are there: found (tp) or not (fn)."""
    found: Tally = field(default_factory=Tally)
    """Episodes that were found: there (tp) or not (fp)."""
    seconds: Tally = field(default_factory=Tally)
    """By duration."""
    other_s: float = 0.0
    """Time in which nothing is there, false alarms included."""

    def __add__(self, other: "EpisodeTally") -> "EpisodeTally":
        return EpisodeTally(
            self.there + other.there,
            self.found + other.found,
            self.seconds + other.seconds,
            self.other_s + other.other_s,
        )

    @property
    def specificity_pct(self) -> float | None:
        """Share of the other time in which nothing was found."""
        return share_pct(self.other_s - self.seconds.fp, self.other_s)


def compare(
    reference: Iterable[Span], test: Iterable[Span], whole: Span, fs_hz: float
) -> EpisodeTally:
    """Compare what is there with what was found within one stretch."""
    there, found = merged(clipped(reference, whole)), merged(clipped(test, whole))
    there_s, found_s = _length(there) / fs_hz, _length(found) / fs_hz
    both_s = sum(_length(clipped(found, span)) for span in there) / fs_hz
    hits = sum(bool(clipped(found, span)) for span in there)
    right = sum(bool(clipped(there, span)) for span in found)
    return EpisodeTally(
        there=Tally(tp=hits, fn=len(there) - hits),
        found=Tally(tp=right, fp=len(found) - right),
        seconds=Tally(tp=both_s, fn=there_s - both_s, fp=found_s - both_s),
        other_s=(whole[1] - whole[0]) / fs_hz - there_s,
    )


def clipped(spans: Iterable[Span], whole: Span) -> list[Span]:
    """Give what of the stretches lies within another one."""
    cut = [(max(first, whole[0]), min(end, whole[1])) for first, end in spans]
    return [(first, end) for first, end in cut if first < end]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join stretches that overlap or touch; ascending."""
    joined: list[Span] = []
    for first, end in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((first, end))
    return joined


def _length(spans: Sequence[Span]) -> int:
    return sum(end - first for first, end in spans)
