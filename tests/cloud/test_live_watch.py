"""The live lane and events through a running engine, on a real broker and database."""

import asyncio
from collections.abc import Callable

import pytest

from cloud.embedded.nats import EmbeddedNats
from cloud.store.database import DbPool
from ecgcore.wire import topics
from ecgcore.wire.events import BatteryEvent, DeviceEvent, stamped
from ecgcore.wire.frame import encode_frame
from ecgcore.wire.messages import Committed
from tests.cloud.engine_room import (
    GATEWAY,
    StandInGateway,
    client_of,
    hearing,
    running_engine,
)
from tests.cloud.frames import DEVICE, frame, run
from tests.cloud.test_engine import Broker as BrokerFixture
from tests.cloud.test_live_edge import far


async def _say(nats: EmbeddedNats, kind: str, *payloads: bytes, qos: int = 1) -> None:
    async with client_of(nats, GATEWAY) as client:
        for payload in payloads:
            await client.publish(topics.up(GATEWAY, DEVICE, kind), payload, qos=qos)


async def _insist(
    nats: EmbeddedNats, kind: str, payloads: list[bytes], holds: Callable[[], object]
) -> None:
    """Say it again and again, as a gateway does: the engine may not be listening yet."""
    async with asyncio.timeout(60):
        while not holds():
            await _say(nats, kind, *payloads, qos=int(kind != "live"))
            await asyncio.sleep(0.3)


async def test_the_newest_is_shown_and_judged_and_nothing_of_it_is_stored(
    broker: BrokerFixture, pool: DbPool
) -> None:
    frames, newest = run(20), far(60)
    async with (
        running_engine(broker[1], pool, frames) as engine,
        hearing(broker[1]) as heard,
    ):
        await StandInGateway(broker[1]).send_until_committed(frames)
        safe_ns = frames[-1].end_utc_ns
        await heard.until(lambda told: told.numbers)
        assert not any(told.is_preview for told in heard.numbers)
        n_before = len(heard.numbers)
        first = [encode_frame(newest[0])]
        await _insist(broker[1], "live", first, lambda: engine.heartbeat().live_frames)
        for k, each in enumerate(newest):
            await _say(broker[1], "live", encode_frame(each), qos=0)
            if k % 20 == 19:
                await asyncio.sleep(1)
        await heard.until(lambda told: newest[-1].first_counter in told.strips)
        await heard.until(lambda told: any(each.hr_bpm for each in told.numbers[n_before:]))
        assert engine.heartbeat().live_frames == 60
        previews = heard.numbers[n_before:]
        assert all(told.is_preview and told.safe_through_ns == safe_ns for told in previews)
        assert previews[-1].hr_bpm == pytest.approx(75, abs=2)
        # They come in order later, out of reach of this one: not shown again, but told as stored.
        n_strips = len(heard.strips)
        last = newest[-1]
        hole = frame(last.end, n=0, gap=last.end - frames[-1].end)
        await StandInGateway(broker[1]).send_until_committed([hole])
        await heard.until(lambda told: told.words[-1].through == last.end)
        assert len(heard.strips) == n_strips
    assert await pool.fetchval("SELECT count(*) FROM frame") == 21


async def test_in_order_copies_are_not_shown_again_and_the_next_ones_are(
    broker: BrokerFixture, pool: DbPool
) -> None:
    frames = run(12)
    async with running_engine(broker[1], pool, frames), hearing(broker[1]) as heard:
        shown = [encode_frame(f) for f in frames[8:10]]
        await _insist(broker[1], "live", shown, lambda: len(heard.strips) == 2)
        await StandInGateway(broker[1]).send_until_committed(frames)
        await heard.until(lambda told: frames[11].first_counter in told.strips)
    assert heard.strips == [73 * k for k in (8, 9, 10, 11)]


@pytest.mark.parametrize(
    "payload", [b"", b"hello", encode_frame(frame(0))[:-1], encode_frame(frame(0, device="b"))]
)
async def test_what_is_no_use_on_the_live_lane_is_counted_and_passed_over(
    broker: BrokerFixture, pool: DbPool, payload: bytes
) -> None:
    async with (
        running_engine(broker[1], pool, run(1)) as engine,
        hearing(broker[1]) as heard,
    ):
        await _insist(broker[1], "live", [payload], lambda: engine.heartbeat().live_refused)
        await _say(broker[1], "live", encode_frame(frame(0)), qos=0)
        await heard.until(lambda told: told.strips == [0])
    assert await pool.fetchval("SELECT count(*) FROM quarantine") == 0


def _event(number: int, floor: int = 0, device: str = DEVICE) -> bytes:
    event = DeviceEvent(
        device=device, boot_id=9, number=number, at_ns=10**18 + number,
        event=BatteryEvent(pct=number),
    )  # fmt: skip
    return stamped(event.model_dump_json(exclude={"floor"}).encode(), floor)


async def test_events_are_stored_once_and_named_up_to_the_first_hole(
    broker: BrokerFixture, pool: DbPool
) -> None:
    async with hearing(broker[1]) as heard:
        async with running_engine(broker[1], pool, run(1)) as engine:
            events = [_event(k) for k in (0, 1, 3, 1)]
            await _insist(broker[1], "event", events, lambda: engine.heartbeat().events == 3)
            await heard.until(lambda told: told.words)
            assert heard.words[-1] == Committed(
                device=DEVICE, boot_id=9, through=2, through_ns=heard.words[-1].through_ns,
                kind="event",
            )  # fmt: skip
            await _say(broker[1], "event", b"{}", _event(2, device="b"))
            async with asyncio.timeout(60):
                while await pool.fetchval("SELECT count(*) FROM quarantine") < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        # Another engine goes on where the first one was.
        async with running_engine(broker[1], pool, run(1)):
            await _insist(broker[1], "event", [_event(2)], lambda: heard.words[-1].through == 4)
            last = [_event(9, floor=8), _event(8, floor=8)]
            await _insist(broker[1], "event", last, lambda: heard.words[-1].through == 10)
    rows = await pool.fetch("SELECT number, kind, body FROM device_event ORDER BY number")
    assert [(row["number"], row["kind"], row["body"]) for row in rows] == [
        (k, "battery", {"pct": k}) for k in (0, 1, 2, 3, 8, 9)
    ]
    reasons = [row["reason"] for row in await pool.fetch("SELECT reason FROM quarantine")]
    assert len(reasons) == 2
    assert "event" in reasons[0]
    assert "under the topic" in reasons[1]
