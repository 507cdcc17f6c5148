"""Which samples may still come out of a patch's memory. Pure.

Theory of operation. A *gap* is named for good; a *hole* is samples of the running boot that the
patch may yet send. Holes are kept in counter order. What lies before the first one has gone out in
order; what comes behind it is held. A piece at the front of the first hole goes out in order, and
if it closes the hole it releases what is held up to the next one. A piece elsewhere is held itself
and leaves less of its hole, or two of it. A hole closes by samples, by the patch's word that it has
them no more, or by giving up: after asking in vain so many times, for so long, or when there are
too many.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ecgcore.types import GapReason

_HOUR_NS = 3_600_000_000_000
EVERYTHING = (1 << 62) - 1
"""Releases all that is held of a boot."""


@dataclass(frozen=True, slots=True)
class HolesConfig:
    """When to give up."""

    max_holes: int = 256
    max_asked: int = 5
    """Times a hole is asked for without any of it coming."""
    max_age_ns: int = 6 * _HOUR_NS
    """Without any of it coming."""


@dataclass(slots=True)
class OpenHole:
    """Samples that may still come; plain data."""

    first: int
    end: int
    reason: GapReason
    """Why they did not come live, and of the gap if they never do."""
    touched_ns: int
    """UTC at which it was opened or part of it came."""
    n_asked: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples of a hole, and where in the spool they go."""

    first: int
    end: int
    reason: GapReason
    is_held: bool
    releases_to: int | None
    """As in `gateway.spool.Entry`."""


@dataclass(slots=True)
class Holes:
    """The holes of the running boot, in counter order; plain data, but for its methods."""

    open: list[OpenHole] = field(default_factory=list)

    def add(self, first: int, end: int, reason: GapReason, now_ns: int) -> None:
        """Note that [first, end), behind all other holes, did not come."""
        if first < end:
            self.open.append(OpenHole(first, end, reason, now_ns))

    def take(self, first: int, end: int, now_ns: int) -> Iterator[Piece]:
        """Close what is open of [first, end) and give its pieces, in counter order.

        Each piece is closed when it is given: a consumer can store the state with it.
        """
        at = 0
        while at < len(self.open):
            hole = self.open[at]
            piece_first, piece_end = max(first, hole.first), min(end, hole.end)
            if piece_first >= piece_end:
                at += 1
                continue
            rest = [
                OpenHole(begin, stop, hole.reason, now_ns)
                for begin, stop in ((hole.first, piece_first), (piece_end, hole.end))
                if begin < stop
            ]
            is_held = at > 0 or piece_first > hole.first
            self.open[at : at + 1] = rest
            releases_to = None
            if not is_held and piece_end == hole.end:
                releases_to = self.open[0].first - 1 if self.open else EVERYTHING
            yield Piece(piece_first, piece_end, hole.reason, is_held, releases_to)
            at += len(rest)

    def has(self, first: int, end: int) -> bool:
        """Tell whether any of [first, end) is open."""
        return any(hole.first < end and first < hole.end for hole in self.open)

    def ask(self, n_samples: int) -> tuple[int, int] | None:
        """Give first and end of what to ask for next, at most so much; None: nothing is open.

        The oldest comes first, as everything behind it waits.
        """
        if not self.open:
            return None
        hole = self.open[0]
        hole.n_asked += 1
        return hole.first, min(hole.end, hole.first + n_samples)

    def hopeless(self, now_ns: int, config: HolesConfig) -> list[tuple[int, int]]:
        """Give first and end of the holes to give up, in counter order; `take` closes them."""
        excess = len(self.open) - config.max_holes
        return [
            (hole.first, hole.end)
            for at, hole in enumerate(self.open)
            if at < excess
            or hole.n_asked > config.max_asked
            or now_ns - hole.touched_ns > config.max_age_ns
        ]
