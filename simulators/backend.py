"""Bleak on Bumble: `BleakClient` and `BleakScanner` over a virtual or real HCI controller.

The gateway runs unchanged: it passes `client_backend` and `scanner_backend` of an opened radio
to Bleak. Bleak's backend classes are not a stable interface, so Bleak is pinned to 3.1.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_16
from bumble import att, core, device, gatt_client, hci

from simulators.central import Central, open_central

# BlueZ asks for the largest there is, too; the peer then names its own limit.
_WANTED_MTU = 517
_UUID16_TYPES = (
    core.AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    core.AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
)
_UUID128_TYPES = (
    core.AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    core.AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)


@dataclass(frozen=True, slots=True)
class Radio:
    """What a gateway needs to use a radio other than the platform's own."""

    client_backend: type[BaseBleakClient]
    scanner_backend: type[BaseBleakScanner]
    closed: asyncio.Event
    """Set when the controller is gone."""


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
        """Start scanning; several scanners may run at once."""
        self.seen_devices = {}
        with _bleak_errors():
            await self.central.start_scanning(self._on_advertisement)

    async def stop(self) -> None:
        """Stop this scanner."""
        with _bleak_errors():
            await self.central.stop_scanning(self._on_advertisement)

    def _on_advertisement(self, advertisement: device.Advertisement) -> None:
        data = _advertisement_data(advertisement)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        peer = self.create_or_update_device(
            address, address, data.local_name, advertisement.address, data
        )
        self.call_detection_callbacks(peer, data)


def _advertisement_data(advertisement: device.Advertisement) -> AdvertisementData:
    fields = advertisement.data
    names = fields.get_all(fields.COMPLETE_LOCAL_NAME, raw=True)
    makers = fields.get_all(fields.MANUFACTURER_SPECIFIC_DATA, raw=True)
    return AdvertisementData(
        local_name=names[0].decode(errors="replace") if names else None,
        manufacturer_data={int.from_bytes(maker[:2], "little"): maker[2:] for maker in makers},
        service_data=_service_data(fields),
        service_uuids=_service_uuids(fields),
        tx_power=None,
        rssi=advertisement.rssi,
        platform_data=(advertisement,),
    )


def _service_data(fields: core.AdvertisingData) -> dict[str, bytes]:
    found = fields.get_all(fields.SERVICE_DATA_128_BIT_UUID, raw=True)
    return {_uuid128(data[:16]): data[16:] for data in found}


def _service_uuids(fields: core.AdvertisingData) -> list[str]:
    # Bumble's own UUID class looks through a growing list for each one.
    uuids: dict[str, None] = {}
    for kind, data in fields.ad_structures:
        if kind in _UUID16_TYPES:
            uuids.update(dict.fromkeys(map(_uuid16, _pieces(data, 2))))
        elif kind in _UUID128_TYPES:
            uuids.update(dict.fromkeys(map(_uuid128, _pieces(data, 16))))
    return list(uuids)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data) - size + 1, size))


def _uuid16(data: bytes) -> str:
    return normalize_uuid_16(int.from_bytes(data, "little"))


def _uuid128(data: bytes) -> str:
    return str(uuid.UUID(bytes=data[::-1]))


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
        if isinstance(address_or_ble_device, BLEDevice):
            self._name = address_or_ble_device.name or self.address
            self._peer = address_or_ble_device.details
        self._connection: device.Connection | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

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

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Connect, agree on the MTU and discover the services.

        Raises
        ------
        TimeoutError
            If that takes longer than the timeout, in seconds.
        BleakError
            If the controller or the link is gone.
        """
        async with asyncio.timeout(kwargs.get("timeout", self._timeout)):
            connection = await self.central.connect(self._peer)
            connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
            self._connection = connection
            try:
                with _bleak_errors():
                    _require_link(connection)
                    await connection.gatt_client.request_mtu(_WANTED_MTU)
                    self.services = await _discover(connection)
            except BaseException:
                await self.disconnect()
                raise

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._subscribers.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link, if there is one."""
        if self._connection:
            with _bleak_errors():
                await self._connection.disconnect()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Pair; the peer decides how."""
        with _bleak_errors():
            await self._live_connection().pair()

    async def unpair(self) -> None:
        """Forget the pairing: nothing to do, keys last as long as the central."""

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a characteristic from the peer."""
        return await self._read(characteristic.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a descriptor from the peer."""
        return await self._read(descriptor.handle)

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
            If they already are.
        """
        if characteristic.handle in self._subscribers:
            msg = f"{characteristic.uuid} already notifies"
            raise BleakError(msg)

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        client = self._live_connection().gatt_client
        self._subscribers[characteristic.handle] = subscriber
        with _bleak_errors():
            await client.subscribe(characteristic.obj, subscriber)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End notifications or indications."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        with _bleak_errors():
            await self._live_connection().gatt_client.unsubscribe(characteristic.obj, subscriber)

    async def _read(self, handle: int) -> bytearray:
        with _bleak_errors():
            return bytearray(await self._live_connection().gatt_client.read_value(handle))

    async def _write(self, handle: int, data: SizedBuffer, response: bool) -> None:
        with _bleak_errors():
            client = self._live_connection().gatt_client
            await client.write_value(handle, bytes(data), with_response=response)

    def _live_connection(self) -> device.Connection:
        if self._connection is None:
            msg = "not connected"
            raise BleakError(msg)
        return self._connection


@contextmanager
def _bleak_errors() -> Iterator[None]:
    """Turn Bumble's ways to fail into Bleak's, and tell its cancelling from the caller's.

    Bumble cancels what waits for an answer when the link ends. The other way round, Python 3.11's
    ``wait_for``, on which it waits, loses a cancellation that comes together with the answer.
    """
    before = _cancellations()
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except core.TimeoutError as error:
        raise TimeoutError(str(error)) from error
    except core.BaseBumbleError as error:
        raise BleakError(str(error)) from error
    except asyncio.CancelledError as error:
        if _cancellations() > before:
            raise
        msg = "disconnected"
        raise BleakError(msg) from error
    if _cancellations() > before:
        raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def _require_link(connection: device.Connection) -> None:
    # It may have ended before anybody could listen for the end.
    if connection.device.lookup_connection(connection.handle) is not connection:
        raise asyncio.CancelledError


async def _discover(connection: device.Connection) -> BleakGATTServiceCollection:
    client = connection.gatt_client
    collection = BleakGATTServiceCollection()
    for service in await client.discover_services():
        bleak_service = BleakGATTService(service, service.handle, _uuid_text(service.uuid))
        collection.add_service(bleak_service)
        for characteristic in await client.discover_characteristics((), service):
            await client.discover_descriptors(characteristic)
            characteristic.descriptors_discovered = True
            _add_characteristic(collection, bleak_service, characteristic, connection)
    return collection


def _add_characteristic(
    collection: BleakGATTServiceCollection,
    service: BleakGATTService,
    characteristic: gatt_client.CharacteristicProxy[bytes],
    connection: device.Connection,
) -> None:
    bleak_characteristic = BleakGATTCharacteristic(
        characteristic,
        characteristic.handle,
        _uuid_text(characteristic.uuid),
        list(gatt_char_props_to_strs(characteristic.properties)),
        lambda: connection.att_mtu - 3,
        service,
    )
    collection.add_characteristic(bleak_characteristic)
    for descriptor in characteristic.descriptors:
        collection.add_descriptor(
            BleakGATTDescriptor(
                descriptor, descriptor.handle, _uuid_text(descriptor.type), bleak_characteristic
            )
        )


def _uuid_text(bumble_uuid: core.UUID) -> str:
    return str(uuid.UUID(bytes=bumble_uuid.to_bytes(force_128=True)[::-1]))
