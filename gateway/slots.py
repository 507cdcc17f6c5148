"""How many links an adapter may hold at once, and who waits for one.

An adapter has room for some five to ten links. One too many is refused by its firmware, or costs
the others theirs; so a link is made only while one of the slots is free. When the stack itself says
that it is out of slots, the number is taken down to what is in use, and tried again later.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SHRUNK_S = 60.0


class Slots:
    """The links an adapter can hold; first come, first served.

    Parameters
    ----------
    n_links : int
        As many as the adapter is trusted with.
    """

    def __init__(self, n_links: int) -> None:
        self._n_links = n_links
        self._most = n_links
        self._shrunk_s = float("-inf")
        self._freed = asyncio.Event()
        self.in_use = 0

    @property
    def most(self) -> int:
        """How many links may be held now."""
        return self._most

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for a free slot and keep it until the end."""
        while self.in_use >= self._limit():
            await self._wait()
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
            self._freed.set()

    def out_of_slots(self) -> None:
        """Note that the stack refused a link for want of slots."""
        # The one that was refused has its slot still.
        self._most = max(1, min(self._most, self.in_use - 1))
        self._shrunk_s = _now_s()

    def _limit(self) -> int:
        if self._most < self._n_links and _now_s() - self._shrunk_s > _SHRUNK_S:
            self._most += 1
            self._shrunk_s = _now_s()
        return self._most

    async def _wait(self) -> None:
        self._freed.clear()
        # Past that time there may be room for one more by itself.
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHRUNK_S):
                await self._freed.wait()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
