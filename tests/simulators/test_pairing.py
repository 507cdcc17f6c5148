"""Pairing as a gateway sees it, with a strap that wants it for everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from bleak import BleakClient
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
from bumble import hci

from devices import sig
from devices.polar_h10 import codec
from simulators.backend import Radio, open_radio
from simulators.pairing import PairingPolicy
from simulators.patches.polar_h10 import SimulatedH10
from tests.simulators.room import JUST_WORKS, Room, connected, find, room_and_radio

LABEL = 123_456


class LockedH10(SimulatedH10):
    services = tuple(
        replace(
            service,
            characteristics=tuple(
                replace(each, is_encrypted=True) for each in service.characteristics
            ),
        )
        for service in SimulatedH10.services
    )


@asynccontextmanager
async def locked(
    pairing: PairingPolicy = JUST_WORKS,
) -> AsyncIterator[tuple[Room, Radio, BLEDevice]]:
    async with room_and_radio(1, pairing, LockedH10) as (there, radio):
        yield there, radio, await find(radio, there.names[0])


async def asks(client: BleakClient, code: int) -> None:
    """Whatever is done needs pairing."""
    with pytest.raises(BleakGATTProtocolError) as read:
        await client.read_gatt_char(sig.BATTERY_LEVEL)
    with pytest.raises(BleakGATTProtocolError) as write:
        await client.write_gatt_char(codec.PMD_CONTROL, codec.START_ECG, response=True)
    with pytest.raises(BleakGATTProtocolError) as notify:
        await client.start_notify(codec.PMD_DATA, lambda sender, data: None)
    assert [error.value.code for error in (read, write, notify)] == [code] * 3


async def test_nothing_works_until_paired_and_then_for_good() -> None:
    async with locked() as (there, radio, device):
        listener = await connected(radio, device)
        await asks(listener.client, 0x05)
        await listener.client.pair()
        assert await listener.client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"
        await listener.client.pair()  # does nothing
        await listener.client.disconnect()
        again = await connected(radio, device)
        await again.start()
        await again.until(lambda: len(again.values) > 0)
        assert there.sent[there.names[0]]


async def test_paired_while_connecting() -> None:
    async with locked() as (_, radio, device):
        client = BleakClient(device, pair=True, backend=radio.client_backend)
        await client.connect()
        assert await client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"


async def test_a_strap_that_forgot_its_host_ends_the_link_until_paired_anew() -> None:
    async with locked() as (there, radio, device):
        listener = await connected(radio, device)
        await listener.client.pair()
        await listener.client.disconnect()
        there.peripherals[0].forget_bonds()
        client = BleakClient(device, backend=radio.client_backend)
        with pytest.raises(BleakError, match="device disconnected") as refused:
            await client.connect()
        cause = refused.value.__cause__
        assert isinstance(cause, hci.HCI_Error)
        assert cause.error_code == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        assert not client.is_connected
        await client.unpair()
        await client.connect()
        await asks(client, 0x05)
        await client.pair()
        assert await client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"


async def test_unpairing_ends_the_link_and_the_bond() -> None:
    async with locked() as (_, radio, device):
        listener = await connected(radio, device)
        await listener.client.pair()
        await listener.client.unpair()
        assert listener.lost.is_set()
        again = await connected(radio, device)
        # The strap still knows the host, so only the encryption is missing.
        await asks(again.client, 0x0F)


async def test_a_bond_outlives_the_controller() -> None:
    async with locked() as (there, radio, device):
        await (await connected(radio, device)).client.pair()
        there.hang_up()
        await asyncio.wait_for(radio.closed.wait(), 1)
        async with open_radio(there.hci) as other:
            assert other.address == radio.address
            listener = await connected(other, await find(other, there.names[0]))
            assert await listener.client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"


async def test_the_passkey_on_the_label_pairs() -> None:
    async with locked(PairingPolicy(passkey=LABEL)) as (there, radio, device):
        asked: list[str] = []

        async def ask(address: str) -> int:
            asked.append(address)
            return LABEL

        radio.ask_for_passkeys(ask)
        listener = await connected(radio, device)
        await listener.client.pair()
        assert await listener.client.read_gatt_char(sig.BATTERY_LEVEL) == b"\x5a"
        assert asked == [there.peripherals[0].address.to_string(with_type_qualifier=False)]


@pytest.mark.parametrize("answer", [LABEL + 1, None])
async def test_a_wrong_or_no_passkey_does_not(answer: int | None) -> None:
    async with locked(PairingPolicy(passkey=LABEL)) as (_, radio, device):

        async def ask(_address: str) -> int | None:
            return answer

        radio.ask_for_passkeys(ask)
        listener = await connected(radio, device)
        with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
            await listener.client.pair()
        await asks(listener.client, 0x05)


async def test_pairing_without_proof_does_not_open_a_strap_with_a_label() -> None:
    async with locked(PairingPolicy(passkey=LABEL)) as (_, radio, device):
        listener = await connected(radio, device)
        await listener.client.pair()
        await asks(listener.client, 0x05)


async def test_a_strap_may_refuse() -> None:
    async with locked(PairingPolicy(accepts=False)) as (_, radio, device):
        listener = await connected(radio, device)
        with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
            await listener.client.pair()
        await asks(listener.client, 0x05)


async def test_a_link_lost_while_pairing_is_told() -> None:
    async with locked(PairingPolicy(passkey=LABEL)) as (there, radio, device):
        is_asked = asyncio.Event()

        async def ask(_address: str) -> int | None:
            is_asked.set()
            await asyncio.sleep(10)
            return LABEL

        radio.ask_for_passkeys(ask)
        listener = await connected(radio, device)
        pairing = asyncio.create_task(listener.client.pair())
        await asyncio.wait_for(is_asked.wait(), 2)
        there.air.drop(there.peripherals[0].address)
        with pytest.raises(BleakDBusError, match="AuthenticationCanceled"):
            await pairing
