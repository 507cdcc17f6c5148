"""The MQTT broker: its address, ``mqtt://user:password@host:port``, and a connection that lasts."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiomqtt

from ecgcore.errors import ConfigError

_log = logging.getLogger(__name__)
_DEFAULT_PORT = 1883
_RETRY_MIN_S = 0.1
_RETRY_MAX_S = 2.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and who connects."""

    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Read an address.

        Raises
        ------
        ConfigError
            If it is not an ``mqtt://`` address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORT
        except ValueError as error:
            msg = f"broker address: {error}"
            raise ConfigError(msg) from error
        if parts.scheme != "mqtt" or not parts.hostname:
            host = parts.hostname or ""
            msg = f"broker address {parts.scheme}://{host}: mqtt://HOST:PORT is needed"
            raise ConfigError(msg)
        name = unquote(parts.username) if parts.username else None
        word = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port, name, word)

    def __str__(self) -> str:
        """Give the address without the password."""
        return f"mqtt://{self.host}:{self.port}"


async def while_connected(
    broker: Broker, work: Callable[[aiomqtt.Client], Awaitable[None]]
) -> None:
    """Do `work` over a connection, and again over a new one whenever it breaks, until cancelled."""
    delay_s = _RETRY_MIN_S
    while True:
        try:
            async with aiomqtt.Client(
                broker.host, broker.port, username=broker.username, password=broker.password
            ) as client:
                delay_s = _RETRY_MIN_S
                await work(client)
        except aiomqtt.MqttError as error:
            _log.info("broker lost error=%s", error)
        heed_cancellation()
        await asyncio.sleep(random.uniform(0, delay_s))  # noqa: S311 - spreading, not secrecy
        delay_s = min(2 * delay_s, _RETRY_MAX_S)


def heed_cancellation() -> None:
    """Raise a cancellation that got lost.

    aiomqtt waits with `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes
    in the same turn as the answer (python/cpython#86296).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
