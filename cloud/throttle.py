"""Token buckets: how often one thing may be tried."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThrottleConfig:
    """So many tries at once, then one every so often."""

    burst: int = 5
    refill_s: float = 12.0
    most_keys: int = 10_000
    """Beyond it the key that was idle longest is forgotten."""


class Throttle:
    """A bucket a key."""

    def __init__(self, config: ThrottleConfig) -> None:
        self.config = config
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, now_s: float) -> float:
        """Take a token; give 0 if there was one, else how long until the next."""
        tokens, then_s = self._buckets.pop(key, (float(self.config.burst), now_s))
        tokens = min(tokens + (now_s - then_s) / self.config.refill_s, self.config.burst)
        wait_s = 0.0 if tokens >= 1 else (1 - tokens) * self.config.refill_s
        self._buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now_s)
        if len(self._buckets) > self.config.most_keys:
            self._buckets.popitem(last=False)
        return wait_s

    def forget(self, key: str) -> None:
        """Fill a bucket up again."""
        self._buckets.pop(key, None)
