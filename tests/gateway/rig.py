"""A whole gateway in this process, between simulated straps and a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ecgcore.wire.frame import Frame
from gateway.app import run_gateway
from gateway.settings import GatewaySettings
from tests.gateway.broker import Engine, Nats, running_engine, running_nats
from tests.patience import PATIENCE
from tests.simulators.room import SPEED, Room


def settings(folder: Path, broker_url: str, there: Room | None, **more: Any) -> GatewaySettings:
    given = {
        "broker_url": broker_url,
        "spool_path": folder / "spool.sqlite",
        "radio": f"bumble:{there.hci}" if there else "native",
        "take_any": True,
        "speed": there.speed if there else SPEED,
        "clock_origin_ns": time.time_ns(),
        "resend_s": 1.0,
        "status_s": 0.2,
        "patches_path": folder / "patches.toml",
    }
    return GatewaySettings(**(given | more))


class Running:
    """A gateway in this process; `stop` ends it in order and gives its summary."""

    def __init__(self, using: GatewaySettings) -> None:
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(run_gateway(using, self._stop))

    async def stop(self) -> dict[str, Any]:
        self._stop.set()
        return await asyncio.wait_for(self.task, 15 * PATIENCE)


@asynccontextmanager
async def cloud(folder: Path, **options: object) -> AsyncIterator[tuple[Nats, Engine]]:
    async with running_nats(folder) as broker, running_engine(broker, **options) as engine:
        yield broker, engine


def device_of(name: str) -> str:
    return name.lower().replace(" ", "-")[:10] + name[10:]


def assert_exact(frames: list[Frame], sent: list[range]) -> None:
    """Every sample handed to the link is in a frame, its counter is its number, the rest gaps."""
    assert frames
    base = sent[0].start
    at = 0
    for frame in frames:
        assert frame.start == at
        numbers = frame.adc[0] - base
        assert numbers.tolist() == list(range(frame.first_counter, frame.end))
        at = frame.end
    stored = {base + k for frame in frames for k in range(frame.first_counter, frame.end)}
    assert stored == {number for numbers in sent for number in numbers}
