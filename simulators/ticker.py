"""One timer for all patches of a radio: many of their own would cost more than what they do."""

import asyncio

TICK_S = 0.05
"""Notifications come some times a second; this is how late one may be."""


class Ticker:
    """Wakes whoever waits, all together, every `TICK_S`; rests while nobody does."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Wait for the next tick."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_later(TICK_S, self._tick)
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _tick(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            # Who was cancelled waits no more.
            if not turn.done():
                turn.set_result(None)
