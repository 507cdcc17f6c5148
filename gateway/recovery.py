"""What to do when Bluetooth itself is ill: a ladder of remedies, from the mildest up. Pure.

Theory of operation: a patch that is heard but to which no link can be made has gone wrong in the
stack's memory of it (stale services, a link that BlueZ believes in); an adapter that cannot scan,
or to which nothing answers any more, has gone wrong in its firmware. Each failure climbs one step,
each remedy is given time to work before the next, and success leads back to the ground. Remedies
that touch other people's links, such as cycling the adapter's power, are not used while any link
streams.
"""

from dataclasses import dataclass
from enum import IntEnum


class Remedy(IntEnum):
    """What can be done, mildest first."""

    FORGET_PATCH = 1
    """Remove the patch from the stack's cache, so that it is discovered anew."""
    CYCLE_ADAPTER = 2
    """Take the adapter's power and give it back."""
    RESTART_STACK = 3
    """Restart the Bluetooth service; only where the settings allow it."""


@dataclass(frozen=True, slots=True)
class LadderConfig:
    """When each remedy is due."""

    forget_after: int = 3
    """Failures in a row."""
    cycle_after: int = 6
    restart_after: int = 12
    settle_s: float = 30.0
    """How long a remedy is given to work."""
    may_restart: bool = False


class Ladder:
    """Counts the failures of one patch, or of the scan, and names the remedy that is due."""

    def __init__(self, config: LadderConfig) -> None:
        self._config = config
        self._n_failures = 0
        self._done = 0
        self._done_s = float("-inf")

    def worked(self) -> None:
        """Note that all is well again."""
        self._n_failures = 0
        self._done = 0

    def failed(self, now_s: float, *, others_stream: bool) -> Remedy | None:
        """Note a failure; give the remedy that is due now, if any."""
        self._n_failures += 1
        if now_s - self._done_s < self._config.settle_s:
            return None
        due = self._due(others_stream)
        if due is None:
            return None
        self._done, self._done_s = due, now_s
        if due is self._last:
            # From the top the ladder begins anew, so that no remedy is given up for good.
            self._n_failures = self._done = 0
        return due

    @property
    def _last(self) -> Remedy:
        return Remedy.RESTART_STACK if self._config.may_restart else Remedy.CYCLE_ADAPTER

    def _due(self, others_stream: bool) -> Remedy | None:
        steps = {
            Remedy.FORGET_PATCH: self._config.forget_after,
            Remedy.CYCLE_ADAPTER: self._config.cycle_after,
            Remedy.RESTART_STACK: self._config.restart_after,
        }
        allowed = Remedy.FORGET_PATCH if others_stream else self._last
        reached = [
            remedy
            for remedy, after in steps.items()
            if self._done < remedy <= allowed and self._n_failures >= after
        ]
        return min(reached, default=None)
