"""Patches of other kinds than the H10 through a whole gateway: counted as their kind allows."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from devices.bitalino.driver import BitalinoDriver
from devices.ganglion.driver import GanglionDriver
from devices.healthypi.driver import HealthyPi5Driver
from devices.heart_rate.driver import HeartRateDriver
from devices.movesense.driver import MovesenseDriver
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Driver
from devices.registry import Registry
from ecgcore.clock import UtcClock
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import Contact, LinkState
from gateway import app
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.patch import Notification, SimulatedPatch
from simulators.patches.bitalino import SimulatedBitalino
from simulators.patches.ganglion import GanglionConfig, SimulatedGanglion
from simulators.patches.healthypi import HealthyPi, SimulatedHealthyPi
from simulators.patches.heart_rate import SimulatedStrap
from simulators.patches.movesense import MovesenseConfig, SimulatedMovesense
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.patches.sensor import SensorConfig
from simulators.peripheral import Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.source import SampleNumbers
from tests.devices.host import Ramp, Ramps
from tests.gateway.broker import Engine, until
from tests.gateway.rig import Running, cloud, settings

SPEED = 4.0
Sampling = SimulatedBitalino | SimulatedGanglion | SimulatedHealthyPi | SimulatedMovesense


@dataclass
class Patch:
    """A patch on the air, the gateway that has it, and what came of it."""

    patch: SimulatedPatch
    air: VirtualRadio
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
    drivers = (
        HeartRateDriver(),
        BitalinoDriver(),
        GanglionDriver(),
        HealthyPi5Driver(),
        MovesenseDriver(),
        PolarH10Driver(),
    )
    monkeypatch.setattr(app, "installed_drivers", lambda: Registry(drivers))
    # At four times the speed a busy machine lets a second's notifications come at once.
    monkeypatch.setattr("gateway.link._INBOX_NOTIFICATIONS", 4096)
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
            yield Patch(patch, air, peripheral, gateway, engine, sent)
        finally:
            if not gateway.task.done():
                await gateway.stop()
            task.cancel()
            await asyncio.wait([task])


def assert_values(frames: list[Frame], patch: Sampling) -> None:
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


async def test_a_bitalino_that_loses_notifications_is_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One, and two in a row; more are a turn of its numbers and show by time only."""

    def make(on_ns: int) -> SimulatedPatch:
        return SimulatedBitalino(SensorConfig("52-7E", on_ns), Ramp(490, step_uv=3))

    lost, numbers = {20, 45, 46}, iter(range(100_000))
    async with streaming(tmp_path, monkeypatch, make) as there:
        await there.until_sent(10)
        there.lose(lambda n: bool(n.samples) and next(numbers) in lost)
        await there.until_sent(70)
        frames = await there.frames()
    assert isinstance(there.patch, SimulatedBitalino)
    assert_values(frames, there.patch)
    reasons = {frame.gap_reason for frame in frames if frame.gap_before}
    assert reasons == {GapReason.RADIO_LOSS}
    gaps = [frame.gap_before for frame in frames if frame.gap_before]
    # A frame in two pieces goes with its notification.
    assert [round(gap * 3 / 20) for gap in gaps] == [1, 2]


@pytest.mark.parametrize("firmware", ["2.0.1", "3.0.2"])
async def test_a_ganglion_that_loses_packets_is_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, firmware: str
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        config = GanglionConfig("a0f3", on_ns, firmware=firmware)
        return SimulatedGanglion(config, Ramps(*(Ramp(3000 + k) for k in range(4))))

    lost, numbers = {30, 31, 230}, iter(range(100_000))
    async with streaming(tmp_path, monkeypatch, make) as there:
        await there.until_sent(10)
        there.lose(lambda n: bool(n.samples) and next(numbers) in lost)
        await there.until_sent(350)
        frames = await there.frames()
    assert isinstance(there.patch, SimulatedGanglion)
    assert_values(frames, there.patch)
    gaps = [frame.gap_before for frame in frames if frame.gap_before]
    if firmware == "3.0.2":
        assert gaps == [4, 2]
    else:
        # Behind a loss, differences are missing until the next whole sample.
        assert len(gaps) == 2
        assert all(0 < gap <= 201 for gap in gaps)


async def test_over_a_lost_link_a_ganglion_is_counted_to_the_nearest_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        config = GanglionConfig("a0f3", on_ns, firmware="3.0.2")
        return SimulatedGanglion(config, Ramps(*[Ramp(3000)] * 4))

    async with streaming(tmp_path, monkeypatch, make) as there:
        await there.until_sent(50)
        last = there.sent[-1].stop
        async with there.air.drop(there.peripheral.address):
            await asyncio.sleep(3 / SPEED)
        await there.until_sent(50)
        frames = await there.frames()
    assert len({frame.boot_id for frame in frames}) == 1
    gaps = [frame.gap_before for frame in frames if frame.gap_reason is GapReason.LINK_LOST]
    start = next(each.start for each in there.sent if each.start > last + 20)
    end = next(each.stop for each in reversed(there.sent) if each.stop < start)
    assert gaps == [pytest.approx(start - end, abs=101)]


async def test_whether_a_strap_is_worn_shows_before_there_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(on_ns: int) -> SimulatedPatch:
        return SimulatedH10(PatchConfig("0A1B2C01", on_ns), SampleNumbers())

    def off(state: codec.AdvertisedState) -> bytes:
        return encode(replace(state, contact=False))

    encode = codec.encode_advertised_state
    monkeypatch.setattr(codec, "encode_advertised_state", off)
    async with streaming(tmp_path, monkeypatch, make) as there:
        statuses = there.engine.statuses[there.patch.device_id]
        await there.until_sent(3)
        await until(lambda: any(each.contact is Contact.ON for each in statuses))
        before = {LinkState.ADVERTISING, LinkState.CONNECTING}
        assert Contact.OFF in {each.contact for each in statuses if each.link in before}
