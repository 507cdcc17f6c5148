"""Tells of the gateway's own store, as events of every patch: troubles, evictions, salvage."""

import asyncio
from collections.abc import Callable, Iterable

from gateway.events import Events
from gateway.outbox import Outbox

_LOOK_EVERY_S = 5.0


class StoreWatch:
    """Compares the store with what it was at the last look.

    Parameters
    ----------
    devices : Callable[[], Iterable[str]]
        Gives the patches that are concerned.
    """

    def __init__(
        self, outbox: Outbox, events: Events, devices: Callable[[], Iterable[str]]
    ) -> None:
        self._outbox = outbox
        self._events = events
        self._devices = devices
        self._trouble: str | None = None
        self._n_evicted = 0
        self._salvaged = ""

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Tell what is new."""
        outbox = self._outbox
        if outbox.trouble != self._trouble:
            self._tell(outbox.trouble or f"works again, after: {self._trouble}")
            self._trouble = outbox.trouble
        if outbox.n_evicted > self._n_evicted:
            self._tell(f"full: {outbox.n_evicted - self._n_evicted} frames gave way")
            self._n_evicted = outbox.n_evicted
        salvaged = str(outbox.salvaged or "")
        if salvaged != self._salvaged:
            self._tell(f"was damaged: {salvaged}")
            self._salvaged = salvaged

    def _tell(self, detail: str) -> None:
        for device in self._devices():
            self._events.of(device).store(detail)
