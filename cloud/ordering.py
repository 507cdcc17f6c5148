"""Puts the frames of one boot into counter order, exactly once each.

Theory of operation. Every counter of a boot is accounted for once: by the samples of a frame, by
the gap a frame names before itself, or by a hole the cloud names after waiting in vain. `next` is
the first counter not accounted for. A frame that starts there is taken; one that starts later
waits; one that ends before was there already. Holes outlast at most `max_pending` waiting frames.
"""

from dataclasses import dataclass, field
from enum import Enum

from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import Frame


class Verdict(Enum):
    """What became of an arriving frame."""

    NEW = "new"
    """In order, or waiting for its turn."""
    RESENT = "resent"
    """Accounted for already; dropped."""
    LATE = "late"
    """Fills a hole that was named a gap; to be stored, not analysed."""
    OVERLAP = "overlap"
    """Contradicts what is accounted for; to be quarantined."""


@dataclass(slots=True)
class FrameOrder:
    """The frames of one boot on their way into counter order."""

    max_pending: int
    next: int = 0
    pending: dict[int, Frame] = field(default_factory=dict)
    """By the first counter they account for."""
    missing: list[Gap] = field(default_factory=list)
    """Holes the cloud named."""

    def accept(self, frame: Frame) -> Verdict:
        """Judge a frame and keep it if it is new."""
        if frame.end <= self.next:
            fills = any(h.start <= frame.start and frame.end <= h.end for h in self.missing)
            return Verdict.LATE if fills else Verdict.RESENT
        if frame.start < self.next:
            return Verdict.OVERLAP
        for waiting in self.pending.values():
            if frame.start < waiting.end and waiting.start < frame.end:
                is_same = (waiting.start, waiting.end) == (frame.start, frame.end)
                return Verdict.RESENT if is_same else Verdict.OVERLAP
        self.pending[frame.start] = frame
        return Verdict.NEW

    def taken_to(self, counter: int) -> int:
        """Give where what we have before `counter` ends, waiting frames included."""
        return max((f.end for f in self.pending.values() if f.end <= counter), default=self.next)

    def ready(self, most: int | None = None) -> list[Frame | Gap]:
        """Take out what can be processed now, in counter order, and no more than `most` of it."""
        items: list[Frame | Gap] = []
        while self.pending and (most is None or len(items) < most):
            frame = self.pending.pop(self.next, None)
            if frame is not None:
                items.append(frame)
                self.next = frame.end
            elif len(self.pending) > self.max_pending:
                items.append(self._name_hole())
            else:
                break
        return items

    def _name_hole(self) -> Gap:
        hole = Gap(self.next, min(self.pending) - self.next, GapReason.MISSING)
        self.missing.append(hole)
        self.next = hole.end
        return hole
