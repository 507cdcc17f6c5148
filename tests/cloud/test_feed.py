"""The live feed's own habits: retry, complain, tell the time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import aiomqtt
import pytest

from cloud import connection, feed
from cloud.live import Live, LiveMessageError
from ecgcore.clock import UtcClock
from ecgcore.wire.broker import Broker


@pytest.mark.parametrize("lost_in", ["__aenter__", "subscribe"])
async def test_a_cancellation_that_the_client_loses_ends_the_feed(
    monkeypatch: pytest.MonkeyPatch, lost_in: str
) -> None:
    reached = asyncio.Event()

    class Losing:
        """Loses a cancellation as `asyncio.wait_for` did before Python 3.12."""

        async def __aenter__(self) -> "Losing":
            await self._answer("__aenter__")
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def subscribe(self, _: object) -> list[int]:
            await self._answer("subscribe")
            return [0]

        @property
        async def messages(self) -> AsyncIterator[aiomqtt.Message]:
            await asyncio.Event().wait()
            yield aiomqtt.Message("a", b"", 0, False, 0, None)

        async def _answer(self, to: str) -> None:
            if to == lost_in:
                reached.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

    monkeypatch.setattr(connection, "client_of", lambda *_, **__: Losing())
    broker = Broker.parse("mqtt://127.0.0.1")
    listening = asyncio.create_task(feed._listen(Live(UtcClock(lambda: 0)), broker))
    await reached.wait()
    listening.cancel()
    done, _ = await asyncio.wait({listening}, timeout=1)
    listening.cancel()
    assert done


def test_broken_messages_are_counted_and_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = feed._Complaints()
    with caplog.at_level(logging.WARNING):
        for now_s in (0.0, 1.0, 59.9, 60.0):
            complaints.add(LiveMessageError(f"at {now_s}"), now_s)
    assert [record.getMessage() for record in caplog.records] == [
        "live message dropped total=1 last=at 0.0",
        "live message dropped total=4 last=at 60.0",
    ]


async def test_every_page_is_told_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_NOW_S", 0.01)
    live = Live(UtcClock(lambda: 1_000, 500, 2.0))
    client = live.hub.join("s")
    assert client is not None
    telling = asyncio.create_task(feed._tell_time(live))
    async with asyncio.timeout(2):
        told = [await client.next() for _ in range(2)]
    telling.cancel()
    # A rig's clock: 500 ns after its origin at double speed.
    assert told == ['{"type": "now", "now_ns": 1500}'] * 2
