import asyncio

import pytest
from bleak import BleakClient
from bumble import hci

from devices.polar_h10 import codec
from simulators.patches.polar_h10 import patch_address
from tests.simulators.room import connected, find, room_and_radio


def test_addresses_follow_the_serial_number() -> None:
    assert patch_address("0A1B2C01") == "D0:10:0A:1B:2C:01"
    # The two highest bits make it a static random address.
    assert hci.Address(patch_address("0A1B2C01")).is_static


async def test_nothing_is_sent_to_who_did_not_subscribe() -> None:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        await listener.client.write_gatt_char(codec.PMD_CONTROL, codec.START_ECG, response=True)
        await asyncio.sleep(0.2)
        assert there.sent[there.names[0]] == []


async def test_a_connected_strap_is_not_heard_and_comes_back_after() -> None:
    async with room_and_radio() as (there, radio):
        device = await find(radio, there.names[0])
        for _ in range(3):
            listener = await connected(radio, device)
            await listener.start()
            with pytest.raises(TimeoutError):
                await BleakClient(device, timeout=0.25, backend=radio.client_backend).connect()
            await listener.client.disconnect()
            assert listener.lost.is_set()
