"""A room of simulated straps and a radio to reach them, in one process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bumble.transport.common import StreamPacketSink

from devices.driver import CommandReply, Packet, Samples
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Dialogue
from ecgcore.clock import UtcClock
from ecgcore.errors import NotificationError
from gateway.cancellation import cancel_all
from simulators.backend import Radio, open_radio
from simulators.lab.kinds import serial_of
from simulators.pairing import PairingPolicy
from simulators.patch import Notification
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.peripheral import OnSent, Peripheral
from simulators.radio import VirtualRadio, serve_hci
from simulators.source import SampleNumbers, Source

DIALOGUE = PolarH10Dialogue()
SPEED = 20.0
JUST_WORKS = PairingPolicy()


@dataclass
class Room:
    """What a test can look at and break."""

    air: VirtualRadio
    port: int
    peripherals: Sequence[Peripheral]
    names: Sequence[str]
    sent: dict[str, list[range]]
    """Samples handed to the link, by name."""
    lost: dict[str, list[range]]
    """Those of them that disappeared on the air."""
    speed: float = SPEED

    def hang_up(self) -> None:
        """Take the power from every controller that is served."""
        for controller in self.air.controllers:
            if isinstance(controller.host, StreamPacketSink):
                controller.host.transport.abort()

    @property
    def hci(self) -> str:
        return f"tcp-client:127.0.0.1:{self.port}"


def noting(ranges: list[range]) -> OnSent:
    """Give a callback that keeps the samples of what it is told."""

    def note(notification: Notification) -> None:
        if notification.samples:
            ranges.append(notification.samples)

    return note


@asynccontextmanager
async def room(
    patients: int = 1,
    source: type[Source] = SampleNumbers,
    pairing: PairingPolicy = JUST_WORKS,
    kind: type[SimulatedH10] = SimulatedH10,
    speed: float = SPEED,
) -> AsyncIterator[Room]:
    clock = UtcClock(time.time_ns, time.time_ns(), speed)
    air = VirtualRadio()
    sent: dict[str, list[range]] = {}
    lost: dict[str, list[range]] = {}
    peripherals = []
    for number in range(1, patients + 1):
        config = PatchConfig(serial_of(0, number), clock.now_ns())
        peripherals.append(
            Peripheral(
                air,
                kind(config, source()),
                clock,
                noting(sent.setdefault(config.name, [])),
                noting(lost.setdefault(config.name, [])),
                pairing,
            )
        )
    async with serve_hci(air, "127.0.0.1", 0) as port:
        tasks = [asyncio.create_task(peripheral.run()) for peripheral in peripherals]
        yield Room(air, port, peripherals, list(sent), sent, lost, speed)
        await cancel_all(tasks, 1.0)
        for task in tasks:
            assert task.cancelled()


@asynccontextmanager
async def room_and_radio(
    patients: int = 1,
    pairing: PairingPolicy = JUST_WORKS,
    kind: type[SimulatedH10] = SimulatedH10,
) -> AsyncIterator[tuple[Room, Radio]]:
    async with room(patients, pairing=pairing, kind=kind) as there, open_radio(there.hci) as radio:
        yield there, radio


async def find(radio: Radio, name: str) -> BLEDevice:
    found = await BleakScanner.find_device_by_name(name, 5, backend=radio.scanner_backend)
    assert found is not None
    return found


@dataclass
class Listener:
    """A connected client that decodes what it hears."""

    client: BleakClient
    packets: list[Packet] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    heard: asyncio.Event = field(default_factory=asyncio.Event)
    n_unread: int = 0
    """Notifications that could not be decoded."""
    n_repeated: int = 0
    """Notifications of samples that had been heard before."""

    async def start(self) -> None:
        for listen in DIALOGUE.listens:
            await self.client.start_notify(listen.characteristic, self._on_notification)
        await self.client.write_gatt_char(codec.PMD_CONTROL, codec.START_ECG, True)
        await self.until(lambda: CommandReply("start", True, "success") in self.packets)

    def _on_notification(self, sender: BleakGATTCharacteristic, data: bytearray) -> None:
        try:
            packets = DIALOGUE.decode(sender.uuid, bytes(data))
        except NotificationError:
            self.n_unread += 1
            return
        for packet in packets:
            if isinstance(packet, Samples) and any(_is_same(packet, old) for old in self.packets):
                self.n_repeated += 1
            self.packets.append(packet)
        self.heard.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():
                self.heard.clear()
                await self.heard.wait()

    @property
    def values(self) -> list[int]:
        """Every sample heard."""
        return [
            value
            for packet in self.packets
            if isinstance(packet, Samples)
            for value in packet.adc[0].tolist()
        ]


def _is_same(samples: Samples, packet: Packet) -> bool:
    return isinstance(packet, Samples) and packet.last_sample_ns == samples.last_sample_ns


async def connected(radio: Radio, device: BLEDevice) -> Listener:
    lost = asyncio.Event()
    client = BleakClient(device, lambda _: lost.set(), backend=radio.client_backend)
    await client.connect()
    return Listener(client, lost=lost)
