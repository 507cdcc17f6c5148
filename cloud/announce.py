"""What the engine says after a commit: to gateways, what is safe; to the pages, what is new.

QoS 0 and bounded queues: nothing here is needed for correctness. A gateway that misses a word
sends again and is told again; a page that misses a strip shows the gap and asks for the past.

Words of what is committed go first, and of each boot the newest alone: a gateway that stops waits
for the last one. What is of now goes before what was stored, as a commit may bring hundreds of old
strips. Messages go out in bunches, because the client confirms each one only turns of the event
loop later.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import aiomqtt

from cloud.connection import heed_cancellation, while_connected
from ecgcore.report import Report
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import Committed, Heartbeat, Numbers

_QUEUE_MESSAGES = 4096
_AT_ONCE = 64
_HEARTBEAT_S = 1.0


class Announcer:
    """Publishes from bounded queues; when one is full its oldest words are dropped."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._words: dict[tuple[str, str, str, int], Committed] = {}
        """By gateway, device, kind and boot; the oldest first."""
        self._of_now: deque[tuple[str, bytes]] = deque(maxlen=_QUEUE_MESSAGES)
        self._stored: deque[tuple[str, bytes]] = deque(maxlen=_QUEUE_MESSAGES)
        self._waiting = asyncio.Event()

    def committed(self, gateway: str, word: Committed) -> None:
        """Tell a gateway what is durable."""
        key = gateway, word.device, word.kind, word.boot_id
        self._words[key] = word
        if len(self._words) > _QUEUE_MESSAGES:
            del self._words[next(iter(self._words))]
        self._waiting.set()

    def strip(self, device: str, body: bytes, *, is_of_now: bool = False) -> None:
        """Show a frame, as it came: a stored one, or one before its turn."""
        self._put(topics.live(device, "strip"), body, is_of_now=is_of_now)

    def numbers(self, numbers: Numbers) -> None:
        """Show the latest values."""
        body = numbers.model_dump_json().encode()
        self._put(topics.live(numbers.device, "numbers"), body, is_of_now=numbers.is_preview)

    def report(self, device: str, report: Report) -> None:
        """Deliver a stored report."""
        self._put(topics.live(device, "report"), report.model_dump_json().encode())

    async def run(self, heartbeat: Callable[[], Heartbeat]) -> None:
        """Publish until cancelled, reconnecting as often as it takes."""
        await while_connected(self._broker, partial(self._publish, heartbeat))

    async def _publish(self, heartbeat: Callable[[], Heartbeat], client: aiomqtt.Client) -> None:
        loop = asyncio.get_running_loop()
        beat_s = loop.time()
        client.pending_calls_threshold = 2 * _AT_ONCE
        while True:
            bunch = await self._next_before(beat_s)
            if not bunch:
                beat_s = loop.time() + _HEARTBEAT_S
                word = heartbeat()
                bunch = [(topics.service(word.service), word.model_dump_json().encode())]
            await asyncio.gather(*(client.publish(*message, qos=0) for message in bunch))
            heed_cancellation()

    async def _next_before(self, deadline_s: float) -> list[tuple[str, bytes]]:
        # Asked first: queues that are never empty must not keep the heart from beating.
        if asyncio.get_running_loop().time() >= deadline_s:
            return []
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline_s):
                await self._waiting.wait()
        return self._bunch()

    def _bunch(self) -> list[tuple[str, bytes]]:
        bunch: list[tuple[str, bytes]] = []
        while self._words and len(bunch) < _AT_ONCE:
            gateway, device, *_ = key = next(iter(self._words))
            body = self._words.pop(key).model_dump_json().encode()
            bunch.append((topics.committed(gateway, device), body))
        for queue in (self._of_now, self._stored):
            while queue and len(bunch) < _AT_ONCE:
                bunch.append(queue.popleft())
        if not (self._words or self._of_now or self._stored):
            self._waiting.clear()
        return bunch

    def _put(self, topic: str, payload: bytes, *, is_of_now: bool = False) -> None:
        (self._of_now if is_of_now else self._stored).append((topic, payload))
        self._waiting.set()
