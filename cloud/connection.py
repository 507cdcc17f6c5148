"""Connections to the MQTT broker that the cloud's asyncio parts share."""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiomqtt

from ecgcore.wire.broker import Broker

_log = logging.getLogger(__name__)
_RETRY_MIN_S = 0.1
_RETRY_MAX_S = 2.0


def client_of(broker: Broker, **options: Any) -> aiomqtt.Client:
    """Give a client for a broker, not yet connected; `options` are aiomqtt's own."""
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        tls_context=ssl.create_default_context() if broker.tls else None,
        **options,
    )


async def while_connected(
    broker: Broker, work: Callable[[aiomqtt.Client], Awaitable[None]], **options: Any
) -> None:
    """Do `work` over a connection, and again over a new one whenever it breaks, until cancelled.

    Works that wait for the client without end call `heed_cancellation` after each of its answers.
    """
    delay_s = _RETRY_MIN_S
    while True:
        try:
            async with client_of(broker, **options) as client:
                heed_cancellation()
                delay_s = _RETRY_MIN_S
                await work(client)
        except aiomqtt.MqttError as error:
            _log.info("broker lost broker=%s error=%s", broker, error)
            broker = broker.turned()
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
