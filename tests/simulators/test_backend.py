import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak_retry_connector import establish_connection

from devices import sig
from devices.driver import Advertisement, HeartRate, Samples
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Driver
from ecgcore.errors import ConfigError
from simulators.backend import open_radio
from tests.simulators.room import connected, find, room, room_and_radio


async def test_adverts_tell_who_is_there() -> None:
    async with room_and_radio(3) as (there, radio):
        heard: dict[str, AdvertisementData] = {}
        all_heard = asyncio.Event()

        def on_advert(device: BLEDevice, advert: AdvertisementData) -> None:
            heard[advert.local_name or ""] = advert
            if len(heard) == 3:
                all_heard.set()

        async with BleakScanner(on_advert, backend=radio.scanner_backend):
            await asyncio.wait_for(all_heard.wait(), 5)
        assert sorted(heard) == sorted(there.names)
        advert = heard[there.names[0]]
        assert advert.manufacturer_data[codec.COMPANY_ID][0] & 0b10  # worn
        assert advert.service_uuids == [sig.HEART_RATE_SERVICE]
        assert (
            PolarH10Driver().identify(Advertisement(advert.local_name or ""))
            == "polar-h10-0A1B2C01"
        )


async def test_scanner_filters_by_service() -> None:
    async with room_and_radio() as (there, radio):
        for service, expected in ((sig.HEART_RATE_SERVICE, there.names), (sig.BATTERY_SERVICE, [])):
            found = await BleakScanner.discover(
                0.3, service_uuids=[service], backend=radio.scanner_backend
            )
            assert [device.name for device in found] == list(expected)


async def test_services_and_mtu_are_the_straps() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        client = listener.client
        assert client.mtu_size == codec.ATT_MTU
        control = client.services.get_characteristic(codec.PMD_CONTROL)
        assert control is not None
        assert set(control.properties) == {"read", "write", "indicate"}
        assert control.max_write_without_response_size == codec.ATT_MTU - 3
        assert await client.read_gatt_char(codec.PMD_CONTROL) == bytes.fromhex("0f01").ljust(
            17, b"\0"
        )
        assert await client.read_gatt_char(sig.SERIAL_NUMBER) == b"0A1B2C01"
        assert await client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"
        assert await client.read_gatt_descriptor(control.descriptors[0]) == b"\0\0"


async def test_what_a_strap_does_not_allow_fails_as_in_bleak() -> None:
    async with room_and_radio() as (there, radio):
        client = (await connected(radio, await find(radio, there.names[0]))).client
        with pytest.raises(BleakGATTProtocolError, match="Read Not Permitted"):
            await client.read_gatt_char(codec.PMD_DATA)
        with pytest.raises(BleakGATTProtocolError, match="Write Not Permitted"):
            await client.write_gatt_char(sig.SERIAL_NUMBER, b"x", response=True)
        await client.disconnect()
        with pytest.raises(BleakError):
            await client.read_gatt_char(sig.SERIAL_NUMBER)


async def test_every_sample_sent_is_heard_once_and_in_order() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        await listener.start()
        await listener.until(lambda: len(listener.values) >= 40 * 73)
        await listener.client.write_gatt_char(codec.PMD_CONTROL, codec.STOP_ECG, response=True)
        await asyncio.sleep(0.1)
        sent = [sample for samples in there.sent[there.names[0]] for sample in samples]
        assert listener.values == sent == list(range(sent[0], sent[0] + len(sent)))
        frames = [packet for packet in listener.packets if isinstance(packet, Samples)]
        assert {frame.adc.shape for frame in frames} == {(1, 73)}
        period_ns = 1e9 / 130
        for frame in frames:
            expected = codec.POWER_ON_NS + frame.adc[0, -1] * period_ns
            assert abs(frame.last_sample_ns - expected) <= 1024  # a double's grid at 6e17
        assert HeartRate(60, (), contact=True) in listener.packets


async def test_notifications_end_when_told() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        await listener.start()
        await listener.until(lambda: len(listener.values) > 0)
        with pytest.raises(BleakError, match="already"):
            await listener.client.start_notify(codec.PMD_DATA, lambda sender, data: None)
        await listener.client.stop_notify(codec.PMD_DATA)
        heard = len(listener.values)
        await asyncio.sleep(0.2)
        assert len(listener.values) == heard


async def test_link_loss_is_told_and_the_strap_comes_back_with_a_gap() -> None:
    async with room_and_radio() as (there, radio):
        device = await find(radio, there.names[0])
        listener = await connected(radio, device)
        await listener.start()
        await listener.until(lambda: len(listener.values) > 0)
        async with there.air.drop(there.peripherals[0].address):
            await asyncio.wait_for(listener.lost.wait(), 1)
            assert not listener.client.is_connected
            with pytest.raises(TimeoutError):
                await BleakClient(device, timeout=0.2, backend=radio.client_backend).connect()
        again = await connected(radio, device)
        await again.start()
        await again.until(lambda: len(again.values) > 0)
        await again.client.disconnect()
        sent = [sample for samples in there.sent[there.names[0]] for sample in samples]
        assert listener.values + again.values == sent
        # The strap went on sampling while nobody was there.
        assert again.values[0] - listener.values[-1] > 0.2 * 20 * 130


async def test_requests_under_way_fail_when_the_link_is_lost() -> None:
    async with room_and_radio() as (there, radio):
        client = (await connected(radio, await find(radio, there.names[0]))).client
        reading = asyncio.create_task(client.read_gatt_char(sig.SERIAL_NUMBER))
        await asyncio.sleep(0)
        async with there.air.drop(there.peripherals[0].address):
            with pytest.raises(BleakError):
                await reading


async def test_a_cancelled_attempt_leaves_the_controller_free() -> None:
    async with room_and_radio(2) as (there, radio):
        device = await find(radio, there.names[0])
        async with there.air.drop(there.peripherals[0].address):
            waiting = BleakClient(device, backend=radio.client_backend)
            attempt = asyncio.create_task(waiting.connect())
            await asyncio.sleep(0.1)
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            await connected(radio, await find(radio, there.names[1]))
        await connected(radio, device)


async def test_killed_host_frees_its_straps() -> None:
    async with room() as there:
        async with open_radio(there.hci) as radio:
            await (await connected(radio, await find(radio, there.names[0]))).start()
        assert radio.closed.is_set() or await asyncio.wait_for(radio.closed.wait(), 1)
        async with open_radio(there.hci) as other:
            listener = await connected(other, await find(other, there.names[0]))
            await listener.start()
            await listener.until(lambda: len(listener.values) > 0)


async def test_lost_controller_closes_radio_and_clients() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        there.hang_up()
        await asyncio.wait_for(radio.closed.wait(), 1)
        assert listener.lost.is_set()
        with pytest.raises(BleakError):
            await BleakScanner(backend=radio.scanner_backend).start()
        with pytest.raises(BleakError):
            await BleakClient(listener.client.address, backend=radio.client_backend).connect()


async def test_establish_connection_works() -> None:
    async with room_and_radio() as (there, radio):
        device = await find(radio, there.names[0])
        client = await establish_connection(
            BleakClient, device, there.names[0], backend=radio.client_backend
        )
        assert await client.read_gatt_char(sig.MODEL_NUMBER) == b"H10"


async def test_twenty_straps_stream_at_once() -> None:
    async with room_and_radio(20) as (there, radio):
        devices = {
            device.name: device
            for device in await BleakScanner.discover(0.5, backend=radio.scanner_backend)
        }
        assert sorted(filter(None, devices)) == sorted(there.names)
        listeners = await asyncio.gather(*(connected(radio, devices[name]) for name in there.names))
        await asyncio.gather(*(listener.start() for listener in listeners))
        for listener in listeners:
            await listener.until(lambda heard=listener: len(heard.values) >= 10 * 73)
            await listener.client.disconnect()
        for name, listener in zip(there.names, listeners, strict=True):
            sent = [sample for samples in there.sent[name] for sample in samples]
            assert listener.values == sent == list(range(sent[0], sent[0] + len(sent)))


@pytest.mark.parametrize(
    "address", ["tcp-client:127.0.0.1:1", "tcp-client:nowhere", "pigeon:post", ""]
)
async def test_unusable_addresses_are_a_config_error(address: str) -> None:
    with pytest.raises(ConfigError, match="radio"):
        async with open_radio(address):
            pass
