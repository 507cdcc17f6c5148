"""One timer for all patches of a radio: many of their own would cost more than what they do."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_S = 0.05
"""Notifications come some times a second; this is how late one may be."""


class Ticker:
    """Wakes whoever waits and calls whoever wants to be, all together; rests while nobody does."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._called: dict[object, Callable[[], None]] = {}
        self._is_due = False

    async def wait(self) -> None:
        """Wait for the next tick."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._arm()
        await turn

    @contextmanager
    def calling(self, work: Callable[[], None]) -> Iterator[None]:
        """Call `work` at each tick; it must not raise. A task of its own would cost more."""
        key = object()
        self._called[key] = work
        self._arm()
        try:
            yield
        finally:
            del self._called[key]

    def _arm(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._is_due = False
        for work in list(self._called.values()):
            work()
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            # Who was cancelled waits no more.
            if not turn.done():
                turn.set_result(None)
        if self._called:
            self._arm()
