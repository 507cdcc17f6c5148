"""What gateways send, from the broker; acknowledged only when the caller says so.

One persistent MQTT session per shard with a fixed client id: the broker keeps what arrives while
nobody listens, and whoever connects with that id takes the shard over, so a shard has one reader
by the protocol itself. paho acknowledges by hand (``manual_ack``); a message that was not
acknowledged comes again after a reconnect.

paho runs on the event loop: its sockets are watched by asyncio, no threads but for connecting.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud.connection import client_of, heed_cancellation, while_connected
from ecgcore.errors import ConfigError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_log = logging.getLogger(__name__)
_KEEPALIVE_S = 30
_RETRY_MAX_S = 5.0
_CONNECT_S = 5.0
_LIVE_MESSAGES = 1024
# Kept for us while we are away.
_KINDS = (topics.SAMPLES, topics.EVENT)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and the way to acknowledge it."""

    topic: str
    payload: bytes
    ack: Callable[[], None]
    reader: object
    """Whose it is."""
    packet_id: int
    """Names it among those of its reader that are not acknowledged."""
    shard: int = 0


class LiveInbox:
    """Messages of the live lane, in order of arrival; when it is full the oldest give way."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=_LIVE_MESSAGES)
        self._arrived = asyncio.Event()
        self.n_dropped = 0

    def put(self, topic: str, payload: bytes) -> None:
        """Add a message."""
        self.n_dropped += len(self._waiting) == _LIVE_MESSAGES
        self._waiting.append((topic, payload))
        self._arrived.set()

    async def take(self) -> tuple[str, bytes]:
        """Wait for the oldest message; cancelling loses none."""
        await self._arrived.wait()
        message = self._waiting.popleft()
        if not self._waiting:
            self._arrived.clear()
        return message


_Key = tuple[object, int]
"""Reader and packet."""


class Inbox:
    """Deliveries, of each device in order of arrival, and every device in its turn.

    So who sends one frame a second does not wait behind another one's backlog. Bounded by the
    broker's limit of unacknowledged messages.
    """

    def __init__(self) -> None:
        self.live = LiveInbox()
        self._lanes: dict[str, dict[_Key, Delivery]] = {}
        """By device and kind; the next one to be served comes first."""
        self._n_waiting = 0
        self._arrived = asyncio.Event()

    def put(self, delivery: Delivery) -> None:
        """Add a delivery, or renew one that waits: some brokers repeat what nobody acknowledges."""
        lane = self._lanes.setdefault(_lane_of(delivery.topic), {})
        n_before = len(lane)
        lane[delivery.reader, delivery.packet_id] = delivery
        self._n_waiting += len(lane) - n_before
        self._arrived.set()

    def forget(self, reader: object) -> None:
        """Drop what a reader put in: its connection is gone, so the broker sends it again."""
        for name, lane in list(self._lanes.items()):
            left = {key: each for key, each in lane.items() if each.reader is not reader}
            self._n_waiting -= len(lane) - len(left)
            if left:
                self._lanes[name] = left
            else:
                del self._lanes[name]
        if not self._lanes:
            self._arrived.clear()

    async def take(self, most: int, linger_s: float) -> list[Delivery]:
        """Wait for a delivery, a little longer for company, and give up to `most`.

        Cancelling loses nothing.
        """
        batch: list[Delivery] = []
        # What arrived may be forgotten while we linger.
        while not batch:
            await self._arrived.wait()
            if self._n_waiting < most:
                await asyncio.sleep(linger_s)
            batch = [self._next() for _ in range(min(most, self._n_waiting))]
        if not self._lanes:
            self._arrived.clear()
        return batch

    def _next(self) -> Delivery:
        name = next(iter(self._lanes))
        lane = self._lanes.pop(name)
        if len(lane) > 1:
            self._lanes[name] = lane
        self._n_waiting -= 1
        return lane.pop(next(iter(lane)))


def _lane_of(topic: str) -> str:
    """Leave out the gateway: what comes by two of them keeps its order."""
    return "/".join(topic.split("/")[-2:])


class AckOrder:
    """Acknowledges in the order of arrival, as MQTT asks (3.1.1, 4.6.0-2), whatever is done first.

    Parameters
    ----------
    send : Callable[[int, int], object]
        Acknowledges a packet of a QoS.
    """

    def __init__(self, send: Callable[[int, int], object]) -> None:
        self._send = send
        self._arrived: dict[int, int | None] = {}
        """Packets not acknowledged, with their QoS once they may be."""

    def arrived(self, packet_id: int, qos: int) -> Callable[[], None]:
        """Note a packet, give the way to acknowledge it; one that comes again keeps its place."""
        self._arrived.setdefault(packet_id, None)
        return partial(self._done, self._arrived, packet_id, qos)

    def forget(self) -> None:
        """Note that the connection is gone: the broker sends again what is not acknowledged."""
        # What comes over the next one is counted anew and may have the same numbers.
        self._arrived = {}

    def _done(self, arrived: dict[int, int | None], packet_id: int, qos: int) -> None:
        if arrived is not self._arrived or packet_id not in arrived:
            return
        arrived[packet_id] = qos
        while arrived:
            first = next(iter(arrived))
            its_qos = arrived[first]
            if its_qos is None:
                return
            del arrived[first]
            self._send(first, its_qos)


class ShardReader:
    """The persistent session of one shard."""

    def __init__(self, shard: int, broker: Broker, inbox: Inbox) -> None:
        self._loop = asyncio.get_running_loop()
        self._shard = shard
        self._filters = [(topics.of_shard(shard, kind), 1) for kind in _KINDS]
        self._inbox = inbox
        self._broker = broker
        self._connack: asyncio.Future[str | None] = self._loop.create_future()
        self.down = asyncio.Event()
        self.is_reading = False
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"ecgomics-engine-shard-{shard}",
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set_context(ssl.create_default_context())
        client.connect_timeout = _CONNECT_S
        self._acks = AckOrder(client.ack)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        self._client = client

    async def connect(self) -> None:
        """Connect and subscribe.

        Raises
        ------
        OSError
            If nobody answers.
        ConfigError
            If the broker refuses.
        """
        self.down.clear()
        self._connack = self._loop.create_future()
        await asyncio.to_thread(
            self._client.connect, self._broker.host, self._broker.port, _KEEPALIVE_S
        )
        async with asyncio.timeout(_CONNECT_S):
            refused = await self._connack
        if refused is not None:
            msg = f"broker {self._broker}: {refused}"
            raise ConfigError(msg)

    def turn(self) -> None:
        """Try the cluster's next node next time."""
        self._broker = self._broker.turned()

    def keep_alive(self) -> None:
        """Send a ping when it is due; to be called about once a second."""
        self._client.loop_misc()

    def close(self) -> None:
        """Disconnect; the session stays at the broker."""
        self._client.disconnect()

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _props: object
    ) -> None:
        if code.is_failure:
            self._settle(str(code))
        else:
            client.subscribe(self._filters)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _: object
    ) -> None:
        pairs = zip(self._filters, codes, strict=True)
        refused = [topic for (topic, _), code in pairs if code.is_failure]
        self._settle(f"does not let us read {', '.join(refused)}" if refused else None)

    def _settle(self, refused: str | None) -> None:
        self.is_reading = refused is None
        if not self._connack.done():
            self._connack.set_result(refused)

    def _on_disconnect(self, *_: object) -> None:
        self._settle("closed the connection")
        # Otherwise each reconnect would add everything unacknowledged once more.
        self._inbox.forget(self)
        self._acks.forget()
        self.down.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        ack = self._acks.arrived(message.mid, message.qos)
        payload = bytes(message.payload)
        self._inbox.put(Delivery(message.topic, payload, ack, self, message.mid, self._shard))

    # paho opens its socket in the connecting thread, hence call_soon_threadsafe throughout.
    def _on_socket_open(self, client: mqtt.Client, _data: object, sock: "SocketLike") -> None:
        self._loop.call_soon_threadsafe(self._watch_reads, client, sock.fileno())

    def _watch_reads(self, client: mqtt.Client, fileno: int) -> None:
        self._loop.add_reader(fileno, client.loop_read)

    def _on_socket_close(self, _client: mqtt.Client, _data: object, sock: "SocketLike") -> None:
        # By number: the socket is closed by the time the loop comes to it.
        self._loop.remove_reader(sock.fileno())
        self._loop.remove_writer(sock.fileno())

    def _on_socket_register_write(
        self, client: mqtt.Client, _data: object, sock: "SocketLike"
    ) -> None:
        self._loop.call_soon_threadsafe(self._watch_writes, client, sock.fileno())

    def _watch_writes(self, client: mqtt.Client, fileno: int) -> None:
        if fileno >= 0 and client.want_write():
            self._loop.add_writer(fileno, client.loop_write)

    def _on_socket_unregister_write(
        self, _client: mqtt.Client, _data: object, sock: "SocketLike"
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.remove_writer, sock.fileno())


class Readers:
    """The sessions of the shards that are held here, and their live lane."""

    def __init__(self, broker: Broker, inbox: Inbox) -> None:
        self._broker = broker
        self._inbox = inbox
        self._live = _LiveLane(inbox.live)
        self._readers: dict[int, tuple[ShardReader, asyncio.Task[None]]] = {}

    def open(self, shard: int) -> None:
        """Read a shard from now on."""
        reader = ShardReader(shard, self._broker, self._inbox)
        task = asyncio.create_task(_stay_connected(reader), name=f"mqtt-shard-{shard}")
        self._readers[shard] = (reader, task)
        self._live.want(shard)

    def close(self, shard: int) -> None:
        """Read a shard no more; what of it waits is forgotten, the broker has it still."""
        reader, task = self._readers.pop(shard)
        self._live.unwant(shard)
        task.cancel()
        reader.close()
        self._inbox.forget(reader)

    @property
    def n_reading(self) -> int:
        """How many shards are being read right now."""
        return sum(reader.is_reading for reader, _ in self._readers.values())

    async def run(self) -> None:
        """Keep the sessions alive and the live lane heard, until cancelled."""
        hear = partial(while_connected, max_queued_incoming_messages=_LIVE_MESSAGES)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_alive(), name="mqtt-keep-alive")
                tasks.create_task(hear(self._broker, self._live.listen), name="mqtt-live")
        finally:
            for shard in list(self._readers):
                self.close(shard)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(1)
            for reader, _ in self._readers.values():
                reader.keep_alive()


class _LiveLane:
    """Hears the live topics of a changing set of shards over one connection."""

    def __init__(self, inbox: LiveInbox) -> None:
        self._inbox = inbox
        self._shards: set[int] = set()
        self._changed = asyncio.Event()

    def want(self, shard: int) -> None:
        """Hear a shard."""
        self._shards.add(shard)
        self._changed.set()

    def unwant(self, shard: int) -> None:
        """Hear a shard no more."""
        self._shards.discard(shard)
        self._changed.set()

    async def listen(self, client: aiomqtt.Client) -> None:
        """Hear them over a connection, until it breaks."""
        subscribing = asyncio.create_task(self._subscribe(client), name="mqtt-live-shards")
        try:
            async for message in client.messages:
                if isinstance(message.payload, bytes):
                    self._inbox.put(message.topic.value, message.payload)
        finally:
            subscribing.cancel()
            await asyncio.gather(subscribing, return_exceptions=True)

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        heard: set[int] = set()
        while True:
            self._changed.clear()
            more, less = self._shards - heard, heard - self._shards
            try:
                if more:
                    await client.subscribe([(topics.of_shard(n, topics.LIVE), 0) for n in more])
                if less:
                    await client.unsubscribe([topics.of_shard(n, topics.LIVE) for n in less])
            except aiomqtt.MqttError as error:
                # A broken connection ends `listen` too; an answer that was late is asked for anew.
                _log.info("live lane not subscribed error=%s", error)
                await asyncio.sleep(_RETRY_MAX_S)
                continue
            heard = heard - less | more
            heed_cancellation()
            await self._changed.wait()


async def require_broker(broker: Broker, wait_s: float) -> None:
    """Wait until the broker takes our credentials.

    Raises
    ------
    ConfigError
        If it refuses them, or nobody answers for `wait_s`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        try:
            async with client_of(broker, timeout=_CONNECT_S):
                return
        except aiomqtt.MqttError as error:
            refused = isinstance(error, MqttConnectError)
            broker = broker.turned()
            if refused or loop.time() >= deadline:
                why = (
                    f"refuses {broker.username or 'a user without name'}" if refused else str(error)
                )
                msg = f"broker {broker}: {why}"
                raise ConfigError(msg) from error
        await asyncio.sleep(0.2)


async def _stay_connected(reader: ShardReader) -> None:
    delay_s = 0.1
    while True:
        try:
            await reader.connect()
        except (OSError, ConfigError) as error:
            _log.info("broker unreachable error=%s", error)
            reader.turn()
            await asyncio.sleep(random.uniform(0, delay_s))  # noqa: S311 - spreading, not secrecy
            delay_s = min(2 * delay_s, _RETRY_MAX_S)
            continue
        delay_s = 0.1
        await reader.down.wait()
