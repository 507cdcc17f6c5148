"""The memory of a simulated open patch: a ring of frames, as they were made."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from devices.open_patch.control import StoredRange
from devices.open_patch.frame import GapCode


@dataclass(frozen=True, slots=True)
class Stored:
    """A frame in the ring; the samples it accounts for."""

    boot: int
    first: int
    end: int
    data: bytes
    has_samples: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """Samples that are not in the ring."""

    first: int
    end: int
    code: GapCode


class FrameLog:
    """Keeps the newest frames that fit.

    Parameters
    ----------
    capacity_bytes : int
        0 stores nothing.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._frames: deque[Stored] = deque()
        self._n_bytes = 0
        self._gone: dict[int, tuple[int, GapCode]] = {}

    def append(self, frame: Stored) -> None:
        """Store a frame; the oldest give way."""
        self._frames.append(frame)
        self._n_bytes += len(frame.data)
        while self._n_bytes > self._capacity_bytes:
            self._drop_oldest(GapCode.OVERWRITTEN)

    def erase_upto(self, boot: int, counter: int) -> None:
        """Forget older boots, and the frames of this one that end at `counter` or below."""
        boots = [stored.boot for stored in self._frames]
        if boot not in boots:
            return
        while self._frames[0].boot != boot:
            self._drop_oldest(GapCode.ERASED)
        while self._frames and self._frames[0].boot == boot and self._frames[0].end <= counter:
            self._drop_oldest(GapCode.ERASED)

    def ranges(self) -> list[StoredRange]:
        """Give what is stored, oldest first."""
        found: list[StoredRange] = []
        for stored in self._frames:
            if found and found[-1].boot == stored.boot:
                found[-1] = StoredRange(stored.boot, found[-1].first, stored.end)
            else:
                found.append(StoredRange(stored.boot, stored.first, stored.end))
        return found

    def answer(self, boot: int, first: int, end: int) -> Iterator[Stored | Lost]:
        """Give the frames that hold samples of [first, end), and what is not there, in order."""
        at = first
        for stored in [s for s in self._frames if s.boot == boot]:
            if stored.end <= at or stored.first >= end:
                continue
            yield from self._lost(boot, at, stored.first)
            yield stored
            at = stored.end
        yield from self._lost(boot, at, end)

    def _lost(self, boot: int, first: int, end: int) -> Iterator[Lost]:
        gone_to, code = self._gone.get(boot, (0, GapCode.UNKNOWN))
        if first < min(gone_to, end):
            yield Lost(first, min(gone_to, end), code)
        if max(first, gone_to) < end:
            yield Lost(max(first, gone_to), end, GapCode.UNKNOWN)

    def _drop_oldest(self, code: GapCode) -> None:
        oldest = self._frames.popleft()
        self._n_bytes -= len(oldest.data)
        self._gone[oldest.boot] = (oldest.end, code)
