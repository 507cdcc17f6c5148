"""A scenario between virtual gateways, a real broker and an engine that is reduced to its word."""

import time
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from cloud.embedded import nats
from ecgcore.clock import UtcClock
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame
from simulators.lab.frames import BootTruth
from simulators.lab.gateways import VirtualGateway, gateway_name, play_mqtt
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import relayed
from simulators.scenario.plan import Plan
from tests.gateway.broker import Nats, free_port
from tests.scenarios.engine import LabEngine, running_lab_engine

PASSWORD = "p-virtual"


async def play(
    plan: Plan, folder: Path, n_gateways: int, speed: float
) -> tuple[list[VirtualGateway], LabEngine]:
    """Play a plan until everything is committed."""
    names = [gateway_name(number) for number in range(1, n_gateways + 1)]
    server = Nats(
        nats.prepare(
            folder / "nats", free_port(), {"engine": "p-engine"}, dict.fromkeys(names, PASSWORD)
        )
    )
    await server.start()
    clock = UtcClock(time.time_ns, time.time_ns(), speed)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.kill)
        engine = await stack.enter_async_context(running_lab_engine(server))
        timeline = Timeline(clock, clock.now_ns())
        broker = Broker("127.0.0.1", server.server.port, None, PASSWORD, tls=False)
        near = await stack.enter_async_context(relayed(plan, timeline, broker))
        gateways = await play_mqtt(plan, timeline, near, n_gateways)
    return gateways, engine


def assert_committed(gateways: list[VirtualGateway], engine: LabEngine) -> None:
    """Check that every frame of every gateway was kept once, and every gap is named."""
    left = {each.name: len(each.spool) for each in gateways if each.spool}
    assert not left, f"not committed: {left}"
    for gateway in gateways:
        frames = engine.of(gateway.device)
        boots = {boot.boot_id: boot for boot in gateway.source.boots if boot.sent}
        assert {frame.boot_id for frame in frames} == set(boots), gateway.name
        for boot_id, boot in boots.items():
            _check([f for f in frames if f.boot_id == boot_id], boot, gateway.name)


def _check(frames: list[Frame], boot: BootTruth, name: str) -> None:
    frames.sort(key=lambda frame: frame.first_counter)
    sent = [(frame.first_counter, frame.end) for frame in frames]
    assert sent == boot.sent, f"{name} boot {boot.boot_id}: {sent} is not {boot.sent}"
    gaps = [(f.start, f.first_counter, f.gap_reason) for f in frames if f.gap_before]
    assert gaps == boot.gaps, f"{name} boot {boot.boot_id}: gaps {gaps} are not {boot.gaps}"
    for frame in frames:
        numbers = np.arange(frame.first_counter, frame.end)
        assert (frame.adc[0] == numbers).all(), f"{name} boot {boot.boot_id}: other samples"
