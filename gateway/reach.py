"""Which patches are in reach, for commands that look around once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.backoff import Backoff, BackoffConfig
from gateway.cancellation import cancel_all
from gateway.radio import radio_opener
from gateway.scanner import OnSighting, Scanner, Sighting, installed_drivers

_STOP_S = 6.0


@asynccontextmanager
async def scanning(radio: str, on_sighting: OnSighting) -> AsyncIterator[asyncio.Task[None]]:
    """Scan until the end; the task ends by itself only if the radio cannot be used.

    Raises
    ------
    ConfigError
        If there is no radio of that name.
    """
    backoff = Backoff(BackoffConfig(), random.random)
    scanner = Scanner(radio_opener(radio), installed_drivers(), backoff, on_sighting)
    task = asyncio.create_task(scanner.run(), name="scanner")
    try:
        yield task
    finally:
        await cancel_all([task], _STOP_S)


async def in_reach(radio: str, for_s: float) -> list[Sighting]:
    """Give the patches heard within a time, nearest first.

    Raises
    ------
    ConfigError
        If the radio cannot be used.
    """
    heard: dict[str, Sighting] = {}

    def on_sighting(sighting: Sighting) -> None:
        heard[sighting.device_id] = sighting

    async with scanning(radio, on_sighting) as task:
        done, _ = await asyncio.wait([task], timeout=for_s)
        for ended in done:
            ended.result()
    return sorted(heard.values(), key=lambda each: -(each.rssi_dbm or -999))
