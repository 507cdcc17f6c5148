"""A running engine on a real broker and database, and a stand-in gateway that feeds it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from cloud.announce import Announcer
from cloud.device_facts import DeviceFacts
from cloud.embedded.nats import EmbeddedNats
from cloud.engine import Engine
from cloud.ingest import Inbox, Readers
from cloud.placement import Placement
from cloud.settings import EngineSettings
from cloud.store.database import DbPool
from ecgcore.clock import UtcClock
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame, decode_frame
from ecgcore.wire.messages import Committed, Numbers
from tests.cloud.frames import message

GATEWAY = "gw1"


@asynccontextmanager
async def running_engine(
    nats: EmbeddedNats, pool: DbPool, frames: Sequence[Frame], **settings: float
) -> AsyncIterator[Engine]:
    """Run an engine over the shards of `frames`; leaving cancels it in mid-work, like a crash."""
    broker = Broker.parse(nats.url("engine", "engine"))
    inbox, announcer = Inbox(), Announcer(broker)
    clock = UtcClock(time.time_ns)
    readers = Readers(broker, inbox)
    given = EngineSettings(**settings)  # type: ignore[arg-type]
    engine = Engine(given, pool, inbox, readers, announcer, DeviceFacts(), clock)
    shards = {topics.shard_of(f.device) for f in frames}
    tasks = [
        asyncio.create_task(readers.run()),
        asyncio.create_task(Placement(pool, engine, shards).run()),
        asyncio.create_task(engine.run()),
        asyncio.create_task(engine.watch()),
        asyncio.create_task(announcer.run(engine.heartbeat)),
    ]
    try:
        # What is sent before the sessions exist is nobody's.
        while readers.n_reading < len(shards):  # noqa: ASYNC110 - several sessions, no one event
            await asyncio.sleep(0.01)
        yield engine
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Heard:
    """What the pages and the gateway are told."""

    strips: list[int] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    words: list[Committed] = field(default_factory=list)

    async def until(self, holds: Any, within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not holds(self):  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.02)


def client_of(nats: EmbeddedNats, user: str) -> aiomqtt.Client:
    at = Broker.parse(nats.url(user, user))
    return aiomqtt.Client(at.host, at.port, username=at.username, password=at.password, timeout=5)


@asynccontextmanager
async def hearing(nats: EmbeddedNats) -> AsyncIterator[Heard]:
    heard = Heard()
    async with client_of(nats, "server") as client:
        await client.subscribe([(topics.all_live(), 0), (f"{topics.ROOT}/+/+/committed", 0)])
        task = asyncio.create_task(_hear(client, heard))
        yield heard
        task.cancel()
        await asyncio.wait([task])


async def _hear(client: aiomqtt.Client, heard: Heard) -> None:
    async for told in client.messages:
        payload, kind = bytes(told.payload), told.topic.value.rsplit("/", 1)[1]  # type: ignore[arg-type]
        if kind == "strip":
            heard.strips.append(decode_frame(payload).first_counter)
        elif kind == "numbers":
            heard.numbers.append(Numbers.model_validate_json(payload))
        elif kind == "committed":
            heard.words.append(Committed.model_validate_json(payload))


class StandInGateway:
    """Publishes frames and listens for what is committed; sends again until it is."""

    def __init__(self, at: EmbeddedNats | Broker) -> None:
        is_address = isinstance(at, Broker)
        self._broker = at if is_address else Broker.parse(at.url(GATEWAY, GATEWAY))
        self.committed: dict[str, Committed] = {}

    async def send(self, frames: Sequence[Frame]) -> None:
        async with self._client() as client:
            for f in frames:
                topic, payload = message(f, GATEWAY)
                await client.publish(topic, payload, qos=1)

    async def send_raw(self, topic: str, payload: bytes) -> None:
        async with self._client() as client:
            await client.publish(topic, payload, qos=1)

    async def send_until_committed(self, frames: Sequence[Frame], within_s: float = 30) -> None:
        """Deliver like a gateway does: what is not committed within a second goes out again."""
        async with asyncio.timeout(within_s):
            while left := [f for f in frames if not self._is_committed(f)]:
                try:
                    await self._round(left)
                except aiomqtt.MqttError:
                    self._broker = self._broker.turned()
                    await asyncio.sleep(0.1)

    def _is_committed(self, f: Frame) -> bool:
        word = self.committed.get(f.device)
        return word is not None and word.boot_id == f.boot_id and word.through >= f.end

    async def _round(self, left: Sequence[Frame]) -> None:
        async with self._client() as client:
            await client.subscribe(topics.committed_of_gateway(GATEWAY), qos=1)
            for f in left:
                await client.publish(*message(f, GATEWAY), qos=1)
            try:
                async with asyncio.timeout(1):
                    async for heard in client.messages:
                        word = Committed.model_validate_json(bytes(heard.payload))  # type: ignore[arg-type]
                        if word.kind != topics.SAMPLES:
                            continue
                        self.committed[word.device] = word
                        if all(self._is_committed(f) for f in left):
                            return
            except TimeoutError:
                pass

    def _client(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            timeout=3,
        )
