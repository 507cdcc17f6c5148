"""How long to wait before trying again: exponential, with full jitter.

Full jitter (a uniform draw between nothing and the exponential limit) spreads a crowd of gateways
best after a common outage: M. Brooker, "Exponential Backoff and Jitter", AWS, 2015.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackoffConfig:
    """Limits of the wait."""

    first_s: float = 0.3
    """Limit of the first wait; most links come straight back."""
    base_s: float = 1.0
    """Limit of the second wait, doubled from then on."""
    cap_s: float = 60.0


class Backoff:
    """Draws one wait after another; never gives up.

    Parameters
    ----------
    config : BackoffConfig
    draw : Callable[[], float]
        Uniform on [0, 1), such as ``random.random``.
    """

    def __init__(self, config: BackoffConfig, draw: Callable[[], float]) -> None:
        self._config = config
        self._draw = draw
        self._failures = 0

    @property
    def limit_s(self) -> float:
        """Longest wait the next draw can give."""
        if self._failures == 0:
            return self._config.first_s
        # The exponent is bounded so that years of failures cannot overflow the float.
        doubled = self._config.base_s * 2.0 ** min(self._failures - 1, 32)
        return min(self._config.cap_s, doubled)

    def next_s(self) -> float:
        """Give the wait after one more failure, in seconds."""
        wait_s = self.limit_s * self._draw()
        self._failures += 1
        return wait_s

    def reset(self) -> None:
        """Start again from the shortest wait."""
        self._failures = 0
