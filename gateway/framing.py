"""Between recorders and spool: small notifications become frames, none older than it may be."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from ecgcore.wire.frame import Frame
from gateway.batching import IN_ORDER, Batching, Closed, Place
from gateway.outbox import Outbox
from gateway.placing import Position
from gateway.spool import Entry

_NEVER_S = float("inf")


class Framer:
    """Takes what recorders make, and puts frames into the outbox.

    What is taken and not yet put is lost when the gateway is killed: at most `target_s`.

    Parameters
    ----------
    target_s : Callable[[], float]
        How long a frame may be now.
    """

    def __init__(self, outbox: Outbox, target_s: Callable[[], float]) -> None:
        self._outbox = outbox
        self._target_s = target_s
        self._batches: dict[str, Batching] = {}
        self._opened = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Whether a frame may be put; ask first."""
        return self._outbox.has_room

    def put(self, frame: Frame, state: bytes, place: Place = IN_ORDER) -> None:
        """Take a frame and the recorder's state right after it; never waits."""
        self._outbox.expect(frame.device)
        batch = self._batches.setdefault(frame.device, Batching())
        self._store(batch.push(frame, state, _now_s(), self._target_s(), place))
        self._opened.set()

    async def stored(self) -> None:
        """Wait until everything that was closed so far is durable."""
        await self._outbox.flush()

    def when_committed(
        self, device: str, position: Position | None, call: Callable[[], None]
    ) -> None:
        """Have `call` called once the cloud has everything of a patch up to `position`."""
        self._outbox.when_committed(device, position, call)

    def flush(self, device: str | None = None) -> None:
        """Have a patch's open frame stored; None: those of all patches."""
        for name, batch in self._batches.items():
            if device in (None, name):
                self._store(batch.flush())

    async def settle(self, device: str) -> None:
        """Wait until everything taken from a patch so far is durable."""
        self.flush(device)
        await self._outbox.flush()

    async def run(self) -> None:
        """Close frames when they are due, until cancelled."""
        while True:
            self._opened.clear()
            now_s, target_s = _now_s(), self._target_s()
            for batch in self._batches.values():
                if batch.due_s(target_s) <= now_s:
                    self._store(batch.flush())
            due_s = min((each.due_s(target_s) for each in self._batches.values()), default=_NEVER_S)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await self._opened.wait()

    def _store(self, closed: Iterable[Closed]) -> None:
        for each in closed:
            self._outbox.put(
                Entry.of(
                    each.frame,
                    each.state,
                    is_held=each.place.is_held,
                    releases_to=each.place.releases_to,
                )
            )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
