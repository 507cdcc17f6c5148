"""Keeps the live picture fed: the broker's messages, the database's pulse, the clock's ticks.

Neither a broker nor a database that goes away ends anything here: both are tried again until
they are back, and the pages are told meanwhile.
"""

import asyncio
import logging
from functools import partial

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from cloud import live_messages
from cloud.connection import heed_cancellation, while_connected
from cloud.live import Live
from cloud.services import Service
from cloud.store.database import DbPool
from cloud.transactions import DatabaseDownError, transaction
from cloud.worn import read_worn
from ecgcore.errors import EcgomicsError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker

_log = logging.getLogger(__name__)
_KEEPALIVE_S = 5
_CONNECT_S = 5.0
_QUEUE_MESSAGES = 4096
_PROBE_S = 2.0
_ENGINE_CHECK_S = 0.5
_NOW_S = 5.0
_COMPLAIN_S = 60.0


async def feed(live: Live, broker: Broker, pool: DbPool) -> None:
    """Run until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(live, broker), name="live broker")
        tasks.create_task(_probe_database(live, pool), name="database probe")
        tasks.create_task(_watch_engine(live), name="engine watch")
        tasks.create_task(_tell_time(live), name="clock")


async def _listen(live: Live, broker: Broker) -> None:
    # A full queue drops the newest message, as QoS 0 may; the next one makes up for it.
    await while_connected(
        broker,
        partial(_read, live, _Complaints()),
        keepalive=_KEEPALIVE_S,
        timeout=_CONNECT_S,
        max_queued_incoming_messages=_QUEUE_MESSAGES,
    )


async def _read(live: Live, complaints: "_Complaints", client: aiomqtt.Client) -> None:
    try:
        await _subscribe(client)
        heed_cancellation()
        live.note(Service.BROKER, up=True)
        async for message in client.messages:
            _take(live, message, complaints)
    except aiomqtt.MqttError:
        live.note(Service.BROKER, up=False)
        raise


_TOPICS = (
    topics.all_live(),
    topics.all_status(),
    topics.all_gateways(),
    topics.all_services(),
)


async def _subscribe(client: aiomqtt.Client) -> None:
    granted = await client.subscribe([(topic, 0) for topic in _TOPICS])
    if any(isinstance(code, ReasonCode) and code.is_failure for code in granted):
        msg = "the broker does not let this user read the live topics"
        raise aiomqtt.MqttError(msg)


def _take(live: Live, message: aiomqtt.Message, complaints: "_Complaints") -> None:
    payload = message.payload if isinstance(message.payload, bytes) else b""
    now_s = asyncio.get_running_loop().time()
    try:
        live.receive(message.topic.value, payload, now_s)
    except EcgomicsError as error:
        complaints.add(error, now_s)


class _Complaints:
    """Messages that could not be read: counted, and logged once a minute."""

    def __init__(self) -> None:
        self._count = 0
        self._logged_s = float("-inf")

    def add(self, error: EcgomicsError, now_s: float) -> None:
        self._count += 1
        if now_s - self._logged_s >= _COMPLAIN_S:
            self._logged_s = now_s
            _log.warning("live message dropped total=%d last=%s", self._count, error)


async def _probe_database(live: Live, pool: DbPool) -> None:
    while True:
        try:
            async with asyncio.timeout(_PROBE_S), transaction(pool) as connection:
                live.worn.update(await read_worn(connection))
            live.note(Service.DATABASE, up=True)
        except (DatabaseDownError, TimeoutError):
            live.note(Service.DATABASE, up=False)
        await asyncio.sleep(_PROBE_S)


async def _watch_engine(live: Live) -> None:
    while True:
        live.note_engine(asyncio.get_running_loop().time())
        await asyncio.sleep(_ENGINE_CHECK_S)


async def _tell_time(live: Live) -> None:
    while True:
        await asyncio.sleep(_NOW_S)
        live.hub.send_all(live_messages.now(live.clock.now_ns()))
