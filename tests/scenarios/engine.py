"""An engine reduced to what gateways see of it, fast enough for thousands of them."""

import asyncio
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiomqtt import Client, MqttError

from cloud.event_order import EventBatch, EventOrder
from ecgcore.errors import EcgomicsError
from ecgcore.wire import topics
from ecgcore.wire.events import decode_event
from ecgcore.wire.frame import Frame, decode_frame
from ecgcore.wire.messages import Committed
from tests.gateway.broker import Nats

_Boot = tuple[str, int]
# As the engine does: one commit for what came in the meantime.
_COMMIT_S = 0.05
_AT_ONCE = 64


class LabEngine:
    """Keeps every frame once, sets aside what is damaged, and says what it has."""

    def __init__(self, broker: Nats) -> None:
        self._broker = broker
        self._frames: dict[str, dict[tuple[int, int, int], Frame]] = defaultdict(dict)
        self._through: Counter[_Boot] = Counter()
        self._early: dict[_Boot, dict[int, int]] = defaultdict(dict)
        self._untold: dict[_Boot, str] = {}
        self._event_orders: dict[_Boot, EventOrder] = defaultdict(EventOrder)
        self._events = EventBatch()
        self.quarantined = 0
        self.duplicates = 0
        self.n_frames = 0
        self.is_listening = asyncio.Event()

    def of(self, device: str) -> list[Frame]:
        """Give a patch's frames, boots in the order of their arrival, each in counter order."""
        frames = list(self._frames[device].values())
        order = {boot: at for at, boot in enumerate(dict.fromkeys(f.boot_id for f in frames))}
        return sorted(frames, key=lambda f: (order[f.boot_id], f.first_counter, f.n_samples))

    async def run(self) -> None:
        """Serve until cancelled, through restarts of the broker."""
        while True:
            try:
                async with self._client() as client, asyncio.TaskGroup() as tasks:
                    client._disconnected.add_done_callback(
                        lambda lost: lost.cancelled() or lost.exception()
                    )
                    kinds = (topics.SAMPLES, topics.EVENT)
                    await client.subscribe([(f"{topics.ROOT}/+/+/+/{kind}", 1) for kind in kinds])
                    self.is_listening.set()
                    tasks.create_task(self._tell(client))
                    async for message in client.messages:
                        self._take(message.topic.value, bytes(message.payload))
            except* MqttError:
                await asyncio.sleep(0.05)

    async def _tell(self, client: Client) -> None:
        while True:
            untold, self._untold = list(self._untold.items()), {}
            for at in range(0, len(untold), _AT_ONCE):
                words = [self._word(boot, gateway) for boot, gateway in untold[at : at + _AT_ONCE]]
                await asyncio.gather(*(client.publish(*word, qos=0) for word in words))
            events, self._events = self._events, EventBatch()
            for gateway, word in events.words():
                topic = topics.committed(gateway, word.device)
                await client.publish(topic, word.model_dump_json(), qos=0)
            await asyncio.sleep(_COMMIT_S)

    def _word(self, boot: _Boot, gateway: str) -> tuple[str, str]:
        device, boot_id = boot
        through = self._through[boot]
        message = Committed(device=device, boot_id=boot_id, through=through, through_ns=0)
        return topics.committed(gateway, device), message.model_dump_json()

    def _client(self) -> Client:
        client = Client(
            "127.0.0.1",
            self._broker.server.port,
            username="engine",
            password="p-engine",
            identifier="engine",
            clean_session=False,
            timeout=5,
            max_inflight_messages=1000,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
        client.pending_calls_threshold = 100_000
        return client

    def _take(self, topic_name: str, payload: bytes) -> None:
        topic = topics.parse_up(topic_name)
        try:
            if topic.kind == topics.EVENT:
                event = decode_event(payload)
                order = self._event_orders[event.device, event.boot_id]
                self._events.take(topic.gateway, event, order)
                return
            frame = decode_frame(payload)
        except EcgomicsError:
            self.quarantined += 1
            return
        self._keep(frame)
        self._untold[frame.device, frame.boot_id] = topic.gateway

    def _keep(self, frame: Frame) -> None:
        key = (frame.boot_id, frame.first_counter, frame.n_samples)
        kept = self._frames[frame.device]
        if key in kept:
            self.duplicates += 1
            return
        kept[key] = frame
        self.n_frames += 1
        boot = (frame.device, frame.boot_id)
        early = self._early[boot]
        early[frame.start] = max(early.get(frame.start, 0), frame.end)
        while (end := early.pop(self._through[boot], None)) is not None:
            self._through[boot] = end


@asynccontextmanager
async def running_lab_engine(
    broker: Nats, engine: LabEngine | None = None
) -> AsyncIterator[LabEngine]:
    engine = engine or LabEngine(broker)
    task = asyncio.create_task(engine.run())
    try:
        await asyncio.wait_for(engine.is_listening.wait(), 10)
        yield engine
    finally:
        task.cancel()
        await asyncio.wait([task])
