"""``org.bluez.Device1``: one peer, from its first advert until it is forgotten."""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak.exc import BleakError
from bumble import core, device, hci, pairing
from dbus_fast import DBusError, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import dbus_method

from simulators.advertising import AdvertFields
from simulators.bleak_errors import bleak_errors
from simulators.bluez.agent import AgentManager
from simulators.bluez.bearer import Bearer
from simulators.bluez.callers import caller
from simulators.bluez.chores import Chores
from simulators.bluez.database import Database
from simulators.bluez.errors import dbus_errors, error, failed, in_progress
from simulators.bluez.interface import Interface, settable, shown
from simulators.central import Central
from simulators.discovery import discover

# The kernel gives a connection up after so long.
_CONNECT_S = 20.0
_WANTED_MTU = 517
UNKNOWN_RSSI_DBM = -127
_LINK_FAILED = "le-connection-abort-by-local"


class Device(Interface):
    """One peer.

    Attributes
    ----------
    is_temporary : bool
        Whether it is forgotten when nothing is heard of it; not so once a client connected.
    heard_s : float
        When its last advert came, by the loop's clock.
    """

    Address = shown("Address", "s")
    AddressType = shown("AddressType", "s")
    Name = shown("Name", "s")
    Alias = settable("Alias", "s")
    Adapter = shown("Adapter", "o")
    Paired = shown("Paired", "b")
    Bonded = shown("Bonded", "b")
    Trusted = settable("Trusted", "b")
    Blocked = settable("Blocked", "b")
    LegacyPairing = shown("LegacyPairing", "b")
    RSSI = shown("RSSI", "n")
    Connected = shown("Connected", "b")
    UUIDs = shown("UUIDs", "as")
    ManufacturerData = shown("ManufacturerData", "a{qv}")
    ServiceData = shown("ServiceData", "a{sv}")
    ServicesResolved = shown("ServicesResolved", "b")

    def __init__(
        self,
        peer: hci.Address,
        adapter_path: str,
        bus: MessageBus,
        central: Central,
        agents: AgentManager,
        require_power: Callable[[], None],
    ) -> None:
        address = peer.to_string(with_type_qualifier=False)
        super().__init__(
            "org.bluez.Device1",
            Address=address,
            AddressType="public" if peer.is_public else "random",
            Name="",
            Alias=address.replace(":", "-"),
            Adapter=adapter_path,
            **dict.fromkeys(("Paired", "Bonded"), central.is_bonded(peer)),
            **dict.fromkeys(("Trusted", "Blocked", "LegacyPairing"), False),
            RSSI=UNKNOWN_RSSI_DBM,
            Connected=False,
            UUIDs=[],
            ManufacturerData={},
            ServiceData={},
            ServicesResolved=False,
        )
        self.path = f"{adapter_path}/dev_{address.replace(':', '_')}"
        self.is_temporary = True
        self.heard_s = 0.0
        self._peer = peer
        self._central = central
        self._agents = agents
        self._require_power = require_power
        self._chores = Chores()
        self._database = Database(bus, self.path, self._chores)
        self._attempt: asyncio.Task[None] | None = None
        self._connection: device.Connection | None = None
        self._is_pairing = False

    def hear(self, rssi_dbm: int, said: AdvertFields) -> None:
        """Take what an advert says; only what is new is told on the bus."""
        self.heard_s = asyncio.get_running_loop().time()
        values: dict[str, Any] = {"RSSI": rssi_dbm}
        if said.name:
            values |= {"Name": said.name, "Alias": said.name}
        for name, data in (
            ("ManufacturerData", said.manufacturer),
            ("ServiceData", said.service_data),
        ):
            if data:
                values[name] = {key: Variant("ay", value) for key, value in data.items()}
        uuids = sorted({*self.values["UUIDs"], *said.service_uuids})
        self.tell(**values, UUIDs=uuids)

    async def client_gone(self, client: str) -> None:
        """End the subscriptions of a client that has left the bus; the link stays."""
        await self._database.client_gone(client)

    async def forget(self) -> None:
        """Disconnect, delete the keys and take everything off the bus but this object."""
        await self.drop()
        await self._chores.close()
        self._database.clear()
        self._central.forget(self._peer)

    async def drop(self) -> None:
        """End the link, or the attempt to make one."""
        if self._attempt:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
        if self._connection:
            with bleak_errors():
                await self._connection.disconnect()

    @dbus_method(name="Connect")
    async def _connect(self) -> None:
        if self._attempt:
            raise in_progress()
        await self._establish()

    @dbus_method(name="Disconnect")
    async def _disconnect(self) -> None:
        with dbus_errors():
            await self.drop()

    @dbus_method(name="Pair")
    async def _pair(self) -> None:
        if self.values["Paired"]:
            raise error("AlreadyExists", "Already Exists")
        if self._is_pairing or self._attempt:
            raise in_progress()
        await self._establish()
        try:
            await self._secure()
        except BleakError as refused:
            raise error("AuthenticationFailed", "Authentication Failed") from refused

    @dbus_method(name="CancelPairing")
    async def _cancel_pairing(self) -> None:
        if not self._is_pairing:
            raise error("DoesNotExist", "Does Not Exist")
        await self.drop()

    async def _establish(self) -> None:
        self.is_temporary = False
        if self.values["ServicesResolved"]:
            return
        self._require_power()
        self._attempt = attempt = asyncio.create_task(self._make_link(), name=self.path)
        try:
            await asyncio.wait([attempt], timeout=_CONNECT_S)
        finally:
            attempt.cancel()
            await asyncio.wait([attempt])
            self._attempt = None
        if attempt.cancelled():
            raise failed(_LINK_FAILED)
        attempt.result()

    async def _make_link(self) -> None:
        with dbus_errors():
            connection = await self._central.connect(self._peer)
            self._connection = connection
            connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
            try:
                if connection.device.lookup_connection(connection.handle) is not connection:
                    # It ended before anybody could listen for the end.
                    raise failed(_LINK_FAILED)
                self.tell(Connected=True)
                await self._resolve(connection)
            except BaseException:
                # The link first, so that no client takes this for a device with services.
                self._chores.start(self._end(connection))
                raise

    async def _resolve(self, connection: device.Connection) -> None:
        if self.values["Bonded"]:
            await self._encrypt(connection)
        await connection.gatt_client.request_mtu(_WANTED_MTU)
        services = await discover(connection)
        await self._database.resolve(services, Bearer(connection, self._secure))
        known = {*self.values["UUIDs"], *(each.uuid for each in services)}
        self.tell(ServicesResolved=True, UUIDs=sorted(known))

    async def _encrypt(self, connection: device.Connection) -> None:
        try:
            await connection.encrypt()
        except core.ProtocolError as refused:
            # The peer has lost the key, or is another one: the kernel ends the link.
            raise BleakError(_LINK_FAILED) from refused

    async def _secure(self) -> None:
        """Pair, with whatever agent the caller has; raise `BleakError` if the peer refuses."""
        connection = self._connection
        if connection is None:
            msg = "Not connected"
            raise BleakError(msg)
        delegate = self._agents.delegate(caller(), self.path)
        if delegate is None:
            msg = "no agent available"
            raise BleakError(msg)
        wants_person = delegate.io_capability != delegate.NO_OUTPUT_NO_INPUT
        config = pairing.PairingConfig(sc=True, mitm=wants_person, bonding=True, delegate=delegate)
        connection.device.pairing_config_factory = lambda _connection: config
        self._is_pairing = True
        try:
            with bleak_errors():
                await connection.pair()
        finally:
            self._is_pairing = False
        self.tell(Paired=True, Bonded=True)

    async def _end(self, connection: device.Connection) -> None:
        try:
            with dbus_errors():
                await connection.disconnect()
        except DBusError:
            # It was lost by itself meanwhile.
            return

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._database.link_lost()
        self.tell(ServicesResolved=False)
        self.tell(Connected=False)
