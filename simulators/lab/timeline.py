"""A scenario's time, as its clock has it, and waiting for moments of it."""

import asyncio
from dataclasses import dataclass

from ecgcore.clock import UtcClock

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments of a scenario that began at `start_ns` (UTC of the clock)."""

    clock: UtcClock
    start_ns: int

    @property
    def now_s(self) -> float:
        """Seconds since the scenario began."""
        return (self.clock.now_ns() - self.start_ns) / _NS

    async def until(self, at_s: float) -> None:
        """Wait until a moment has come; at once if it is over."""
        while (left_s := at_s - self.now_s) > 0:  # noqa: ASYNC110 - a clock gives no event
            # The clock may be set, or slower than the event loop's.
            await asyncio.sleep(left_s / self.clock.speed)
