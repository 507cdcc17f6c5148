"""What only the stand-in is asked: another client's part, and things that must be refused."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from bleak import BleakClient, BleakScanner
from dbus_fast import BusType, DBusError, Message, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from devices import sig
from devices.polar_h10 import codec
from ecgcore.errors import ConfigError
from simulators.bluez.bus import private_bus
from simulators.bluez.stack import open_bluez
from simulators.pairing import PairingPolicy
from tests.gateway.broker import until
from tests.levels import Level, reached
from tests.patience import until_true
from tests.simulators.bluez.calls import ADAPTER, CHARACTERISTIC, DEVICE, HCI0, Client, client
from tests.simulators.room import JUST_WORKS, Room, room

PATCH = f"{HCI0}/dev_D0_10_0A_1B_2C_01"


@asynccontextmanager
async def stand_in(
    pairing: PairingPolicy = JUST_WORKS,
) -> AsyncIterator[tuple[Room, Client]]:
    async with room(pairing=pairing) as there, reached(there, Level.BLUEZ), client() as caller:
        yield there, caller


async def find(caller: Client, **wanted: Variant) -> None:
    await caller.call(HCI0, ADAPTER, "SetDiscoveryFilter", "a{sv}", wanted)
    await caller.call(HCI0, ADAPTER, "StartDiscovery")


async def until_known(caller: Client, path: str = PATCH) -> None:
    async def is_known() -> bool:
        return path in await caller.objects()

    await until_true(is_known)


@pytest.mark.parametrize(
    ("path", "interface", "member", "signature", "body", "error"),
    [
        (HCI0, ADAPTER, "StopDiscovery", "", (), "Failed: No discovery started"),
        (HCI0, ADAPTER, "StartDiscovery", "", (), "InProgress: Operation already in progress"),
        (HCI0, ADAPTER, "RemoveDevice", "o", ("/x",), "DoesNotExist: Does Not Exist"),
        (
            HCI0,
            ADAPTER,
            "SetDiscoveryFilter",
            "a{sv}",
            ({"Colour": Variant("s", "red")},),
            "InvalidArguments: Invalid arguments in method call",
        ),
        (PATCH, DEVICE, "CancelPairing", "", (), "DoesNotExist: Does Not Exist"),
    ],
)
async def test_what_cannot_be_is_refused_in_the_words_of_bluez(
    path: str, interface: str, member: str, signature: str, body: tuple[object, ...], error: str
) -> None:
    async with stand_in() as (_, caller), client() as other:
        await find(other)
        await until_known(other)
        asker = other if member == "StartDiscovery" else caller
        with pytest.raises(DBusError) as refused:
            await asker.call(path, interface, member, signature, *body)
        assert f"{refused.value.type}: {refused.value.text}" == f"org.bluez.Error.{error}"


@pytest.mark.parametrize(
    ("wanted", "is_found"),
    [
        ({}, True),
        ({"UUIDs": Variant("as", [sig.HEART_RATE_SERVICE.upper()])}, True),
        ({"UUIDs": Variant("as", [sig.BATTERY_SERVICE])}, False),
        ({"RSSI": Variant("n", -30)}, False),
        ({"RSSI": Variant("n", -90), "Pattern": Variant("s", "Polar")}, True),
        ({"Pattern": Variant("s", "Movesense")}, False),
        ({"Pattern": Variant("s", "D0:10"), "Transport": Variant("s", "le")}, True),
    ],
)
async def test_a_filter_lets_through_what_it_says(
    wanted: dict[str, Variant], is_found: bool
) -> None:
    async with stand_in() as (_, caller):
        await find(caller, **wanted)
        await asyncio.sleep(0.3)
        assert (PATCH in await caller.objects()) is is_found


async def test_a_scan_ends_with_the_client_that_wanted_it() -> None:
    async with stand_in() as (_, caller):
        async with client() as other:
            await find(other)
            assert await caller.get(HCI0, ADAPTER, "Discovering")

        async def is_over() -> bool:
            return not await caller.get(HCI0, ADAPTER, "Discovering")

        await until_true(is_over)


async def test_without_power_links_end_and_nothing_is_begun_until_it_is_back() -> None:
    async with stand_in() as (there, caller):
        device = await BleakScanner.find_device_by_name(there.names[0], 5)
        assert device
        lost = asyncio.Event()
        bleak = BleakClient(device, lambda _: lost.set())
        await bleak.connect()
        await caller.set(HCI0, ADAPTER, "Powered", Variant("b", False))
        await asyncio.wait_for(lost.wait(), 5)
        for path, interface, member in (
            (HCI0, ADAPTER, "StartDiscovery"),
            (PATCH, DEVICE, "Connect"),
        ):
            with pytest.raises(DBusError, match="Not Ready"):
                await caller.call(path, interface, member)
        await bleak.disconnect()
        await caller.set(HCI0, ADAPTER, "Powered", Variant("b", True))
        await bleak.connect()
        await bleak.disconnect()


async def test_disconnect_gives_up_an_attempt() -> None:
    async with stand_in() as (there, caller), client() as other:
        await find(caller)
        await until_known(caller)
        with there.air.drop(there.peripherals[0].address):
            attempt = asyncio.create_task(other.call(PATCH, DEVICE, "Connect"))
            await asyncio.sleep(0.1)
            with pytest.raises(DBusError, match="in progress"):
                await caller.call(PATCH, DEVICE, "Connect")
            await caller.call(PATCH, DEVICE, "Disconnect")
            with pytest.raises(DBusError, match="le-connection-abort-by-local"):
                await attempt
        await caller.call(PATCH, DEVICE, "Connect")
        assert await caller.get(PATCH, DEVICE, "ServicesResolved")


async def test_a_device_that_is_silent_is_forgotten_unless_somebody_connected() -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(room(2))
        address = await stack.enter_async_context(private_bus())
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
            await stack.enter_async_context(open_bluez(there.hci, address, forget_after_s=0.3))
            caller = await stack.enter_async_context(client())
            await find(caller)
            await until_known(caller, f"{PATCH[:-1]}2")
            await until_known(caller)
            await caller.call(PATCH, DEVICE, "Connect")
            await caller.call(PATCH, DEVICE, "Disconnect")
            with there.air.drop(*(each.address for each in there.peripherals)):
                await asyncio.sleep(0.8)
                known = await caller.objects()
            assert PATCH in known
            assert f"{PATCH[:-1]}2" not in known


async def test_sockets_carry_values_and_close_with_the_link() -> None:
    async with stand_in() as (there, caller), client() as other:
        await find(caller)
        await until_known(caller)
        await caller.call(PATCH, DEVICE, "Connect")
        objects = await caller.objects()
        data, control = (
            next(
                path
                for path, each in objects.items()
                if each.get(CHARACTERISTIC, {}).get("UUID") == uuid
            )
            for uuid in (codec.PMD_DATA, codec.PMD_CONTROL)
        )
        reply = await caller.bus.call(
            Message(
                destination="org.bluez",
                path=data,
                interface=CHARACTERISTIC,
                member="AcquireNotify",
                signature="a{sv}",
                body=[{}],
            )
        )
        fd, mtu = reply.unix_fds[0], reply.body[1]
        assert mtu == codec.ATT_MTU
        for member in ("StartNotify", "AcquireNotify"):
            arguments = ("a{sv}", {}) if member == "AcquireNotify" else ()
            with pytest.raises(DBusError, match="Notify acquired"):
                await other.call(data, CHARACTERISTIC, member, *arguments)
        with pytest.raises(DBusError, match="not supported"):
            await other.call(control, CHARACTERISTIC, "AcquireWrite", "a{sv}", {})
        await other.call(control, CHARACTERISTIC, "WriteValue", "aya{sv}", codec.START_ECG, {})
        sent = there.sent[there.names[0]]
        await until(lambda: len(sent) > 3)
        os.set_blocking(fd, False)
        values = [codec.decode_data(await _read(fd)) for _ in range(3)]
        assert [len(each.adc[0]) for each in values] == [73, 73, 73]
        await caller.call(PATCH, DEVICE, "Disconnect")
        while await _read(fd):
            pass
        os.close(fd)


async def _read(fd: int) -> bytes:
    """Give what comes next; what was handed to the link is still on its way to the socket."""
    async with asyncio.timeout(10):
        while True:
            with suppress(BlockingIOError):
                return os.read(fd, 512)
            await asyncio.sleep(0.01)


class Person(ServiceInterface):
    """An agent whose owner reads the number from the label."""

    def __init__(self, number: int) -> None:
        super().__init__("org.bluez.Agent1")
        self.number = number
        self.asked: list[str] = []

    @dbus_method(name="RequestPasskey")
    def request_passkey(self, device: DBusObjectPath) -> DBusUInt32:
        self.asked.append(device)
        return self.number

    @dbus_method(name="RequestConfirmation")
    def request_confirmation(self, device: DBusObjectPath, number: DBusUInt32) -> None:
        self.asked.append(device)

    @dbus_method(name="Cancel")
    def cancel(self) -> DBusStr:
        return ""


async def test_an_agent_answers_for_the_client_that_pairs() -> None:
    async with stand_in(PairingPolicy(passkey=123_456)) as (_, caller):
        await find(caller)
        await until_known(caller)
        agents = ("/org/bluez", "org.bluez.AgentManager1")
        await caller.call(*agents, "RegisterAgent", "os", "/agent", "KeyboardOnly")
        with pytest.raises(DBusError, match="Already Exists"):
            await caller.call(*agents, "RegisterAgent", "os", "/agent", "KeyboardOnly")
        for number, is_right in ((1, False), (123_456, True)):
            person = Person(number)
            caller.bus.export("/agent", person)
            if is_right:
                await caller.call(PATCH, DEVICE, "Pair")
            else:
                with pytest.raises(DBusError, match="Authentication Failed"):
                    await caller.call(PATCH, DEVICE, "Pair")
            assert person.asked == [PATCH]
            assert await caller.get(PATCH, DEVICE, "Paired") is is_right
            caller.bus.unexport("/agent")
        await caller.call(*agents, "UnregisterAgent", "o", "/agent")
        with pytest.raises(DBusError, match="Does Not Exist"):
            await caller.call(*agents, "RequestDefaultAgent", "o", "/agent")


async def test_the_adapter_goes_with_its_controller() -> None:
    async with stand_in() as (there, caller):
        await find(caller)
        await until_known(caller)
        there.hang_up()

        async def is_gone() -> bool:
            return not {HCI0, PATCH} & set(await caller.objects())

        await until_true(is_gone)


async def test_without_dbus_daemon_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="no dbus-daemon"):
        async with private_bus():
            pass


async def test_the_bus_is_private() -> None:
    async with private_bus() as address:
        bus = await MessageBus(address, BusType.SYSTEM).connect()
        assert "bluez-" in address
        bus.disconnect()
        await bus.wait_for_disconnect()
