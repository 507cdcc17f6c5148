"""The live feed's own habits: retry, complain, tell the time."""

import asyncio
import logging

import pytest

from cloud import feed
from cloud.live import Live, LiveMessageError
from ecgcore.clock import UtcClock


def test_retries_spread_over_a_growing_bounded_time() -> None:
    for attempt, ceiling_s in ((0, 0.2), (3, 1.6), (5, 5.0), (10_000, 5.0)):
        waits_s = [feed._retry_s(attempt) for _ in range(300)]
        assert 0 <= min(waits_s) < ceiling_s / 4
        assert ceiling_s * 3 / 4 < max(waits_s) <= ceiling_s


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
