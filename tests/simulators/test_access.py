"""What a strap does not offer is refused, whoever asks in whichever way."""

import pytest
from bleak.exc import BleakDBusError, BleakGATTProtocolError

from devices import sig
from devices.polar_h10 import codec
from tests.simulators.room import connected, find, room_and_radio


async def test_only_what_is_offered_can_be_turned_on() -> None:
    async with room_and_radio() as (there, radio):
        client = (await connected(radio, await find(radio, there.names[0]))).client
        data = client.services.get_characteristic(codec.PMD_DATA)
        assert data is not None
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client._backend.write_gatt_descriptor(data.descriptors[0], b"\x02\x00")
        assert refused.value.code == 0xFD
        with pytest.raises(BleakDBusError, match="NotSupported"):
            await client.start_notify(sig.SERIAL_NUMBER, lambda sender, value: None)


async def test_a_write_without_response_that_is_not_offered_does_nothing() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        await listener.client.write_gatt_char(codec.PMD_CONTROL, codec.START_ECG, response=False)
        # The strap has not started: starting is still possible.
        await listener.start()


async def test_a_value_that_came_is_kept_for_who_asks_for_it() -> None:
    async with room_and_radio() as (there, radio):
        client = (await connected(radio, await find(radio, there.names[0]))).client
        fresh = await client.read_gatt_char(sig.BATTERY_LEVEL)
        assert await client.read_gatt_char(sig.BATTERY_LEVEL, use_cached=True) == fresh
        with pytest.raises(BleakDBusError, match="No notify session"):
            await client.stop_notify(codec.PMD_DATA)
