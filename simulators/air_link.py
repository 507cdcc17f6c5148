"""One connection's link layer while its air is not clear: connection events, repeats, time-out.

Theory of operation: both ends meet at connection events, a whole number of intervals apart. In an
event they exchange packets one by one until nothing waits, the event is full, or an exchange fails;
then what failed is sent again at the next event. So loss is never a hole but a delay, until no
exchange succeeded for the supervision time-out: then the link is gone, and all that still waited
with it. Packets of one direction never overtake each other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bumble import hci

# A full packet, its acknowledgement and both gaps at 1 Mbit/s.
_EXCHANGE_S = 0.0025
# Below this the time-out cannot come within a life, so idle links need no events.
_WATCHED_LOSS = 0.3


@dataclass(frozen=True, slots=True)
class AirPacket:
    """Something on its way to the other end."""

    deliver: Callable[[], None]
    lose: Callable[[], None]


@dataclass(slots=True)
class LinkTiming:
    """What both ends agreed on."""

    interval_s: float
    timeout_s: float

    @classmethod
    def of(cls, interval: int, timeout: int) -> "LinkTiming":
        """Give the timing from HCI's units of 1.25 ms and 10 ms."""
        return cls(interval * 1.25e-3, timeout * 10e-3)


class AirLink:
    """The air between two connected controllers.

    Parameters
    ----------
    timing : LinkTiming
    chance : Random
        Decides which exchanges fail.
    on_timeout : Callable[[], None]
        Called once, when nothing was heard for the supervision time-out.
    """

    def __init__(self, timing: LinkTiming, chance: Random, on_timeout: Callable[[], None]) -> None:
        self.timing = timing
        self._chance = chance
        self._on_timeout = on_timeout
        self._loss = 0.0
        self._is_paced = False
        self._is_over = False
        self._is_abandoned = False
        # In this order: what answers a goodbye still arrives.
        roles = (hci.Role.PERIPHERAL, hci.Role.CENTRAL)
        self._waiting: dict[hci.Role, deque[AirPacket]] = {role: deque() for role in roles}
        self._timer: asyncio.TimerHandle | None = None
        self._anchor_s = self._heard_s = _now_s()

    @property
    def is_clear(self) -> bool:
        """Whether packets may cross at once."""
        return not self._loss and not self._is_paced and not any(self._waiting.values())

    @property
    def loss(self) -> float:
        """Share of exchanges that fails."""
        return self._loss

    def condition(self, loss: float, *, is_paced: bool) -> None:
        """Set how the air is from now on."""
        if not self._timer:
            # Silence counts from here: on a clear link every event would have been heard.
            self._heard_s = _now_s()
        if not self._is_abandoned:
            self._loss, self._is_paced = loss, is_paced
        self._schedule()

    def abandon(self) -> None:
        """Let one end fall silent for good."""
        self.condition(1.0, is_paced=False)
        self._is_abandoned = True

    def send(self, sender: hci.Role, packet: AirPacket) -> None:
        """Take a packet from one end."""
        if self._is_over:
            packet.lose()
            return
        if not self._timer:
            self._heard_s = _now_s()
        self._waiting[sender].append(packet)
        self._schedule()

    def end(self) -> None:
        """Lose what waits."""
        self._is_over = True
        if self._timer:
            self._timer.cancel()
        for waiting in self._waiting.values():
            while waiting:
                waiting.popleft().lose()

    def _schedule(self) -> None:
        is_needed = self._loss > _WATCHED_LOSS or any(self._waiting.values())
        if is_needed and not self._timer and not self._is_over:
            interval_s = self.timing.interval_s
            events = (_now_s() - self._anchor_s) // interval_s + 1
            self._timer = asyncio.get_running_loop().call_at(
                self._anchor_s + events * interval_s, self._meet
            )

    def _meet(self) -> None:
        self._timer = None
        now_s = _now_s()
        for _ in range(max(1, int(self.timing.interval_s / _EXCHANGE_S))):
            if self._loss and self._chance.random() < self._loss:
                break
            self._heard_s = now_s
            if not self._exchange():
                break
        if self._is_over:
            return
        if now_s - self._heard_s >= self.timing.timeout_s:
            self._on_timeout()
            return
        self._schedule()

    def _exchange(self) -> bool:
        """Carry a packet each way; tell whether there was any."""
        packets = [waiting.popleft() for waiting in self._waiting.values() if waiting]
        for packet in packets:
            # The first one may have been the goodbye.
            if self._is_over:
                packet.lose()
            else:
                packet.deliver()
        return bool(packets) and not self._is_over


def _now_s() -> float:
    return asyncio.get_running_loop().time()
