"""Bleak on Bumble: `BleakClient` and `BleakScanner` over a virtual or real HCI controller.

The gateway runs unchanged: it passes `client_backend` and `scanner_backend` of an opened radio
to Bleak. Where Bleak leaves the choice to its backends, this one does as that for BlueZ: a bonded
peer's link is encrypted as soon as it stands, pairing again does nothing, and errors have the same
type and text. Bleak's backend classes are not a stable interface, so Bleak is pinned to 3.1.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bumble import device, gatt, hci

from simulators.advertising import read_advert
from simulators.bleak_errors import bleak_errors, dbus_error, pairing_errors
from simulators.central import Advert, Central, open_central
from simulators.discovery import discover
from simulators.pairing import AskPasskey, ask_for_passkeys

# BlueZ asks for the largest there is, too; the peer then names its own limit.
_WANTED_MTU = 517
# As long as the Security Manager waits for an answer.
_PAIRING_S = 30.0


@dataclass(frozen=True, slots=True)
class Radio:
    """What a gateway needs to use a radio other than the platform's own."""

    client_backend: type[BaseBleakClient]
    scanner_backend: type[BaseBleakScanner]
    closed: asyncio.Event
    """Set when the controller is gone."""
    central: Central

    @property
    def address(self) -> hci.Address:
        """The adapter's own."""
        return self.central.address

    def ask_for_passkeys(self, ask: AskPasskey | None) -> None:
        """Have `ask` called when a patch wants the passkey on its label; None: pair without."""
        ask_for_passkeys(self.central.host, ask)


@asynccontextmanager
async def open_radio(address: str) -> AsyncIterator[Radio]:
    """Open a radio for Bleak.

    Parameters
    ----------
    address : str
        A Bumble transport, such as ``tcp-client:127.0.0.1:6402``.

    Raises
    ------
    ConfigError
        If there is no controller at the address.
    """
    async with open_central(address) as central:
        yield Radio(
            type("BumbleClient", (BumbleClient,), {"central": central}),
            type("BumbleScanner", (BumbleScanner,), {"central": central}),
            central.closed,
            central,
        )


class BumbleScanner(BaseBleakScanner):
    """Bleak's scanner on the process's central."""

    central: ClassVar[Central]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        """Start scanning; several scanners may run at once.

        Raises
        ------
        BleakBluetoothNotAvailableError
            If the adapter has no power.
        BleakError
            If the controller is gone.
        """
        self.seen_devices = {}
        with bleak_errors():
            await self.central.start_scanning(self._on_advert)

    async def stop(self) -> None:
        """Stop this scanner."""
        with bleak_errors():
            await self.central.stop_scanning(self._on_advert)

    def _on_advert(self, advert: Advert) -> None:
        fields = read_advert(advert.data)
        if not self.is_allowed_uuid(fields.service_uuids):
            return
        data = AdvertisementData(
            local_name=fields.name,
            manufacturer_data=fields.manufacturer,
            service_data=fields.service_data,
            service_uuids=fields.service_uuids,
            tx_power=fields.tx_power_dbm,
            rssi=advert.rssi_dbm,
            platform_data=(advert,),
        )
        address = advert.address.to_string(with_type_qualifier=False)
        peer = self.create_or_update_device(address, address, fields.name, advert.address, data)
        self.call_detection_callbacks(peer, data)


class BumbleClient(BaseBleakClient):
    """Bleak's client on the process's central; one per connection, like Bleak's own."""

    central: ClassVar[Central]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_kwargs: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        self._name, self._peer = self.address, hci.Address(self.address)
        self._is_found = isinstance(address_or_ble_device, BLEDevice)
        if isinstance(address_or_ble_device, BLEDevice):
            self._name = address_or_ble_device.name or self.address
            self._peer = address_or_ble_device.details
        self._connection: device.Connection | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}
        self._values: dict[int, bytes] = {}
        """The last value of each attribute that was read or told."""
        self._refreshing: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The name last advertised, or the address."""
        return self._name

    @property
    def mtu_size(self) -> int:
        """The negotiated ATT MTU."""
        return self._live_connection().att_mtu

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def get_rssi(self) -> int:
        """Give the level of the link, in dBm."""
        connection = self._live_connection()
        with bleak_errors():
            answer = await connection.device.send_sync_command(
                hci.HCI_Read_RSSI_Command(handle=connection.handle)
            )
            return answer.rssi

    # -- the link -------------------------------------------------------------------------

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Connect, agree on the MTU, encrypt or pair, and discover the services.

        Raises
        ------
        TimeoutError
            If that takes longer than the timeout, in seconds.
        BleakDeviceNotFoundError
            Instead, for a client that was made from an address.
        BleakDBusError
            If pairing was asked for and failed.
        BleakError
            If the controller or the link is gone, or the peer has forgotten its bond; then the
            cause is an ``HCI_Error`` with code 0x06, PIN or key missing.
        """
        if self._connection:
            msg = "Client is already connected"
            raise BleakError(msg)
        try:
            # The time does not run while others have their turn.
            async with self.central.turns, asyncio.timeout(kwargs.get("timeout", self._timeout)):
                await self._connect(pair)
        except TimeoutError as error:
            if self._is_found or self._connection:
                raise
            msg = f"Device with address {self.address} was not found."
            raise BleakDeviceNotFoundError(self.address, msg) from error

    async def _connect(self, pair: bool) -> None:
        connection = await self.central.connect(self._peer)
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._connection = connection
        try:
            with bleak_errors():
                _require_link(connection)
                await connection.gatt_client.request_mtu(_WANTED_MTU)
            if self.central.is_bonded(self._peer):
                await self._encrypt(connection)
            elif pair:
                await self.pair()
            with bleak_errors():
                self.services = await discover(connection)
                await self._watch_services(connection)
        except BaseException:
            await self.disconnect()
            raise

    async def _encrypt(self, connection: device.Connection) -> None:
        try:
            with bleak_errors():
                await connection.encrypt()
        except BleakError as error:
            # Linux then ends the link with reason 0x05, which Bleak sees while it discovers.
            msg = "failed to discover services, device disconnected"
            raise BleakError(msg) from (error.__cause__ or error)

    async def _watch_services(self, connection: device.Connection) -> None:
        """Discover again when the peer says that its services changed, as BlueZ does."""
        client = connection.gatt_client
        for service in client.get_services_by_uuid(gatt.GATT_GENERIC_ATTRIBUTE_SERVICE):
            for changed in client.get_characteristics_by_uuid(
                gatt.GATT_SERVICE_CHANGED_CHARACTERISTIC, service
            ):
                await client.subscribe(changed, lambda _: self._refresh_later(connection))

    def _refresh_later(self, connection: device.Connection) -> None:
        if not self._refreshing:
            self._refreshing = asyncio.create_task(self._refresh(connection), name="discover again")

    async def _refresh(self, connection: device.Connection) -> None:
        with suppress(BleakError):
            with bleak_errors():
                services = await discover(connection)
            self._values.clear()
            if self._connection is connection:
                self.services = services
        self._refreshing = None

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self.services = None
        self._subscribers.clear()
        self._values.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link, if there is one."""
        if self._connection:
            with bleak_errors():
                await self._connection.disconnect()

    # -- pairing --------------------------------------------------------------------------

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Pair with LE Secure Connections; does nothing if the peer is bonded.

        Raises
        ------
        BleakDBusError
            ``AuthenticationFailed`` if the peer or the passkey's owner refuses,
            ``AuthenticationCanceled`` if the link ends, ``AuthenticationTimeout`` without answer.
        """
        if self.central.is_bonded(self._peer):
            return
        connection = self._live_connection()
        with pairing_errors(), bleak_errors():
            async with asyncio.timeout(_PAIRING_S):
                await connection.pair()

    async def unpair(self) -> None:
        """Forget the bond; a standing link ends, as it does when BlueZ removes a device."""
        self.central.forget(self._peer)
        await self.disconnect()

    # -- attributes -----------------------------------------------------------------------

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a characteristic from the peer, or give the value that came last."""
        return await self._read(characteristic.handle, use_cached=use_cached)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a descriptor from the peer, or give the value that came last."""
        return await self._read(descriptor.handle, use_cached=use_cached)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        await self._write(characteristic.handle, data, response)

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Write a descriptor."""
        await self._write(descriptor.handle, data, response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Have notifications, or else indications, sent to `callback`.

        Raises
        ------
        BleakError
            If they already are, or the characteristic has none.
        """
        handle = characteristic.handle
        if handle in self._subscribers:
            msg = f"{characteristic.uuid} already notifies"
            raise BleakError(msg)
        if not {"notify", "indicate"} & set(characteristic.properties):
            raise dbus_error("NotSupported", "Operation is not supported")

        def subscriber(value: bytes) -> None:
            self._values[handle] = value
            callback(bytearray(value))

        client = self._live_connection().gatt_client
        self._subscribers[handle] = subscriber
        try:
            with bleak_errors():
                await client.subscribe(characteristic.obj, subscriber)
        except BleakError:
            self._subscribers.pop(handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End notifications or indications.

        Raises
        ------
        BleakDBusError
            If there are none.
        """
        connection = self._live_connection()
        subscriber = self._subscribers.pop(characteristic.handle, None)
        if subscriber is None:
            raise dbus_error("Failed", "No notify session started")
        with bleak_errors():
            await connection.gatt_client.unsubscribe(characteristic.obj, subscriber)

    async def _read(self, handle: int, *, use_cached: bool) -> bytearray:
        connection = self._live_connection()
        if use_cached and handle in self._values:
            return bytearray(self._values[handle])
        with bleak_errors():
            value = bytes(await connection.gatt_client.read_value(handle))
        self._values[handle] = value
        return bytearray(value)

    async def _write(self, handle: int, data: SizedBuffer, response: bool) -> None:
        with bleak_errors():
            client = self._live_connection().gatt_client
            await client.write_value(handle, bytes(data), with_response=response)

    def _live_connection(self) -> device.Connection:
        if self._connection is None:
            msg = "Not connected"
            raise BleakError(msg)
        return self._connection


def _require_link(connection: device.Connection) -> None:
    # It may have ended before anybody could listen for the end.
    if connection.device.lookup_connection(connection.handle) is not connection:
        raise asyncio.CancelledError
