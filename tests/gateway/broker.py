"""A real broker, and an engine reduced to what the gateway sees of it."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiomqtt import Client, MqttError

from cloud.embedded import nats
from ecgcore.wire import topics
from ecgcore.wire.events import DeviceEvent, decode_event
from ecgcore.wire.frame import Frame, decode_frame
from ecgcore.wire.messages import Committed, DeviceStatus
from gateway.cancellation import cancel_all
from tests.patience import PATIENCE

GATEWAY = "home"
PASSWORD = "p-gateway"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(done: Callable[[], object], within_s: float = 15) -> None:
    async with asyncio.timeout(within_s * PATIENCE):
        while not done():  # noqa: ASYNC110 - what is waited for is not ours
            await asyncio.sleep(0.01)


@dataclass
class Nats:
    """nats-server as the system runs it, which a test may kill."""

    server: nats.EmbeddedNats
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return self.server.url(GATEWAY, PASSWORD)

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self.server.command(), stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10 * PATIENCE):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        assert self.process
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running_nats(folder: Path) -> AsyncIterator[Nats]:
    prepared = nats.prepare(
        folder / "nats", free_port(), {"engine": "p-engine"}, {GATEWAY: PASSWORD}
    )
    broker = Nats(prepared)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()


@dataclass
class Engine:
    """Keeps every frame once and says what it has, if it is told to."""

    broker: Nats
    commits: bool = True
    loses: Callable[[Frame], bool] = lambda frame: False
    arrivals: list[Frame] = field(default_factory=list)
    frames: dict[tuple[str, int, int, int], Frame] = field(default_factory=dict)
    events: list[DeviceEvent] = field(default_factory=list)
    statuses: dict[str, list[DeviceStatus]] = field(default_factory=lambda: defaultdict(list))
    is_listening: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until cancelled, through restarts of the broker."""
        while True:
            with suppress(MqttError):
                async with self._client() as client:
                    client._disconnected.add_done_callback(lambda lost: lost.exception())
                    await client.subscribe(f"{topics.ROOT}/+/+/+/samples", qos=1)
                    await client.subscribe(f"{topics.ROOT}/+/+/+/event", qos=1)
                    await client.subscribe(topics.all_status())
                    self.is_listening.set()
                    await self._serve(client)
            await asyncio.sleep(0.05)

    def _client(self) -> Client:
        return Client(
            "127.0.0.1",
            self.broker.server.port,
            username="engine",
            password="p-engine",
            identifier="engine",
            clean_session=False,
            timeout=1,  # a publish does not notice that the broker is gone
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )

    async def _serve(self, client: Client) -> None:
        async for message in client.messages:
            payload = bytes(message.payload)
            topic = topics.parse_up(message.topic.value)
            if topic.kind == "status":
                self.statuses[topic.device].append(DeviceStatus.model_validate_json(payload))
                continue
            if topic.kind == "event":
                await self._take_event(client, decode_event(payload))
                continue
            frame = decode_frame(payload)
            if self.loses(frame):
                continue
            self.arrivals.append(frame)
            key = (frame.device, frame.boot_id, frame.first_counter, frame.n_samples)
            self.frames[key] = frame
            if self.commits:
                await self.commit(client, frame.device, frame.boot_id)

    async def _take_event(self, client: Client, event: DeviceEvent) -> None:
        self.events.append(event)
        word = Committed(
            device=event.device,
            boot_id=event.boot_id,
            through=event.number + 1,
            through_ns=event.at_ns,
            kind="event",
        )
        if self.commits:
            topic = topics.committed(GATEWAY, event.device)
            await client.publish(topic, word.model_dump_json(), qos=1)

    async def commit(self, client: Client, device: str, boot_id: int) -> None:
        message = Committed(
            device=device, boot_id=boot_id, through=self.through(device, boot_id), through_ns=0
        )
        await client.publish(topics.committed(GATEWAY, device), message.model_dump_json(), qos=1)

    def through(self, device: str, boot_id: int) -> int:
        """Give the end of what is here without hole from counter 0."""
        at = 0
        for frame in self.of(device):
            if frame.boot_id == boot_id and frame.start <= at:
                at = max(at, frame.end)
        return at

    def of(self, device: str) -> list[Frame]:
        """Give a patch's frames in counter order."""
        frames = [frame for frame in self.frames.values() if frame.device == device]
        return sorted(frames, key=lambda frame: (frame.boot_id, frame.first_counter))


@asynccontextmanager
async def running_engine(broker: Nats, **options: object) -> AsyncIterator[Engine]:
    engine = Engine(broker, **options)  # type: ignore[arg-type]  # whatever the test wants
    task = asyncio.create_task(engine.run())
    try:
        await asyncio.wait_for(engine.is_listening.wait(), 10 * PATIENCE)
        yield engine
    finally:
        await cancel_all([task], 1)
