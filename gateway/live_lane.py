"""The newest frames of one patch, for when those before them are not through yet. Pure.

Theory of operation: every frame waits here a moment for the in-order lane. One that the cloud has
not committed by then is *overtaking*: it goes out at once, and so does each one after it, until the
newest is committed. Where much is before it, nothing is waited for. Whether it was sent in order
does not count: what is before it may still wait at the broker. Nothing here is durable: what is too
much is dropped, the oldest first, because it goes out in order anyway.
"""

from collections import deque
from dataclasses import dataclass

NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class LiveLaneConfig:
    """Limits of every live lane."""

    grace_s: float = 0.7
    """How long a frame may wait for its commitment; on a good day that takes 0.2 s."""
    many_frames: int = 16
    """More uncommitted ones than a good day has: the newest is not in time behind them."""
    most_frames: int = 16


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """An encoded frame and where it ends."""

    boot_id: int
    end_counter: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class _Waiting:
    live: LiveFrame
    since_s: float


class LiveLane:
    """What of one patch may overtake."""

    def __init__(self, config: LiveLaneConfig) -> None:
        self._config = config
        self._waiting: deque[_Waiting] = deque()
        self._newest: LiveFrame | None = None
        self.is_overtaking = False
        self.n_sent = 0
        self.n_dropped = 0
        """Frames that were too many; they go out in order."""

    @property
    def due_s(self) -> float:
        """When the oldest waiting frame overtakes, infinite without any."""
        if not self._waiting:
            return NEVER_S
        grace_s = 0.0 if self.is_overtaking else self._config.grace_s
        return self._waiting[0].since_s + grace_s

    def offer(self, live: LiveFrame, now_s: float, n_before: int = 0) -> None:
        """Take the patch's newest frame, before which there are so many uncommitted ones."""
        self._newest = live
        self.is_overtaking |= n_before > self._config.many_frames
        self._waiting.append(_Waiting(live, now_s))
        while len(self._waiting) > self._config.most_frames:
            self._waiting.popleft()
            self.n_dropped += 1

    def take(self, now_s: float) -> LiveFrame | None:
        """Give the next frame that is to overtake now, if any."""
        if self.due_s > now_s:
            return None
        self.is_overtaking = True
        self.n_sent += 1
        return self._waiting.popleft().live

    def committed(self, boot_id: int, through: int) -> None:
        """Note what the cloud has in order: it need not overtake any more."""
        self._waiting = deque(
            each
            for each in self._waiting
            if each.live.boot_id != boot_id or each.live.end_counter > through
        )
        newest = self._newest
        if newest and newest.boot_id == boot_id and newest.end_counter <= through:
            self.is_overtaking = False
