"""UTC as a value that is handed down, so that rigs can run faster than life."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UtcClock:
    """Reads UTC through a given function, optionally sped up from an origin on.

    Every process of a time-compressed rig gets the same origin and speed, so they agree on one
    accelerated UTC and nothing downstream needs to know.
    """

    read_ns: Callable[[], int]
    origin_ns: int = 0
    speed: float = 1.0

    def now_ns(self) -> int:
        """Give UTC in nanoseconds since 1970."""
        return self.at_ns(self.read_ns())

    def at_ns(self, read_ns: int) -> int:
        """Give what this clock shows when the given function reads `read_ns`."""
        if self.speed == 1.0:
            return read_ns
        return self.origin_ns + round((read_ns - self.origin_ns) * self.speed)
