"""Which frames of one patch are under way, and when to send them again. Pure.

Theory of operation: frames leave the spool in order, at most a window of them uncommitted. Each
`committed` message moves the window on. When the oldest frame under way was neither committed
nor preceded by any progress within the time-out, the lane rewinds: everything uncommitted goes
out again (the engine keeps the first copy). The time-out doubles with each rewind and comes back
with progress.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneConfig:
    """Limits of every lane."""

    window_frames: int = 256
    resend_s: float = 5.0
    resend_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Sent:
    row_id: int
    boot_id: int
    end_counter: int
    sent_s: float


class Lane:
    """The sliding window over one patch's rows in the spool."""

    def __init__(self, config: LaneConfig) -> None:
        self._config = config
        self._under_way: deque[_Sent] = deque()
        self._timeout_s = config.resend_s
        self._progress_s = float("-inf")
        self._furthest_id = 0
        self.cursor_id = 0
        """Row after which the next one to send lies."""
        self.n_resent = 0

    @property
    def room_frames(self) -> int:
        """How many more may be sent now."""
        return self._config.window_frames - len(self._under_way)

    @property
    def due_s(self) -> float:
        """When to rewind, infinite with nothing under way."""
        if not self._under_way:
            return float("inf")
        return max(self._under_way[0].sent_s, self._progress_s) + self._timeout_s

    def oldest(self, boot_id: int) -> int | None:
        """Give the end counter of the first frame of a boot that is under way."""
        ends = (sent.end_counter for sent in self._under_way if sent.boot_id == boot_id)
        return next(ends, None)

    def sent(self, row_id: int, boot_id: int, end_counter: int, now_s: float) -> None:
        """Note that the row after the cursor went out."""
        self._under_way.append(_Sent(row_id, boot_id, end_counter, now_s))
        self.cursor_id = row_id
        self.n_resent += row_id <= self._furthest_id
        self._furthest_id = max(self._furthest_id, row_id)

    def committed(self, boot_id: int, through: int, now_s: float) -> None:
        """Note that the cloud has everything of the boot below `through`."""
        before = len(self._under_way)
        self._under_way = deque(
            sent
            for sent in self._under_way
            if sent.boot_id != boot_id or sent.end_counter > through
        )
        if len(self._under_way) < before:
            self._progress_s = now_s
            self._timeout_s = self._config.resend_s

    def rewind(self) -> None:
        """Send everything uncommitted again."""
        if self._under_way:
            self.cursor_id = self._under_way[0].row_id - 1
        self._under_way.clear()

    def hasten(self) -> None:
        """Be as impatient as at first."""
        self._timeout_s = self._config.resend_s

    def time_out(self) -> None:
        """Rewind and be more patient."""
        self._timeout_s = min(2 * self._timeout_s, self._config.resend_max_s)
        self.rewind()
