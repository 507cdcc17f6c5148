"""Each driver's dialogue with its simulated patch over a virtual Bluetooth link."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from devices.bitalino.driver import BitalinoDriver
from devices.driver import Battery, CommandReply, Driver, HeartRate, Packet, Samples, SkinContact
from devices.ganglion.driver import GanglionDriver
from devices.healthypi.driver import HealthyPi5Driver, HealthyPiMoveDriver
from devices.heart_rate.driver import HeartRateDriver
from devices.movesense.driver import MovesenseDriver
from devices.polar_h10.driver import PolarH10Driver
from devices.registry import Registry
from ecgcore.clock import UtcClock
from ecgcore.types import Int32Array
from gateway.backoff import Backoff, BackoffConfig
from gateway.link import Link, Notification
from gateway.radio import radio_opener
from gateway.scanner import Scanner, Sighting
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.journal import JournalWriter, PatchJournal, read_journal
from simulators.patch import SimulatedPatch
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
from tests.gateway.broker import until

SPEED = 4.0
RAMPS = Ramps(*(Ramp(300 + k) for k in range(4)))
DRIVERS: Sequence[Driver] = (
    HeartRateDriver(),
    BitalinoDriver(),
    GanglionDriver(),
    HealthyPi5Driver(),
    HealthyPiMoveDriver(),
    MovesenseDriver(),
    PolarH10Driver(),
)


class Air:
    """One patch, a radio, and what a link to the patch gives."""

    def __init__(self, patch: SimulatedPatch, clock: UtcClock, folder: Path) -> None:
        self.patch = patch
        self.packets: list[Packet] = []
        self._folder = folder
        self._clock = clock
        self._sightings: list[Sighting] = []

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """On the air, sighted, connected and started; then stopped and gone."""
        air, journal = VirtualRadio(), JournalWriter(self._folder, self.patch)
        peripheral = Peripheral(
            air, self.patch, self._clock, lambda sent: journal.record(sent.samples)
        )
        async with serve_hci(air, "127.0.0.1", 0) as port:
            scanner = Scanner(
                radio_opener(f"bumble:tcp-client:127.0.0.1:{port}"),
                Registry(DRIVERS),
                Backoff(BackoffConfig(), lambda: 0.0),
                self._sightings.append,
            )
            tasks = [asyncio.create_task(each) for each in (peripheral.run(), scanner.run())]
            await until(lambda: self._sightings)
            link = Link(self._sightings[0].driver, self._clock.now_ns)
            tasks.append(asyncio.create_task(self._pump(link)))
            async with link.connected(self._sightings[0]):
                yield link
            while not link.inbox.empty():
                self._take(link, link.inbox.get_nowait())
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _pump(self, link: Link) -> None:
        while True:
            self._take(link, await link.inbox.get())

    def _take(self, link: Link, notification: Notification) -> None:
        assert notification.n_dropped == 0
        packets = link.dialogue.decode(notification.characteristic, notification.data)
        for packet in packets:
            if isinstance(packet, CommandReply):
                link.answer(packet)
        self.packets += packets

    @property
    def device_id(self) -> str:
        return self._sightings[0].device_id

    @property
    def journal(self) -> PatchJournal:
        (journal,) = read_journal(self._folder)
        return journal

    @property
    def adc(self) -> Int32Array:
        return np.concatenate(
            [packet.adc for packet in self.packets if isinstance(packet, Samples)], axis=1
        )


@pytest.fixture(autouse=True)
def roomy_inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """At this speed a busy machine lets more than a second of notifications come at once."""
    monkeypatch.setattr("gateway.link._INBOX_NOTIFICATIONS", 4096)


def on() -> tuple[UtcClock, int]:
    clock = UtcClock(time.time_ns, time.time_ns(), SPEED)
    return clock, clock.now_ns()


def h10(on_ns: int) -> SimulatedPatch:
    return SimulatedH10(PatchConfig("0A1B2C3D", on_ns), SampleNumbers())


def movesense(on_ns: int) -> SimulatedPatch:
    return SimulatedMovesense(MovesenseConfig("174630000192", on_ns), SampleNumbers())


def healthypi_5(on_ns: int) -> SimulatedPatch:
    return SimulatedHealthyPi(SensorConfig("", on_ns), SampleNumbers(), HealthyPi.FIVE)


def healthypi_move(on_ns: int) -> SimulatedPatch:
    return SimulatedHealthyPi(SensorConfig("7", on_ns), SampleNumbers(), HealthyPi.MOVE)


def bitalino(on_ns: int) -> SimulatedPatch:
    return SimulatedBitalino(SensorConfig("52-7E", on_ns), Ramp(490, step_uv=3))


def ganglion_2(on_ns: int) -> SimulatedPatch:
    return SimulatedGanglion(GanglionConfig("a0f3", on_ns), RAMPS)


def ganglion_3(on_ns: int) -> SimulatedPatch:
    config = GanglionConfig("a0f3", on_ns, firmware="3.0.2", bits=19)
    return SimulatedGanglion(config, RAMPS)


def expected(patch: SimulatedPatch, journal: PatchJournal) -> Int32Array:
    """Give every sample that the journal says was handed to the link."""
    if isinstance(patch, SimulatedH10):
        numbers = [n for start, end in journal.sent_ranges for n in range(start, end)]
        return np.array([numbers], np.int32)
    assert isinstance(
        patch, SimulatedMovesense | SimulatedHealthyPi | SimulatedBitalino | SimulatedGanglion
    )
    return np.concatenate(
        [patch.adc(start, end - start) for start, end in journal.sent_ranges], axis=1
    )


@pytest.mark.parametrize(
    "make", [h10, movesense, healthypi_5, healthypi_move, bitalino, ganglion_2, ganglion_3]
)
async def test_samples_are_the_journals(make: object, tmp_path: Path) -> None:
    clock, on_ns = on()
    patch = make(on_ns)
    air = Air(patch, clock, tmp_path)
    async with air.link() as link:
        signal = await link.start()
        assert signal is not None
        await until(lambda: len(air.packets) > 1)
        await asyncio.sleep(2.5 / SPEED)
        await link.converse(link.dialogue.stop())
    assert air.device_id == patch.device_id
    sent, heard = expected(patch, air.journal), air.adc
    n_unheard = sent.shape[1] - heard.shape[1]
    if isinstance(patch, SimulatedBitalino):
        # The stream has to be found first.
        assert 0 <= n_unheard <= 4
        sent = sent[:, n_unheard:]
    elif isinstance(patch, SimulatedHealthyPi):
        # It ends with the subscription; what is on its way then finds nobody.
        assert n_unheard >= 0
        sent = sent[:, : heard.shape[1]]
    assert np.array_equal(heard, sent)
    assert heard.shape[0] == signal.lead_mask.bit_count()
    assert heard.shape[1] > signal.fs_mhz / 1000
    assert not patch.is_streaming


async def test_a_strap_without_ecg_tells_its_beats(tmp_path: Path) -> None:
    clock, on_ns = on()
    patch = SimulatedStrap(SensorConfig("0017", on_ns), SyntheticEcg(EcgConfig()))
    air = Air(patch, clock, tmp_path)
    async with air.link() as link:
        assert await link.start() is None
        await until(lambda: sum(isinstance(each, HeartRate) for each in air.packets) > 2)
    rates = [each for each in air.packets if isinstance(each, HeartRate)]
    assert any(rate.rr_ms for rate in rates)
    assert all(rate.contact for rate in rates)


async def test_a_movesense_tells_contact_and_battery(tmp_path: Path) -> None:
    clock, on_ns = on()
    patch = SimulatedMovesense(MovesenseConfig("174630000192", on_ns), SampleNumbers())
    air = Air(patch, clock, tmp_path)
    async with air.link() as link:
        await link.start()
        await until(lambda: SkinContact(True) in air.packets)
        patch.set_contact(False)
        await until(lambda: SkinContact(False) in air.packets)
        await until(lambda: Battery(90) in air.packets)
