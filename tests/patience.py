"""How slow the machine may be, and how to wait for it."""

import asyncio
import os
from collections.abc import Awaitable, Callable

PATIENCE = float(os.environ.get("ECGOMICS_TEST_PATIENCE", "1"))
"""How many times longer than on an idle machine a test may wait for something."""


async def until_true(ask: Callable[[], Awaitable[object]], within_s: float = 10) -> None:
    """Ask again and again until the answer is yes."""
    async with asyncio.timeout(within_s * PATIENCE):
        while not await ask():  # noqa: ASYNC110 - what is waited for is not ours
            await asyncio.sleep(0.02)
