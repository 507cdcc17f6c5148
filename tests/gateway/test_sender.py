"""The lanes beside each other, on a real broker."""

import asyncio
from pathlib import Path

from aiomqtt import Client

from ecgcore.wire import topics
from ecgcore.wire.frame import decode_frame
from gateway.events import EventClock, Events
from gateway.outbox import Outbox
from tests.gateway.broker import Nats, running_engine, running_nats, until
from tests.gateway.test_uplink import put, sending


def listener(broker: Nats) -> Client:
    return Client("127.0.0.1", broker.server.port, username="engine", password="p-engine")


async def heard_live(client: Client, into: list[tuple[str, int]]) -> None:
    await client.subscribe(f"{topics.ROOT}/+/+/+/live", qos=0)
    async for message in client.messages:
        assert message.qos == 0
        frame = decode_frame(bytes(message.payload))  # type: ignore[arg-type]
        into.append((frame.device, frame.first_counter // 73))


async def test_the_newest_overtakes_what_is_not_committed_and_comes_in_order_later(
    tmp_path: Path,
) -> None:
    live: list[tuple[str, int]] = []
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker) as engine,
        listener(broker) as client,
        sending(tmp_path, broker, window=5) as (outbox, sender),
    ):
        hearing = asyncio.create_task(heard_live(client, live))
        put(outbox, "a", 0, 5)
        await outbox.flush()
        await until(outbox.emptied.is_set)
        # From here on nothing is committed: the window fills, and the rest overtakes.
        engine.commits = False
        put(outbox, "a", 5, 10)
        await until(lambda: len(engine.frames) == 10)
        assert live == []
        for k in range(10, 14):
            put(outbox, "a", k, k + 1)
            await until(lambda k=k: live[-1:] == [("a", k)])
        assert len(engine.frames) == 10
        engine.commits = True
        async with listener(broker) as word:
            await engine.commit(word, "a", 1)
        await until(lambda: outbox.emptied.is_set() and len(engine.frames) == 14)
        put(outbox, "a", 14, 15)
        await until(lambda: outbox.emptied.is_set() and len(engine.frames) == 15)
        await asyncio.sleep(1)
        assert live == [("a", k) for k in range(5, 14)]
        assert sender.n_live == 9
        hearing.cancel()


async def test_rounds_are_shared_evenly(tmp_path: Path) -> None:
    """A patch with a long backlog does not keep the others waiting."""
    async with running_nats(tmp_path) as broker, running_engine(broker) as engine:
        async with Outbox.open(tmp_path / "s.db", max_bytes=1 << 24, linger_s=0) as outbox:
            writer = asyncio.create_task(outbox.run())
            put(outbox, "long", 0, 200)
            for device in "abc":
                put(outbox, device, 0, 10)
            await outbox.flush()
            writer.cancel()
        async with sending(tmp_path, broker) as (outbox, _):
            await until(lambda: outbox.emptied.is_set() and len(engine.frames) == 230)
    last = max(k for k, frame in enumerate(engine.arrivals) if frame.device in "abc")
    n_long = sum(frame.device == "long" for frame in engine.arrivals[:last])
    assert n_long <= 64
    assert [f.first_counter for f in engine.of("long")] == [73 * k for k in range(200)]


async def test_events_go_their_own_way_stamped_with_what_is_left(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False) as engine,
        sending(tmp_path, broker, resend_s=0.3) as (outbox, sender),
    ):
        events = Events(9, outbox, EventClock(lambda: 10**18, lambda: 0.0)).of("a")
        for pct in range(5):
            events.battery(pct)
        await until(lambda: len(engine.events) >= 5)
        assert [(e.number, e.floor) for e in engine.events[:5]] == [(k, 0) for k in range(5)]
        # Deleted without the engine's word, as an eviction does.
        outbox.committed("a/event", 9, 3)
        await until(lambda: engine.events[-1].number == 4 and engine.events[-1].floor == 3)
        assert outbox.backlog["a/event"].n_frames == 2
        engine.commits = True
        await until(outbox.emptied.is_set)
        assert sender.resent_of("a") == 0
        assert sender.n_resent > 0


async def test_a_word_about_events_frees_no_samples(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False),
        sending(tmp_path, broker) as (outbox, _),
        listener(broker) as client,
    ):
        put(outbox, "a", 0, 2)
        await outbox.flush()
        word = '{"device":"a","boot_id":1,"through":%d,"through_ns":0,"kind":"%s"}'
        await client.publish(topics.committed("home", "a"), word % (9999, "event"), qos=1)
        await client.publish(topics.committed("home", "a"), word % (9999, "more"), qos=1)
        await asyncio.sleep(0.3)
        assert outbox.backlog["a"].n_frames == 2
        await client.publish(topics.committed("home", "a"), word % (9999, "samples"), qos=1)
        await until(outbox.emptied.is_set)
