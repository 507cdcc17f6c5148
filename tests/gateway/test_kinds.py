"""Patches of other kinds than the H10 through a whole gateway: counted as their kind allows."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from devices.healthypi.driver import HealthyPi5Driver
from devices.heart_rate.driver import HeartRateDriver
from devices.movesense.driver import MovesenseDriver
from devices.registry import Registry
from ecgcore.clock import UtcClock
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import Contact, LinkState
from gateway import app
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.patch import Notification, SimulatedPatch
from simulators.patches.healthypi import HealthyPi, SimulatedHealthyPi
from simulators.patches.heart_rate import SimulatedStrap
from simulators.patches.movesense import MovesenseConfig, SimulatedMovesense
from simulators.patches.sensor import SensorConfig
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.source import SampleNumbers
from tests.gateway.broker import Engine, until
from tests.gateway.rig import Running, cloud, settings

SPEED = 4.0


@dataclass
class Patch:
    """A patch on the air, the gateway that has it, and what came of it."""

    patch: SimulatedPatch
    peripheral: Peripheral
    gateway: Running
    engine: Engine
    sent: list[range] = field(default_factory=list)

    async def until_sent(self, more: int) -> None:
        wanted = len(self.sent) + more
        await until(lambda: len(self.sent) >= wanted)

    def lose(self, is_lost: Callable[[Notification], bool]) -> None:
        """Lose notifications behind the patch's back."""
        notify = self.peripheral._notify

        def lossy(connection: object, notification: Notification) -> bool:
            return is_lost(notification) or notify(connection, notification)

        self.peripheral._notify = lossy

    async def frames(self) -> list[Frame]:
        await self.gateway.stop()
        return self.engine.of(self.patch.device_id)


@asynccontextmanager
async def streaming(
    folder: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[int], SimulatedPatch]
) -> AsyncIterator[Patch]:
    drivers = (HeartRateDriver(), MovesenseDriver(), HealthyPi5Driver())
    monkeypatch.setattr(app, "installed_drivers", lambda: Registry(drivers))
    origin_ns = time.time_ns()
    clock, air, sent = UtcClock(time.time_ns, origin_ns, SPEED), VirtualRadio(), list[range]()
    patch = make(clock.now_ns())

    def note(notification: Notification) -> None:
        if notification.samples:
            sent.append(notification.samples)

    peripheral = Peripheral(air, patch, clock, note)
    async with cloud(folder) as (broker, engine), serve_hci(air, "127.0.0.1", 0) as port:
        task = asyncio.create_task(peripheral.run())
        using = settings(
            folder,
            broker.url,
            None,
            radio=f"bumble:tcp-client:127.0.0.1:{port}",
            speed=SPEED,
            clock_origin_ns=origin_ns,
        )
        gateway = Running(using)
        try:
            yield Patch(patch, peripheral, gateway, engine, sent)
        finally:
            if not gateway.task.done():
                await gateway.stop()
            task.cancel()
            await asyncio.wait([task])


def assert_values(frames: list[Frame], patch: SimulatedMovesense | SimulatedHealthyPi) -> None:
    """Every sample of a frame is the patch's; the first frame's tells the count's origin."""
    first = int(np.argmax(patch.adc(0, 4000)[0] == frames[0].adc[0, 0]))
    for frame in frames:
        numbers = patch.adc(first + frame.first_counter, frame.n_samples)
        assert np.array_equal(frame.adc, numbers)


async def test_a_movesense_that_loses_packets_is_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        return SimulatedMovesense(MovesenseConfig("174630000192", on_ns), SampleNumbers())

    lost, numbers = {4, 9, 10}, iter(range(100_000))
    async with streaming(tmp_path, monkeypatch, make) as there:
        await there.until_sent(10)
        there.lose(lambda n: bool(n.samples) and next(numbers) in lost)
        await there.until_sent(40)
        frames = await there.frames()
    gaps = [(frame.gap_before, frame.gap_reason) for frame in frames if frame.gap_before]
    assert gaps == [(16, GapReason.RADIO_LOSS), (32, GapReason.RADIO_LOSS)]
    assert isinstance(there.patch, SimulatedMovesense)
    assert_values(frames, there.patch)
    assert {(frame.fs_mhz, frame.lsb_pv) for frame in frames} == {(250_000, 381_470)}


async def test_a_healthypi_is_counted_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        return SimulatedHealthyPi(SensorConfig("", on_ns), SampleNumbers(), HealthyPi.FIVE)

    async with streaming(tmp_path, monkeypatch, make) as there:
        await there.until_sent(60)
        frames = await there.frames()
    assert isinstance(there.patch, SimulatedHealthyPi)
    assert [frame.gap_before for frame in frames] == [0] * len(frames)
    counters = [(frame.first_counter, frame.end) for frame in frames]
    assert [at for at, _ in counters[1:]] == [end for _, end in counters[:-1]]
    heard = np.concatenate([frame.adc for frame in frames], axis=1)
    sent = [there.patch.adc(each.start, len(each)) for each in there.sent]
    assert np.array_equal(heard, np.concatenate(sent, axis=1)[:, : heard.shape[1]])


async def test_a_strap_without_ecg_streams_its_heart_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        return SimulatedStrap(SensorConfig("0017", on_ns), SyntheticEcg(EcgConfig()))

    async with streaming(tmp_path, monkeypatch, make) as there:
        statuses = there.engine.statuses[there.patch.device_id]
        await until(
            lambda: any(
                each.link is LinkState.STREAMING and each.contact is Contact.ON for each in statuses
            )
        )
        assert await there.frames() == []
