"""From the spool to the broker, and deletion on the engine's word only.

Theory of operation: each patch has a lane (`gateway.lane`) over its rows in the spool. One sender
fills the lanes' windows at QoS 1; a PUBACK ends a publish but deletes nothing. A `Committed`
message deletes rows and moves the lane on. A new connection sends everything uncommitted again,
because nobody knows what the old one still carried.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiomqtt import Client, Message, MqttError
from pydantic import ValidationError

from ecgcore.errors import ConfigError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import Committed
from gateway.backoff import Backoff
from gateway.lane import Lane, LaneConfig
from gateway.outbox import Outbox
from gateway.spool import Row

_log = logging.getLogger(__name__)
_BATCH_FRAMES = 64
_KEEPALIVE_S = 20
_NEVER_S = float("inf")
# What SQLite holds.
_COUNTERS = range(1 << 63)
# Nagle's algorithm against delayed acknowledgements costs 40 ms a frame.
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

Reporter = Callable[[Client], Awaitable[None]]


class Uplink:
    """The gateway's connection to the broker.

    Parameters
    ----------
    report : Reporter
        Publishes status on each connection until it ends.
    """

    def __init__(
        self,
        broker: Broker,
        gateway_id: str,
        outbox: Outbox,
        *,
        lanes: LaneConfig,
        timeout_s: float,
        backoff: Backoff,
        report: Reporter,
    ) -> None:
        self._broker = broker
        self._gateway_id = gateway_id
        self._outbox = outbox
        self._lane_config = lanes
        self._timeout_s = timeout_s
        self._backoff = backoff
        self._report = report
        self._lanes: dict[str, Lane] = {}

    @property
    def n_resent(self) -> int:
        """Frames sent more than once, of all patches."""
        return sum(lane.n_resent for lane in self._lanes.values())

    def resent_of(self, device: str) -> int:
        """Give the frames of one patch sent more than once."""
        return self._lane(device).n_resent

    async def require_broker(self) -> None:
        """Connect once.

        Raises
        ------
        ConfigError
            If the broker cannot be reached or refuses.
        """
        try:
            async with self._client():
                return
        except MqttError as error:
            reason = str(error).rpartition("] ")[2]
            msg = f"broker {self._broker}: {reason}"
            raise ConfigError(msg) from error

    async def run(self) -> None:
        """Send until cancelled, reconnecting forever."""
        while True:
            try:
                async with self._client() as client:
                    await self._serve(client)
            except* MqttError as errors:
                _log.warning("broker lost broker=%s error=%s", self._broker, _first(errors))
            await asyncio.sleep(self._backoff.next_s())

    def _client(self) -> Client:
        client = Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            identifier=self._gateway_id,
            clean_session=True,
            timeout=self._timeout_s,
            keepalive=_KEEPALIVE_S,
            socket_options=(_NO_DELAY,),
            max_inflight_messages=_BATCH_FRAMES,
            tls_context=ssl.create_default_context() if self._broker.tls else None,
        )
        client.pending_calls_threshold = 2 * _BATCH_FRAMES
        return client

    async def _serve(self, client: Client) -> None:
        # aiomqtt forgets this error when another one ends the connection; asyncio would report it.
        client._disconnected.add_done_callback(lambda lost: lost.cancelled() or lost.exception())
        await client.subscribe(topics.committed_of_gateway(self._gateway_id), qos=1)
        _log.info("broker connected broker=%s", self._broker)
        self._backoff.reset()
        for lane in self._lanes.values():
            lane.rewind()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive(client), name="committed")
            tasks.create_task(self._send(client), name="send")
            tasks.create_task(_awaited(self._report(client)), name="status")

    async def _receive(self, client: Client) -> None:
        async for message in client.messages:
            committed = self._committed(message)
            if committed is None:
                _log.warning("message ignored topic=%s", message.topic)
                continue
            boot_id, through = committed.boot_id, committed.through
            self._lane(committed.device).committed(boot_id, through, self._now_s())
            self._outbox.committed(committed.device, boot_id, through)
            # The window has room again; deleting can take its time.
            self._outbox.changed.set()

    def _committed(self, message: Message) -> Committed | None:
        with suppress(ValidationError, TypeError):
            committed = Committed.model_validate_json(bytes(message.payload))
            is_of_topic = message.topic.value.split("/")[-2] == committed.device
            if is_of_topic and committed.boot_id in _COUNTERS and committed.through in _COUNTERS:
                return committed
        return None

    async def _send(self, client: Client) -> None:
        while True:
            self._outbox.changed.clear()
            n_sent = 0
            for device in list(self._outbox.backlog):
                n_sent += await self._send_some(client, device)
            if not n_sent:
                await self._pause()

    async def _pause(self) -> None:
        due_s = min((self._lane(device).due_s for device in self._outbox.backlog), default=_NEVER_S)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await self._outbox.changed.wait()

    async def _send_some(self, client: Client, device: str) -> int:
        lane = self._lane(device)
        if lane.due_s <= self._now_s():
            _log.info("sending again device=%s", device)
            lane.time_out()
        backlog = self._outbox.backlog.get(device)
        limit = min(lane.room_frames, _BATCH_FRAMES)
        if backlog is None or backlog.newest_id <= lane.cursor_id or not limit:
            return 0
        rows = await self._outbox.after(device, lane.cursor_id, limit)
        await self._publish(client, device, rows)
        return len(rows)

    async def _publish(self, client: Client, device: str, rows: list[Row]) -> None:
        topic, lane = topics.up(self._gateway_id, device, "samples"), self._lane(device)
        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                lane.sent(row.row_id, row.boot_id, row.end_counter, self._now_s())
                tasks.create_task(client.publish(topic, row.frame, qos=1))

    def _lane(self, device: str) -> Lane:
        return self._lanes.setdefault(device, Lane(self._lane_config))

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
