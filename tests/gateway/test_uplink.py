import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client

from ecgcore.errors import ConfigError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame
from gateway.backoff import Backoff, BackoffConfig
from gateway.broker_client import BrokerAccess
from gateway.cancellation import cancel_all
from gateway.lane import LaneConfig
from gateway.live_lane import LiveLaneConfig
from gateway.outbox import Outbox
from gateway.pace import PaceConfig
from gateway.sender import Sender
from gateway.uplink import Uplink
from tests.gateway.broker import GATEWAY, Nats, running_engine, running_nats, until
from tests.gateway.test_spool import entries


async def _no_report(_client: Client) -> None:
    await asyncio.Event().wait()


def make_sender(outbox: Outbox, resend_s: float = 30, window: int = 256) -> Sender:
    lanes = LaneConfig(window, resend_s, 4 * resend_s)
    return Sender(outbox, GATEWAY, lanes, PaceConfig(), LiveLaneConfig())


def make(url: str, sender: Sender, **more: Any) -> Uplink:
    return make_with(BrokerAccess(Broker.parse(url), GATEWAY, timeout_s=5), sender, **more)


def make_with(access: BrokerAccess, sender: Sender, **more: Any) -> Uplink:
    given = {
        "backoff": Backoff(BackoffConfig(0.1, 0.2, 0.4), lambda: 1.0),
        "report": _no_report,
        "take_command": lambda device, payload: None,
        "now_ns": time.time_ns,
    }
    return Uplink(access, sender, **(given | more))


@asynccontextmanager
async def sending(
    folder: Path, broker: Nats, resend_s: float = 30, window: int = 256
) -> AsyncIterator[tuple[Outbox, Sender]]:
    async with Outbox.open(folder / "s.db", max_bytes=1 << 24, linger_s=0.01) as outbox:
        sender = make_sender(outbox, resend_s, window)
        uplink = make(broker.url, sender)
        tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(uplink.run())]
        try:
            yield outbox, sender
        finally:
            await cancel_all(tasks, 1)


def put(outbox: Outbox, device: str, first: int, last: int) -> None:
    for entry in entries(device, 1, last)[first:]:
        outbox.put(entry)


async def test_frames_arrive_in_order_and_leave_when_committed(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker) as engine,
        sending(tmp_path, broker, window=8) as (outbox, sender),
    ):
        for device in ("a", "b"):
            put(outbox, device, 0, 50)
        await outbox.flush()
        await until(lambda: outbox.emptied.is_set())
        for device in ("a", "b"):
            firsts = [f.first_counter for f in engine.arrivals if f.device == device]
            assert firsts == [73 * k for k in range(50)]
        assert sender.n_resent == 0


async def test_nothing_is_deleted_without_commitment(tmp_path: Path) -> None:
    """Every frame arrived and was acknowledged by the broker; that frees nothing."""
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False) as engine,
        sending(tmp_path, broker) as (outbox, _),
    ):
        put(outbox, "a", 0, 20)
        await until(lambda: len(engine.frames) == 20)
        await asyncio.sleep(0.3)
        assert outbox.backlog["a"].n_frames == 20
        engine.commits = True
        put(outbox, "a", 20, 21)
        await until(lambda: outbox.emptied.is_set() and len(engine.frames) == 21)


async def test_what_the_engine_lost_is_sent_again(tmp_path: Path) -> None:
    lost: list[int] = []

    def loses(frame: Frame) -> bool:
        is_lost = frame.first_counter % (73 * 5) == 0 and frame.first_counter not in lost
        if is_lost:
            lost.append(frame.first_counter)
        return is_lost

    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, loses=loses) as engine,
        sending(tmp_path, broker, resend_s=0.3) as (outbox, sender),
    ):
        put(outbox, "a", 0, 30)
        await outbox.flush()
        await until(lambda: outbox.emptied.is_set())
        assert len(lost) == 6
        assert engine.through("a", 1) == 30 * 73
        assert sender.n_resent >= 6
        assert sender.resent_of("a") == sender.n_resent


async def test_a_window_limits_what_is_sent_ahead(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False) as engine,
        sending(tmp_path, broker, window=7) as (outbox, _),
    ):
        put(outbox, "a", 0, 40)
        await until(lambda: len(engine.frames) == 7)
        await asyncio.sleep(0.3)
        assert len(engine.arrivals) == 7


async def test_a_killed_broker_costs_nothing(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker) as engine,
        sending(tmp_path, broker, resend_s=1) as (outbox, _),
    ):
        for k in range(6):
            put(outbox, "a", 50 * k, 50 * k + 25)
            await until(lambda k=k: len(engine.frames) > 50 * k)
            if k in {1, 3}:
                await broker.kill()
            put(outbox, "a", 50 * k + 25, 50 * k + 50)
            await outbox.flush()
            if k in {1, 3}:
                await asyncio.sleep(0.3)
                await broker.start()
        await until(lambda: outbox.emptied.is_set())
        assert engine.through("a", 1) == 300 * 73
        assert len(engine.frames) == 300


async def test_frames_of_an_earlier_run_are_sent_first(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as broker:
        async with Outbox.open(tmp_path / "s.db", max_bytes=1 << 24, linger_s=0) as outbox:
            writer = asyncio.create_task(outbox.run())
            put(outbox, "a", 0, 10)
            await outbox.flush()
            writer.cancel()
        async with (
            running_engine(broker) as engine,
            sending(tmp_path, broker) as (outbox, _),
        ):
            put(outbox, "a", 10, 12)
            await until(lambda: len(engine.frames) == 12 and outbox.emptied.is_set())
            assert [f.first_counter for f in engine.arrivals] == [73 * k for k in range(12)]


async def test_frames_that_left_after_their_commitment_keep_nobody_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again between the engine's word and the deletion; the second word is lost."""
    pauses = 0
    pause = Sender._pause

    async def counting(sender: Sender) -> None:
        nonlocal pauses
        pauses += 1
        await pause(sender)

    monkeypatch.setattr(Sender, "_pause", counting)
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False) as engine,
        sending(tmp_path, broker, resend_s=0.1) as (outbox, _),
    ):
        put(outbox, "a", 0, 3)
        await until(lambda: len(engine.frames) == 3)
        outbox.committed("a", 1, 3 * 73)
        await until(outbox.emptied.is_set)
        pauses = 0
        await asyncio.sleep(0.5)
        assert pauses < 10
        engine.commits = True
        put(outbox, "a", 3, 5)
        await until(lambda: len(engine.frames) == 5 and outbox.emptied.is_set())


async def test_foreign_words_delete_nothing(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        running_engine(broker, commits=False) as engine,
        sending(tmp_path, broker) as (outbox, _),
    ):
        put(outbox, "a", 0, 3)
        await until(lambda: len(engine.frames) == 3)
        through = '{"device":"a","boot_id":1,"through":999999,"through_ns":0}'
        async with Client(
            "127.0.0.1", broker.server.port, username="engine", password="p-engine"
        ) as client:
            no_counter = through.replace("999999", str(1 << 70))
            for payload in (b"\xff", "{}", "[]", '{"device":"a"}', b"", no_counter):
                await client.publish(topics.committed(GATEWAY, "a"), payload, qos=1)
            # The right words under another patch's topic, and of another boot.
            await client.publish(topics.committed(GATEWAY, "b"), through, qos=1)
            other_boot = through.replace('"boot_id":1', '"boot_id":2')
            await client.publish(topics.committed(GATEWAY, "a"), other_boot, qos=1)
            await asyncio.sleep(0.3)
            assert outbox.backlog["a"].n_frames == 3
            await client.publish(topics.committed(GATEWAY, "a"), through, qos=1)
            await until(lambda: outbox.emptied.is_set())


async def test_a_required_broker_is_asked_once(tmp_path: Path) -> None:
    async with (
        running_nats(tmp_path) as broker,
        Outbox.open(tmp_path / "s.db", max_bytes=1 << 20, linger_s=0) as outbox,
    ):
        uplink = make(broker.url, make_sender(outbox))
        await uplink.require_broker()
        await broker.kill()
        with pytest.raises(
            ConfigError, match=r"broker mqtt://127\.0\.0\.1:\d+: Connection refused"
        ):
            await uplink.require_broker()
