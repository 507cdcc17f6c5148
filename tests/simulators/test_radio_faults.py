"""Each fault alone, on a strap that streams: what it does, and that the account is exact."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from ecgcore.errors import ConfigError
from simulators.backend import Radio
from simulators.radio_faults import InForce, as_address
from tests.simulators.room import Listener, Room, connected, find, room_and_radio

SUPERVISION_S = 0.72
# Some connection events: what waited has arrived.
_SETTLED_S = 0.2


@asynccontextmanager
async def streaming() -> AsyncIterator[tuple[Room, Radio, Listener, str]]:
    async with room_and_radio() as (there, radio):
        listener = await connected(radio, await find(radio, there.names[0]))
        await listener.start()
        await listener.until(lambda: len(listener.values) > 0)
        yield there, radio, listener, str(there.peripherals[0].address)


async def finish(there: Room, listener: Listener) -> tuple[list[int], list[int]]:
    """End the link in order; give the samples sent and those lost on the air."""
    await listener.client.disconnect()
    await asyncio.sleep(0.05)
    name = there.names[0]
    sent = [sample for samples in there.sent[name] for sample in samples]
    lost = [sample for samples in there.lost[name] for sample in samples]
    return sent, lost


def test_the_later_setting_counts_until_it_is_undone() -> None:
    changed: list[object] = []
    values = InForce(0, changed.append)
    first, second = values.put("a", 1), values.put("a", 2)
    assert (values.at("a"), values.at("b")) == (2, 0)
    first.undo()
    first.undo()
    assert values.at("a") == 2
    second.undo()
    assert values.at("a") == 0
    assert changed == ["a"] * 4


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="no Bluetooth address"):
        as_address("kitchen")


async def test_loss_shows_as_delay_only() -> None:
    async with streaming() as (there, _, listener, address):
        with there.air.loss(address, 0.5):
            heard = len(listener.values)
            await listener.until(lambda: len(listener.values) > heard + 20 * 73)
        await asyncio.sleep(_SETTLED_S)
        sent, lost = await finish(there, listener)
        assert lost == []
        assert listener.values == sent


async def test_pacing_changes_no_sample() -> None:
    async with streaming() as (there, _, listener, address):
        with there.air.pace(address):
            await listener.until(lambda: len(listener.values) > 20 * 73)
        await asyncio.sleep(_SETTLED_S)
        sent, lost = await finish(there, listener)
        assert (listener.values, lost) == (sent, [])


async def test_what_a_goodbye_overtakes_is_told() -> None:
    async with streaming() as (there, _, listener, address):
        there.air.loss(address, 0.6)
        await asyncio.sleep(0.5)
        sent, lost = await finish(there, listener)
        assert listener.values + lost == sent


async def test_silence_breaks_the_link_after_its_timeout_and_tells_what_is_gone() -> None:
    async with streaming() as (there, radio, listener, address):
        begun_s = asyncio.get_running_loop().time()
        with there.air.silence(address):
            await asyncio.wait_for(listener.lost.wait(), 3)
            took_s = asyncio.get_running_loop().time() - begun_s
            assert took_s > SUPERVISION_S - 0.05
            assert await BleakScanner.discover(0.3, backend=radio.scanner_backend) == []
        sent, lost = await finish(there, listener)
        # The strap went on sending into the void: more than a second of its time.
        assert len(lost) >= 73
        assert listener.values + lost == sent
        assert there.air.account(address).lost >= len(lost) // 73
        await connected(radio, await find(radio, there.names[0]))


async def test_out_of_range_is_silent_and_nearer_is_louder() -> None:
    async with streaming() as (there, radio, listener, address):
        there.air.place(address, distance_m=1000)
        await asyncio.wait_for(listener.lost.wait(), 3)
        assert await BleakScanner.discover(0.3, backend=radio.scanner_backend) == []
        levels = []
        for distance_m in (10, 0.5):
            with there.air.place(address, distance_m):
                levels.append(await heard_dbm(radio))
        assert levels[0] < levels[1]


async def heard_dbm(radio: Radio) -> int:
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_advert(_device: BLEDevice, advert: AdvertisementData) -> None:
        if not heard.done():
            heard.set_result(advert.rssi)

    async with BleakScanner(on_advert, backend=radio.scanner_backend):
        return await asyncio.wait_for(heard, 3)


@pytest.mark.parametrize("fault", ["lose", "duplicate", "reorder", "cut"])
async def test_notifications_that_a_stack_spoils_are_told(fault: str) -> None:
    async with streaming() as (there, _, listener, address):
        with there.air.notifications(address, **{fault: 0.3}):
            before = len(listener.values)
            await listener.until(lambda: len(listener.values) > before + 30 * 73)
        tally = there.air.account(address)
        sent, lost = await finish(there, listener)
        if fault == "cut":
            assert listener.n_unread == tally.cut > 0
        if fault in ("lose", "cut"):
            assert lost
            assert sorted(listener.values + lost) == sent
        else:
            assert lost == []
            assert sorted(set(listener.values)) == sent
            assert listener.values != sent
        assert len(listener.values) - len(set(listener.values)) == sum(
            73 for _ in range(listener.n_repeated)
        )


async def test_a_smaller_mtu_is_agreed_on_from_the_next_link_on() -> None:
    async with room_and_radio() as (there, radio):
        device = await find(radio, there.names[0])
        with there.air.limit_mtu(there.peripherals[0].address, 100):
            listener = await connected(radio, device)
            assert listener.client.mtu_size == 100
            await listener.start()
            await listener.until(lambda: len(listener.values) >= 5 * 29)
            sent, _ = await finish(there, listener)
            assert listener.values == sent
        assert (await connected(radio, device)).client.mtu_size == 232


async def test_an_adapter_without_power_does_nothing_until_it_is_back() -> None:
    async with streaming() as (there, radio, listener, _):
        with there.air.power_off(radio.address):
            await asyncio.wait_for(listener.lost.wait(), 1)
            with pytest.raises(BleakBluetoothNotAvailableError, match="powered"):
                await BleakScanner(backend=radio.scanner_backend).start()
            with pytest.raises(BleakError, match="NotReady"):
                await BleakClient(listener.client.address, backend=radio.client_backend).connect()
        again = await connected(radio, await find(radio, there.names[0]))
        await again.start()
        await again.until(lambda: len(again.values) > 0)
        sent, lost = await finish(there, again)
        assert sorted(listener.values + lost + again.values) == sent


async def test_an_adapter_holds_as_many_links_as_it_can() -> None:
    async with room_and_radio(2) as (there, radio):
        devices = [await find(radio, name) for name in there.names]
        with there.air.limit_links(radio.address, 1):
            first = await connected(radio, devices[0])
            with pytest.raises(BleakError, match="connection slot"):
                await connected(radio, devices[1])
            await first.client.disconnect()
            await connected(radio, devices[1])
        await connected(radio, devices[0])


@pytest.mark.parametrize(
    "impossible",
    [
        lambda air: air.loss("D0:10:0A:1B:2C:01", 1.5),
        lambda air: air.place("D0:10:0A:1B:2C:01", -1),
        lambda air: air.limit_mtu("D0:10:0A:1B:2C:01", 22),
    ],
)
async def test_impossible_settings_are_refused(impossible: object) -> None:
    async with room_and_radio() as (there, _):
        with pytest.raises(ConfigError):
            impossible(there.air)  # type: ignore[operator] # one of those above
