"""``org.bluez.Adapter1``: scanning, and the devices that are known."""

import asyncio
from contextlib import suppress
from typing import Annotated

from dbus_fast import DBusError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusObjectPath, DBusSignature
from dbus_fast.service import dbus_method

from simulators.advertising import read_advert
from simulators.bluez.agent import AgentManager
from simulators.bluez.callers import Callers, caller
from simulators.bluez.device import UNKNOWN_RSSI_DBM, Device
from simulators.bluez.discovery import KEYS, Filter
from simulators.bluez.errors import dbus_errors, error, failed, in_progress, not_ready
from simulators.bluez.interface import Interface, settable, shown
from simulators.central import Advert, Central

FORGET_AFTER_S = 30.0
"""What BlueZ does with a device that nobody connected to and that is silent."""
_LOOK_EVERY_S = 1.0
_Names = Annotated[list[str], DBusSignature("as")]


class Adapter(Interface):
    """The one adapter, ``/org/bluez/hci0``.

    Parameters
    ----------
    forget_after_s : float
        A device to which no client connected is forgotten after so long a silence.
    """

    path = "/org/bluez/hci0"

    Address = shown("Address", "s")
    AddressType = shown("AddressType", "s")
    Name = shown("Name", "s")
    Alias = settable("Alias", "s")
    Class = shown("Class", "u")
    Discoverable = settable("Discoverable", "b")
    Pairable = settable("Pairable", "b")
    Discovering = shown("Discovering", "b")
    UUIDs = shown("UUIDs", "as")
    Roles = shown("Roles", "as")

    async def _set_powered(self, value: bool) -> None:
        if not value:
            self._scanners.clear()
            await self._scan_as_wanted()
            for known in self._devices.values():
                await known.drop()
        self.tell(Powered=value)

    Powered = settable("Powered", "b", _set_powered)

    def __init__(
        self,
        bus: MessageBus,
        central: Central,
        agents: AgentManager,
        callers: Callers,
        forget_after_s: float = FORGET_AFTER_S,
    ) -> None:
        super().__init__(
            "org.bluez.Adapter1",
            Address=central.address.to_string(with_type_qualifier=False),
            AddressType="random",
            Name="stand-in",
            Alias="stand-in",
            Class=0,
            Discoverable=False,
            Pairable=True,
            Discovering=False,
            UUIDs=[],
            Roles=["central"],
            Powered=True,
        )
        self._bus = bus
        self._central = central
        self._agents = agents
        self._forget_after_s = forget_after_s
        self._devices: dict[str, Device] = {}
        self._filters: dict[str, Filter] = {}
        self._scanners: set[str] = set()
        self._changes: asyncio.Queue[str] = asyncio.Queue()
        callers.on_gone(self._changes.put_nowait)

    async def run(self) -> None:
        """Look after clients that leave and devices that fall silent, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_clients(), name="clients")
            tasks.create_task(self._forget_silent(), name="silent devices")

    async def close(self) -> None:
        """Forget every device."""
        for known in tuple(self._devices.values()):
            await self._remove(known)
        self._bus.unexport(self.path)

    @dbus_method(name="StartDiscovery")
    async def _start_discovery(self) -> None:
        self._require_power()
        if caller() in self._scanners:
            raise in_progress()
        self._scanners.add(caller())
        await self._scan_as_wanted()

    @dbus_method(name="StopDiscovery")
    async def _stop_discovery(self) -> None:
        self._require_power()
        if caller() not in self._scanners:
            raise failed("No discovery started")
        self._scanners.remove(caller())
        await self._scan_as_wanted()

    @dbus_method(name="SetDiscoveryFilter")
    def _set_discovery_filter(self, wanted: DBusDict) -> None:
        if not set(wanted) <= set(KEYS):
            raise error("InvalidArguments", "Invalid arguments in method call")
        self._filters[caller()] = Filter.of(wanted)

    @dbus_method(name="GetDiscoveryFilters")
    def _get_discovery_filters(self) -> _Names:
        return list(KEYS)

    @dbus_method(name="RemoveDevice")
    async def _remove_device(self, path: DBusObjectPath) -> None:
        for known in self._devices.values():
            if known.path == path:
                await self._remove(known)
                return
        raise error("DoesNotExist", "Does Not Exist")

    def _require_power(self) -> None:
        if not self.values["Powered"] or self._central.closed.is_set():
            raise not_ready()

    async def _scan_as_wanted(self) -> None:
        is_wanted = bool(self._scanners)
        if is_wanted == self.values["Discovering"]:
            return
        # Noted first: the next client may call while the controller is being told.
        self.tell(Discovering=is_wanted)
        with dbus_errors():
            if is_wanted:
                await self._central.start_scanning(self._on_advert)
                return
            await self._central.stop_scanning(self._on_advert)
        for known in self._devices.values():
            known.tell(RSSI=UNKNOWN_RSSI_DBM)

    def _on_advert(self, advert: Advert) -> None:
        said = read_advert(advert.data)
        address = advert.address.to_string(with_type_qualifier=False)
        filters = [self._filters.get(client, Filter()) for client in self._scanners]
        if not any(each.lets_through(address, advert.rssi_dbm, said) for each in filters):
            return
        if known := self._devices.get(address):
            known.hear(advert.rssi_dbm, said)
            return
        found = Device(
            advert.address,
            self.path,
            self._bus,
            self._central,
            self._agents,
            self._require_power,
        )
        found.hear(advert.rssi_dbm, said)
        self._devices[address] = found
        self._bus.export(found.path, found)

    async def _remove(self, known: Device) -> None:
        await known.forget()
        self._devices.pop(known.values["Address"], None)
        self._bus.unexport(known.path)

    async def _follow_clients(self) -> None:
        while True:
            client = await self._changes.get()
            self._filters.pop(client, None)
            self._scanners.discard(client)
            with suppress(DBusError):
                await self._scan_as_wanted()
            for known in tuple(self._devices.values()):
                with suppress(DBusError):
                    await known.client_gone(client)

    async def _forget_silent(self) -> None:
        while True:
            await asyncio.sleep(min(_LOOK_EVERY_S, self._forget_after_s))
            silent_s = asyncio.get_running_loop().time() - self._forget_after_s
            for known in tuple(self._devices.values()):
                if known.is_temporary and known.heard_s < silent_s:
                    await self._remove(known)
