"""What Bleak's BlueZ backend sees; the real daemon is held to the same (`tests.qemu`)."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.bluezdbus.client import BleakClientBlueZDBus
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError

from devices import sig
from devices.driver import Battery
from devices.polar_h10 import codec
from gateway.agent import serving_passkeys
from simulators.patches.polar_h10 import SimulatedH10
from tests.gateway.broker import until
from tests.levels import Level, reached
from tests.patience import PATIENCE
from tests.simulators.bluez.calls import DEVICE, client
from tests.simulators.room import Listener, Room, room

_WITHIN_S = 10 * PATIENCE


@asynccontextmanager
async def seen(bluez: Level) -> AsyncIterator[tuple[Room, BLEDevice]]:
    """Give a room with one patch, which has been heard."""
    async with room(speed=bluez.speed) as there, reached(there, bluez):
        device = await BleakScanner.find_device_by_name(there.names[0], _WITHIN_S)
        assert device is not None
        yield there, device


@asynccontextmanager
async def linked(bluez: Level) -> AsyncIterator[tuple[Room, Listener]]:
    """Give a room with one patch, which is connected until the end."""
    async with seen(bluez) as (there, device):
        listener = await connected(device)
        try:
            yield there, listener
        finally:
            await listener.client.disconnect()


async def connected(device: BLEDevice) -> Listener:
    lost = asyncio.Event()
    bleak = BleakClient(device, lambda _: lost.set(), timeout=_WITHIN_S)
    await bleak.connect()
    return Listener(bleak, lost=lost)


async def test_adverts_tell_who_is_there(bluez: Level) -> None:
    async with room(speed=bluez.speed) as there, reached(there, bluez):
        found = await BleakScanner.discover(2 * PATIENCE, return_adv=True)
        ((device, said),) = found.values()
        assert device.address == str(there.peripherals[0].address).removesuffix("/P")
        assert device.name == said.local_name == there.names[0]
        assert said.manufacturer_data[codec.COMPANY_ID][0] & 0b10  # worn
        assert said.service_uuids == [sig.HEART_RATE_SERVICE]
        assert -90 < said.rssi < -40


async def test_services_reads_and_refusals_are_the_straps(bluez: Level) -> None:
    async with linked(bluez) as (_, listener):
        bleak = listener.client
        control = bleak.services.get_characteristic(codec.PMD_CONTROL)
        assert control is not None
        assert set(control.properties) == {"read", "write", "indicate"}
        assert control.max_write_without_response_size == codec.ATT_MTU - 3
        assert (await bleak.read_gatt_char(codec.PMD_CONTROL))[:2] == bytes.fromhex("0f01")
        assert await bleak.read_gatt_char(sig.SERIAL_NUMBER) == b"0A1B2C01"
        assert await bleak.read_gatt_descriptor(control.descriptors[0]) == b"\0\0"
        with pytest.raises(BleakGATTProtocolError, match="Read Not Permitted"):
            await bleak.read_gatt_char(codec.PMD_DATA)
        with pytest.raises(BleakGATTProtocolError, match="Write Not Permitted"):
            await bleak.write_gatt_char(sig.SERIAL_NUMBER, b"x", response=True)


async def test_every_sample_sent_is_heard_once_and_in_order(bluez: Level) -> None:
    async with linked(bluez) as (there, listener):
        await listener.start()
        await listener.until(lambda: len(listener.values) >= 20 * 73)
        await listener.client.write_gatt_char(codec.PMD_CONTROL, codec.STOP_ECG, response=True)
        sent = [sample for samples in there.sent[there.names[0]] for sample in samples]
        await listener.until(lambda: len(listener.values) == len(sent))
        assert listener.values == sent == list(range(sent[0], sent[0] + len(sent)))


async def test_notifications_end_when_told(bluez: Level) -> None:
    async with linked(bluez) as (_, listener):
        await listener.start()
        await listener.until(lambda: len(listener.values) > 0)
        await listener.client.stop_notify(codec.PMD_DATA)
        heard = len(listener.values)
        await asyncio.sleep(0.3)
        assert len(listener.values) == heard
        await listener.client.start_notify(codec.PMD_DATA, listener._on_notification)
        await listener.until(lambda: len(listener.values) > heard)


async def test_link_loss_is_told_and_the_strap_comes_back_with_a_gap(bluez: Level) -> None:
    async with seen(bluez) as (there, device):
        listener = await connected(device)
        await listener.start()
        await listener.until(lambda: len(listener.values) > 0)
        async with there.air.drop(there.peripherals[0].address):
            await asyncio.wait_for(listener.lost.wait(), _WITHIN_S)
            assert not listener.client.is_connected
            await listener.client.disconnect()
        again = await connected(device)
        await again.start()
        await again.until(lambda: len(again.values) > 0)
        await again.client.disconnect()
        assert again.lost.is_set()
        sent = [sample for samples in there.sent[there.names[0]] for sample in samples]
        assert listener.values + again.values == sent
        assert again.values[0] > listener.values[-1] + 1


async def test_an_attempt_given_up_leaves_the_adapter_free(bluez: Level) -> None:
    async with seen(bluez) as (there, device):
        async with there.air.drop(there.peripherals[0].address):
            with pytest.raises((TimeoutError, BleakError)):
                await BleakClient(device, timeout=1.0 * PATIENCE).connect()
        async with BleakClient(device, timeout=_WITHIN_S) as bleak:
            assert await bleak.read_gatt_char(sig.MODEL_NUMBER) == b"H10"


async def test_pairing_lasts_over_links_until_the_device_is_removed(bluez: Level) -> None:
    async with seen(bluez) as (there, device), client() as other, serving_passkeys({}):
        path = device.details["path"]
        for _ in range(2):
            bleak = (await connected(device)).client
            await bleak.pair()
            assert await other.get(path, DEVICE, "Paired")
            (connection,) = there.peripherals[0]._device.connections.values()
            assert connection.is_encrypted
            await bleak.disconnect()
        await bleak.unpair()
        assert path not in await other.objects()


async def test_without_an_agent_nobody_is_paired(bluez: Level) -> None:
    async with linked(bluez) as (_, listener):
        with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
            await listener.client.pair()


async def test_a_value_read_is_shown_to_who_is_notified(
    bluez: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BlueZ does that to who subscribed by StartNotify, but not to who has a socket."""
    # The patch itself is to say nothing of its battery meanwhile.
    monkeypatch.setattr(SimulatedH10, "_due_each_second", lambda _patch, _utc_ns: iter(()))
    async with linked(bluez) as (there, listener):
        await listener.start()
        listener.packets.clear()
        await listener.client.read_gatt_char(sig.BATTERY_LEVEL)
        await listener.until(lambda: len(listener.values) > 73)
        battery = there.peripherals[0]._patch.config.battery_pct
        by_socket = bluez in (Level.SOCKET, Level.BLUETOOTHD_SOCKET)
        assert (Battery(battery) in listener.packets) is not by_socket


def _die(backend: BleakClientBlueZDBus) -> None:
    """Close what the kernel closes when a process ends."""
    for fd in backend._notification_fds.values():
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
    assert backend._bus
    backend._bus.disconnect()


async def test_who_leaves_the_bus_leaves_the_link(bluez: Level) -> None:
    async with linked(bluez) as (there, listener):
        await listener.start()
        backend = listener.client._backend
        assert isinstance(backend, BleakClientBlueZDBus)
        path = backend._device_path or ""
        _die(backend)
        async with client() as other:
            assert await other.get(path, DEVICE, "Connected")
            peripheral = there.peripherals[0]
            handle = peripheral._characteristics[codec.PMD_DATA].handle
            subscribers = peripheral._device.gatt_server.subscribers
            await until(
                lambda: not any(each.get(handle, b"\0\0")[0] for each in subscribers.values())
            )
            await other.call(path, DEVICE, "Disconnect")
        await asyncio.wait_for(listener.lost.wait(), _WITHIN_S)
