import asyncio
import time
from typing import cast

import pytest

from gateway.presence import Presence
from gateway.scanner import Sighting


def sighting() -> Sighting:
    return cast("Sighting", object())


async def test_a_fresh_sighting_is_given_at_once_and_an_old_one_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    presence, first, second = Presence(), sighting(), sighting()
    presence.saw(first)
    assert await asyncio.wait_for(presence.fresh(), 0.1) is first
    monkeypatch.setattr("gateway.presence._FRESH_S", 0.05)
    await asyncio.sleep(0.06)
    waiting = asyncio.create_task(presence.fresh())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    presence.saw(second)
    assert await waiting is second


async def test_what_was_seen_before_forgetting_does_not_count() -> None:
    presence = Presence()
    presence.saw(sighting())
    presence.forget()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(presence.fresh(), 0.05)


async def test_a_pause_ends_early_only_for_a_patch_that_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.presence._RETURNED_S", 0.1)
    presence = Presence()
    presence.saw(sighting())
    presence.forget()

    async def advertise() -> None:
        for _ in range(20):
            presence.saw(sighting())
            await asyncio.sleep(0.01)

    advertising = asyncio.create_task(advertise())
    started_s = time.monotonic()
    await presence.wait(0.15)
    assert time.monotonic() - started_s >= 0.15
    await advertising
    await asyncio.sleep(0.11)
    waiting = asyncio.create_task(presence.wait(10))
    await asyncio.sleep(0.01)
    presence.saw(sighting())
    await asyncio.wait_for(waiting, 0.5)
