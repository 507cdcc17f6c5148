"""A scenario between simulated patches on the virtual radio, the real gateway and a real broker."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecgcore.clock import UtcClock
from gateway.settings import GatewaySettings
from simulators.lab.build import build_patches
from simulators.lab.patch import FaultyPatch
from simulators.lab.room import ScenarioRoom
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import Relay
from simulators.radio import VirtualRadio, serve_hci
from simulators.scenario.faults import HostClockJump, Scope
from simulators.scenario.plan import Plan
from tests.gateway.broker import running_nats
from tests.gateway.rig import Running
from tests.scenarios.engine import LabEngine, running_lab_engine

_NS = 1_000_000_000


@dataclass
class Played:
    """What came of a scenario."""

    patches: list[FaultyPatch]
    engine: LabEngine
    summary: dict[str, Any]


async def play(plan: Plan, folder: Path, speed: float = 10.0) -> Played:
    """Play a plan from its begin to its end, then stop the gateway in order."""
    clock = UtcClock(time.time_ns, time.time_ns(), speed)
    timeline = Timeline(clock, clock.now_ns())
    patches = build_patches(plan, timeline.start_ns)
    air = VirtualRadio(seed=plan.seed)
    async with (
        running_nats(folder) as broker,
        running_lab_engine(broker) as engine,
        serve_hci(air, "127.0.0.1", 0) as hci_port,
    ):
        relay = Relay("127.0.0.1", broker.server.port)
        room = ScenarioRoom(patches, air, timeline)
        async with relay.listening() as port:
            url = broker.url.replace(str(broker.server.port), str(port))
            work = [asyncio.create_task(room.run())]
            work += [
                asyncio.create_task(relay.obey(each, timeline))
                for each in plan.shared()
                if each.fault.scope is Scope.UPLINK
            ]
            with _host_clock(plan, timeline):
                gateway = Running(_settings(folder, url, hci_port, clock))
                await timeline.until(plan.scenario.duration_s)
                summary = await gateway.stop()
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            for task in work:
                assert task.cancelled() or task.exception() is None, task.exception()
    return Played(patches, engine, summary)


def _settings(folder: Path, url: str, hci_port: int, clock: UtcClock) -> GatewaySettings:
    return GatewaySettings(
        broker_url=url,
        spool_path=folder / "spool.sqlite",
        radio=f"bumble:tcp-client:127.0.0.1:{hci_port}",
        take_any=True,
        speed=clock.speed,
        clock_origin_ns=clock.origin_ns,
        resend_s=8.0,
        broker_timeout_s=2.0,
    )


@contextmanager
def _host_clock(plan: Plan, timeline: Timeline) -> Iterator[None]:
    """Give the gateway a clock of its own, which the plan sets."""
    read: Callable[[], int] = time.time_ns
    jumps = [(each, each.fault) for each in plan.shared() if isinstance(each.fault, HostClockJump)]

    def time_ns() -> int:
        at_s = timeline.now_s
        ahead_s = sum(
            -fault.by if fault.is_back else fault.by for each, fault in jumps if each.is_on(at_s)
        )
        return read() + round(ahead_s * _NS / timeline.clock.speed)

    with pytest.MonkeyPatch.context() as patched:
        if jumps:
            patched.setattr(
                "gateway.app.time", SimpleNamespace(**{**vars(time), "time_ns": time_ns})
            )
        yield
