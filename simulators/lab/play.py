"""A scenario at the Bluetooth level: patches for a gateway that runs elsewhere."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker
from simulators.journal import JournalWriter
from simulators.lab.build import build_patches
from simulators.lab.page import serve_rig
from simulators.lab.patch import FaultyPatch
from simulators.lab.rig import Rig
from simulators.lab.room import ScenarioRoom
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import Relay
from simulators.radio import VirtualRadio, serve_hci
from simulators.scenario.faults import Scope
from simulators.scenario.plan import Plan

_log = logging.getLogger(__name__)
_LOOK_S = 0.05

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PlayConfig:
    """Where a scenario is played."""

    plan: Plan
    clock: UtcClock
    listen: Address
    """Of the HCI controllers."""
    journal: Path | None = None
    stays: bool = False
    """Whether the patches go on after the scenario's end."""
    broker: Broker | None = None
    relay: Address | None = None
    """Where gateways find the broker, so that uplink faults can happen."""
    page: Address | None = None
    """Of the rig page."""


async def play_bluetooth(
    config: PlayConfig, on_progress: Callable[[float], None] = lambda at_s: None
) -> dict[str, Any]:
    """Play a scenario from the moment when the first host connects; give its account.

    Raises
    ------
    ConfigError
        If a patch is not possible, an address is taken or the journal cannot be written.
    """
    radio = VirtualRadio(seed=config.plan.seed)
    try:
        if config.journal:
            _announce(config, config.journal)
        async with serve_hci(radio, *config.listen) as port, _relayed(config) as relay:
            _log.info("waiting for a host hci=%s:%d", config.listen[0], port)
            stop = _stopped()
            if not await _first_host(radio, stop):
                return {}
            return await _play(config, radio, relay, stop, on_progress)
    except OSError as error:
        msg = f"scenario {config.plan.scenario.name}: {error}"
        raise ConfigError(msg) from error


async def _play(
    config: PlayConfig,
    radio: VirtualRadio,
    relay: Relay | None,
    stop: asyncio.Event,
    on_progress: Callable[[float], None],
) -> dict[str, Any]:
    timeline = Timeline(config.clock, config.clock.now_ns())
    patches = build_patches(config.plan, timeline.start_ns)
    journals = {patch.device_id: _Journals(config.journal) for patch in patches}
    room = ScenarioRoom(
        patches,
        radio,
        timeline,
        lambda patch, samples: journals[patch.device_id].sent(patch, samples),
        lambda patch, samples: journals[patch.device_id].lost(samples),
    )
    rig = Rig(config.plan, room, timeline)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        if config.page:
            await stack.enter_async_context(serve_rig(rig, *config.page))
        work = [tasks.create_task(room.run(), name="room")]
        if relay:
            work += [
                tasks.create_task(relay.obey(each, timeline), name=each.kind)
                for each in config.plan.shared()
                if each.fault.scope is Scope.UPLINK
            ]
        await _until_over(config, timeline, stop, on_progress)
        for task in work:
            task.cancel()
    return rig.account()


async def _until_over(
    config: PlayConfig,
    timeline: Timeline,
    stop: asyncio.Event,
    on_progress: Callable[[float], None],
) -> None:
    while not stop.is_set():
        on_progress(timeline.now_s)
        if timeline.now_s >= config.plan.scenario.duration_s and not config.stays:
            return
        try:
            async with asyncio.timeout(1.0 / max(timeline.clock.speed, 1.0) + 0.1):
                await stop.wait()
        except TimeoutError:
            continue


class _Journals:
    """The files of one patch, one for each run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writer: JournalWriter | None = None
        self._run = 0

    def sent(self, patch: FaultyPatch, samples: range) -> None:
        if self._folder is None:
            return
        if self._writer is None or self._run != len(patch.account.runs):
            self._run = len(patch.account.runs)
            self._writer = JournalWriter(self._folder, patch)
        self._writer.record(samples)

    def lost(self, samples: range) -> None:
        if self._writer:
            self._writer.lose(samples)


def _announce(config: PlayConfig, folder: Path) -> None:
    """Say which patches there will be: whoever sets a system up must know before they stream."""
    folder.mkdir(parents=True, exist_ok=True)
    for patch in build_patches(config.plan, config.clock.now_ns()):
        JournalWriter(folder, patch)


@asynccontextmanager
async def _relayed(config: PlayConfig) -> AsyncIterator[Relay | None]:
    if config.broker is None or config.relay is None:
        yield None
        return
    relay = Relay(config.broker.host, config.broker.port)
    async with relay.listening(*config.relay) as port:
        _log.info("broker relayed at=%s:%d", config.relay[0], port)
        yield relay


def _stopped() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _first_host(radio: VirtualRadio, stop: asyncio.Event) -> bool:
    """Wait until a host has come; False if the end came first."""
    while not radio.controllers:
        try:
            async with asyncio.timeout(_LOOK_S):
                await stop.wait()
            return False
        except TimeoutError:
            continue
    return True
