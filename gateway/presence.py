"""Whether a patch is there: its latest sighting, and when it comes back after silence."""

import asyncio
from contextlib import suppress

from gateway.scanner import Sighting

# Patches advertise at least once a second; an older `BLEDevice` may be out of the stack's cache.
_FRESH_S = 3.0
_RETURNED_S = 2.0


class Presence:
    """The advertisements of one patch."""

    def __init__(self) -> None:
        self._sighting: Sighting | None = None
        self._seen_s = float("-inf")
        self._seen = asyncio.Event()
        self._returned = asyncio.Event()

    def saw(self, sighting: Sighting) -> None:
        """Note an advertisement."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._seen_s > _RETURNED_S:
            self._returned.set()
        self._sighting, self._seen_s = sighting, now_s
        self._seen.set()

    def forget(self) -> None:
        """Ignore what was seen so far."""
        self._sighting = None
        self._returned.clear()

    async def fresh(self) -> Sighting:
        """Wait for a sighting that is not older than a patch's advertising interval."""
        while self._sighting is None or self._age_s() > _FRESH_S:
            self._seen.clear()
            await self._seen.wait()
        return self._sighting

    async def wait(self, longest_s: float) -> None:
        """Wait `longest_s`, or until the patch is seen after it had been silent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._returned.wait()

    def _age_s(self) -> float:
        return asyncio.get_running_loop().time() - self._seen_s
