"""The live lane on its way to the pages, beside the batches of the engine."""

import asyncio
import logging
from collections.abc import Callable

from cloud.admission import admitted
from cloud.announce import Announcer
from cloud.ingest import LiveInbox
from cloud.live_edge import LiveEdges
from cloud.store.database import LOST, DbPool
from cloud.store.recall import recall_through
from ecgcore.errors import EcgomicsError
from ecgcore.wire import topics
from ecgcore.wire.frame import Frame

_log = logging.getLogger(__name__)
NUMBERS_EVERY_S = 0.9
_COMPLAIN_S = 60.0


class LiveWatch:
    """Shows and judges what comes before its turn.

    Parameters
    ----------
    next_in_order : Callable[[str, int], int]
        Gives how far a device's boot is in order; what is below has been shown.
    """

    def __init__(
        self,
        edges: LiveEdges,
        inbox: LiveInbox,
        announcer: Announcer,
        pool: DbPool,
        next_in_order: Callable[[str, int], int],
    ) -> None:
        self._edges = edges
        self._inbox = inbox
        self._announcer = announcer
        self._pool = pool
        self._next_in_order = next_in_order
        self._complained_s = float("-inf")
        self.n_shown = 0
        self.n_refused = 0
        """Messages that were no use."""

    async def run(self) -> None:
        """Show what comes, until cancelled."""
        while True:
            topic, payload = await self._inbox.take()
            try:
                _, frame = admitted(topic, payload, topics.LIVE)
            except EcgomicsError as error:
                self._refuse(topic, error)
                continue
            await self._show(frame, payload)
            # However many come: the batches need their turn.
            await asyncio.sleep(0)

    async def _show(self, frame: Frame, body: bytes) -> None:
        now_s, device = asyncio.get_running_loop().time(), frame.device
        if self._next_in_order(device, frame.boot_id) >= frame.end:
            return
        if not self._edges.knows_safe(device):
            await self._learn_safe(device)
        if not self._edges.take(frame, body, now_s):
            return
        self.n_shown += 1
        for failure in self._edges.failures(device):
            _log.error("preview restarts device=%s", device, exc_info=failure)
        self._announcer.strip(device, body, is_of_now=True)
        numbers = self._edges.numbers(device, now_s, NUMBERS_EVERY_S)
        if numbers is not None:
            self._announcer.numbers(numbers)

    async def _learn_safe(self, device: str) -> None:
        try:
            async with self._pool.acquire(timeout=1) as connection:
                self._edges.committed(device, await recall_through(connection, device))
        except LOST:
            # The newest is shown all the same; the next frame asks again.
            return

    def _refuse(self, topic: str, error: EcgomicsError) -> None:
        self.n_refused += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._complained_s > _COMPLAIN_S:
            self._complained_s = now_s
            _log.warning("live message refused topic=%s reason=%s", topic, error)
