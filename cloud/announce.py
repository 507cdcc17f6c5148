"""What the engine says after a commit: to gateways, what is safe; to the pages, what is new.

QoS 0 and a bounded queue: nothing here is needed for correctness. A gateway that misses a word
sends again and is told again; a page that misses a strip shows the gap and asks for the past.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import aiomqtt

from cloud.connection import heed_cancellation, while_connected
from ecgcore.report import Report
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import Committed, Heartbeat, Numbers

_QUEUE_MESSAGES = 4096
_HEARTBEAT_S = 1.0


class Announcer:
    """Publishes from a bounded queue; when it is full the oldest words are dropped."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(_QUEUE_MESSAGES)

    def committed(self, gateway: str, word: Committed) -> None:
        """Tell a gateway what is durable."""
        self._put(topics.committed(gateway, word.device), word.model_dump_json().encode())

    def strip(self, device: str, body: bytes) -> None:
        """Show a stored frame, as it came."""
        self._put(topics.live(device, "strip"), body)

    def numbers(self, numbers: Numbers) -> None:
        """Show the latest values."""
        self._put(topics.live(numbers.device, "numbers"), numbers.model_dump_json().encode())

    def report(self, device: str, report: Report) -> None:
        """Deliver a stored report."""
        self._put(topics.live(device, "report"), report.model_dump_json().encode())

    async def run(self, heartbeat: Callable[[], Heartbeat]) -> None:
        """Publish until cancelled, reconnecting as often as it takes."""
        await while_connected(self._broker, partial(self._publish, heartbeat))

    async def _publish(self, heartbeat: Callable[[], Heartbeat], client: aiomqtt.Client) -> None:
        loop = asyncio.get_running_loop()
        beat_s = loop.time()
        while True:
            message = await self._next_before(beat_s)
            if message is None:
                beat_s = loop.time() + _HEARTBEAT_S
                word = heartbeat()
                message = topics.service(word.service), word.model_dump_json().encode()
            await client.publish(*message, qos=0)
            heed_cancellation()

    async def _next_before(self, deadline_s: float) -> tuple[str, bytes] | None:
        # Asked first: a queue that is never empty must not keep the heart from beating.
        if asyncio.get_running_loop().time() >= deadline_s:
            return None
        try:
            async with asyncio.timeout_at(deadline_s):
                return await self._queue.get()
        except TimeoutError:
            return None

    def _put(self, topic: str, payload: bytes) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait((topic, payload))
