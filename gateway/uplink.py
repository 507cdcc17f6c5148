"""The gateway's connection to the broker, and deletion on the engine's word only.

Theory of operation: one connection after another, each with a will that says the gateway has gone.
On a connection the sender (`gateway.sender`) sends what is spooled; a PUBACK ends a publish but
deletes nothing, a `Committed` message deletes rows. Commands go to whoever carries them out. When
the broker is out of reach the next attempt comes soon and with jitter; when it refuses us, only a
person can help: then the attempts are rare and `trouble` says what is wrong.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiomqtt import Client, MqttError
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from ecgcore.errors import ConfigError, TopicError
from ecgcore.wire import topics
from ecgcore.wire.messages import Committed
from gateway.backoff import Backoff
from gateway.broker_client import BrokerAccess
from gateway.causes import cause_of
from gateway.live_lane import NEVER_S
from gateway.sender import Sender

_log = logging.getLogger(__name__)
_HEALTHY_S = 5.0
_REFUSED_S = 60.0
_FAREWELL_S = 1.0
# What SQLite holds.
_COUNTERS = range(1 << 63)

Reporter = Callable[[Client], Awaitable[None]]
"""Publishes status on each connection until it ends."""
TakeCommand = Callable[[str, bytes], None]
"""Is given a patch and what somebody wants done with it, as it came."""


class RefusedError(MqttError):
    """The broker lets us in, but not read what we must."""


class Uplink:
    """Keeps a connection to the broker.

    Parameters
    ----------
    access : BrokerAccess
    sender : Sender
    now_ns : Callable[[], int]
        UTC.
    refused_s : float
        Longest pause after the broker refused us.
    """

    def __init__(
        self,
        access: BrokerAccess,
        sender: Sender,
        *,
        backoff: Backoff,
        report: Reporter,
        take_command: TakeCommand,
        now_ns: Callable[[], int],
        refused_s: float = _REFUSED_S,
    ) -> None:
        self._access = access
        self._sender = sender
        self._backoff = backoff
        self._report = report
        self._take_command = take_command
        self._now_ns = now_ns
        self._refused_s = refused_s
        self._connected_s = NEVER_S
        self.trouble: str | None = "not connected yet"
        """Why there is no connection; None while there is one."""
        self.n_refused = 0
        """Attempts that the broker refused."""

    async def require_broker(self) -> None:
        """Connect once.

        Raises
        ------
        ConfigError
            If the broker cannot be reached or refuses.
        """
        try:
            async with self._access.client(1, self._now_ns()):
                return
        except MqttError as error:
            msg = f"broker {self._access.broker}: {self._access.reason(error)}"
            raise ConfigError(msg) from error

    async def run(self) -> None:
        """Send until cancelled, reconnecting forever."""
        while True:
            try:
                await self._connect()
            except* (MqttError, ConfigError) as errors:
                pause_s = self._note(cause_of(errors))
                self._access = self._access.turned()
            else:
                pause_s = self._backoff.next_s()
            await asyncio.sleep(pause_s)

    async def _connect(self) -> None:
        self._connected_s = NEVER_S
        async with self._access.client(self._sender.most_frames, self._now_ns()) as client:
            self._connected_s = _now_s()
            await self._serve(client)

    async def _serve(self, client: Client) -> None:
        # aiomqtt forgets this error when another one ends the connection; asyncio would report it.
        client._disconnected.add_done_callback(lambda lost: lost.cancelled() or lost.exception())
        await self._subscribe(client)
        await self._tell(client, online=True)
        self.trouble = None
        _log.info("broker connected broker=%s", self._access.broker)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(client), name="receive")
                tasks.create_task(self._sender.run(client), name="send")
                tasks.create_task(_awaited(self._report(client)), name="status")
        finally:
            # An orderly end takes the will back.
            with suppress(MqttError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._tell(client, online=False)

    async def _subscribe(self, client: Client) -> None:
        gateway = self._access.gateway_id
        wanted = topics.committed_of_gateway(gateway), topics.commands_of_gateway(gateway)
        granted = await client.subscribe([(topic, 1) for topic in wanted])
        for topic, code in zip(wanted, granted, strict=True):
            if isinstance(code, ReasonCode) and code.is_failure:
                msg = f"does not let gateway {gateway} read {topic}"
                raise RefusedError(msg)

    async def _tell(self, client: Client, *, online: bool) -> None:
        status = self._access.status(online=online, now_ns=self._now_ns())
        await client.publish(self._access.status_topic, status, qos=1, retain=True)

    async def _receive(self, client: Client) -> None:
        async for message in client.messages:
            try:
                _, device, kind = topics.parse_down(message.topic.value)
            except TopicError as error:
                _log.warning("message ignored error=%s", error)
                continue
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if kind == "command":
                self._take_command(device, payload)
            elif word := _committed(device, payload):
                self._backoff.reset()
                self._sender.committed(word)
            else:
                _log.warning("message ignored topic=%s", message.topic)

    def _note(self, error: BaseException) -> float:
        """Keep what went wrong; give how long to wait."""
        reason, before = self._access.reason(error), self.trouble
        self.trouble = f"broker {self._access.broker}: {reason}"
        if self.trouble != before:
            _log.warning("broker lost broker=%s error=%s", self._access.broker, reason)
        if self._is_refusal(error):
            self.n_refused += 1
            # Half of it at least: a person has to act first.
            return self._refused_s * random.uniform(0.5, 1)  # noqa: S311 - spreading, not secrecy
        if _now_s() - self._connected_s > _HEALTHY_S:
            self._backoff.reset()
        return self._backoff.next_s()

    def _is_refusal(self, error: BaseException) -> bool:
        is_known = isinstance(error, RefusedError | ConfigError)
        return is_known or self._access.refusal(error) is not None


def _committed(device: str, payload: bytes) -> Committed | None:
    with suppress(ValidationError):
        word = Committed.model_validate_json(payload)
        if word.device == device and word.boot_id in _COUNTERS and word.through in _COUNTERS:
            return word
    return None


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable
