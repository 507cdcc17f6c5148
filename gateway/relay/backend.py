"""Bleak on a phone's Bluetooth: `BleakClient` and `BleakScanner` over the relay protocol.

The gateway runs unchanged: it passes `client_backend` and `scanner_backend` of the opened radio to
Bleak. Bleak's backend classes are not a stable interface, so Bleak is pinned to 3.1.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError

from gateway.relay.hub import Hub
from gateway.relay.messages import (
    Connect,
    Disconnect,
    Read,
    Record,
    Seen,
    Standing,
    Subscribe,
    Unsubscribe,
    Write,
)
from gateway.relay.phone import RelayedBytes, RelayedPatch
from gateway.relay.server import serve_phones
from gateway.relay.settings import relay_settings

# What Chrome on Android and iOS apps ask for; a browser does not tell what came of it.
_LIKELY_MTU = 517
_ATT_HEADER_BYTES = 3
_UNKNOWN_RSSI_DBM = -127


@dataclass(frozen=True, slots=True)
class Radio:
    """What a gateway needs to use a radio other than the platform's own."""

    client_backend: type[BaseBleakClient]
    scanner_backend: type[BaseBleakScanner]
    closed: asyncio.Event
    """Never set: phones come and go, the port stays."""


@asynccontextmanager
async def open_radio(address: str) -> AsyncIterator[Radio]:
    """Let phones come to HOST:PORT and use their Bluetooth.

    Raises
    ------
    ConfigError
        If the settings (`ECGOMICS_GATEWAY_RELAY_...`) or the address cannot be used.
    """
    settings = relay_settings()
    hub = Hub(away_s=settings.away_s)
    async with serve_phones(hub, address, settings):
        yield Radio(
            type("RelayClient", (RelayClient,), {"hub": hub}),
            type("RelayScanner", (RelayScanner,), {"hub": hub}),
            asyncio.Event(),
        )


class RelayScanner(BaseBleakScanner):
    """Bleak's scanner: what the phones say is in their reach."""

    hub: ClassVar[Hub]

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
        self.hub.listen(self._on_seen)

    async def stop(self) -> None:
        """Stop this scanner."""
        self.hub.unlisten(self._on_seen)

    def _on_seen(self, patch: RelayedPatch, seen: Seen) -> None:
        if not self.is_allowed_uuid(seen.services):
            return
        data = AdvertisementData(
            local_name=seen.name,
            manufacturer_data=dict(seen.manufacturer),
            service_data=dict(seen.service_data),
            service_uuids=list(seen.services),
            tx_power=None,
            rssi=_UNKNOWN_RSSI_DBM if seen.rssi is None else seen.rssi,
            platform_data=(seen,),
        )
        device = self.create_or_update_device(patch.address, patch.address, seen.name, patch, data)
        self.call_detection_callbacks(device, data)


class RelayClient(BaseBleakClient):
    """Bleak's client on a patch that a phone reaches."""

    hub: ClassVar[Hub]

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
        self._patch = self._found(address_or_ble_device)
        self._standing: Standing | None = None
        self._listeners: dict[str, NotifyCallback] = {}
        self._written_to: set[str] = set()

    def _found(self, address_or_ble_device: BLEDevice | str) -> RelayedPatch:
        if isinstance(address_or_ble_device, BLEDevice):
            patch: RelayedPatch = address_or_ble_device.details
            return patch
        return self.hub.find(address_or_ble_device)

    @property
    def name(self) -> str:
        """What the patch advertises."""
        return self._patch.name

    @property
    def mtu_size(self) -> int:
        """The ATT MTU, or what it probably is."""
        return self._live().mtu or _LIKELY_MTU

    @property
    def is_connected(self) -> bool:
        """Whether there is a link; also while the phone that holds it is away."""
        return self._standing is not None

    @property
    def is_away(self) -> bool:
        """Whether silence says nothing about the patch, as the phone is away."""
        return self._patch.is_away

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Have the phone connect, or take over the link it holds.

        Raises
        ------
        TimeoutError
            If that takes longer than the timeout, in seconds.
        BleakError
            If the phone is away or cannot.
        """
        if self._patch.client is not None:
            msg = f"{self.address} is connected already"
            raise BleakError(msg)
        try:
            async with asyncio.timeout(kwargs.get("timeout", self._timeout)):
                done = await self._patch.ask(lambda number: Connect(number, self._patch.device))
        except BleakError:
            # Or it would be thought to wait for somebody to take its link over.
            self._patch.standing = None
            raise
        if done.standing is None:
            msg = "the phone says that it connected and not to what"
            raise BleakError(msg)
        self._standing = done.standing
        self.services = _services(done.standing)
        self._patch.attach(self, done.standing)

    async def disconnect(self) -> None:
        """End the link, if there is one.

        In a task that is being cancelled the phone keeps it: this gateway goes, and the patch
        goes on into the phone's store until another takes the link over.
        """
        if self._standing is None:
            return
        try:
            if not _is_leaving():
                await self._patch.ask(lambda number: Disconnect(number, self._patch.device))
                self._patch.standing = None
        finally:
            self._patch.detach(self)
            self.ended()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: phones pair by themselves when the patch asks for it."""

    async def unpair(self) -> None:
        """Do nothing: only the phone's owner can have a pairing forgotten."""

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a characteristic from the patch."""
        self._live()
        done = await self._patch.ask(
            lambda number: Read(number, self._patch.device, characteristic.uuid)
        )
        return bytearray(done.value)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Refuse: descriptors are not relayed."""
        raise BleakError(_NO_DESCRIPTORS)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        self._live()
        if _is_leaving():
            msg = "the gateway is stopping; the phone keeps the link as it is"
            raise BleakError(msg)
        self._written_to.add(characteristic.uuid)
        # Whoever writes has subscribed to what it needs.
        await self._patch.ask(
            lambda number: Write(
                number, self._patch.device, characteristic.uuid, bytes(data), response
            )
        )
        self._patch.deliver()

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Refuse: descriptors are not relayed."""
        raise BleakError(_NO_DESCRIPTORS)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Have notifications or indications sent to `callback`."""
        self._live()
        self._listeners[characteristic.uuid] = callback
        await self._patch.ask(
            lambda number: Subscribe(number, self._patch.device, characteristic.uuid)
        )
        self._patch.deliver()

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End notifications or indications."""
        self._live()
        if self._listeners.pop(characteristic.uuid, None) and not _is_leaving():
            await self._patch.ask(
                lambda number: Unsubscribe(number, self._patch.device, characteristic.uuid)
            )

    # -- as the patch sees it -----------------------------------------------------------------

    @property
    def link(self) -> int:
        """Number of the phone's link."""
        return self._standing.link if self._standing else 0

    @property
    def takes_log(self) -> bool:
        """Whether everything that may be in the log has a listener.

        A link taken over notifies already: before the last listener is there nothing may be handed
        out, or it would be lost. Whoever writes has all it needs.
        """
        if self._standing is None:
            return False
        return bool(self._written_to) or (
            bool(self._standing.subscribed)
            and set(self._standing.subscribed) <= self._listeners.keys()
        )

    def is_reply(self, record: Record) -> bool:
        """Tell whether a record answers a write of this client."""
        return (
            self._standing is not None
            and record.number >= self._standing.next
            and record.characteristic in self._written_to
        )

    def deliver(self, record: Record, data: RelayedBytes) -> bool:
        """Hand a notification on; False if nobody listens."""
        listener = self._listeners.get(record.characteristic)
        if listener is None:
            return False
        listener(data)
        return True

    def ended(self) -> None:
        """Note that there is no link any more."""
        if self._standing is None:
            return
        self._standing = None
        self._listeners.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    def _live(self) -> Standing:
        if self._standing is None:
            msg = "not connected"
            raise BleakError(msg)
        return self._standing


_NO_DESCRIPTORS = "descriptors are not relayed"


def _is_leaving() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _services(standing: Standing) -> BleakGATTServiceCollection:
    collection = BleakGATTServiceCollection()
    handle = 0
    for told in standing.services:
        handle += 1
        service = BleakGATTService(told, handle, told.uuid)
        collection.add_service(service)
        for characteristic in told.characteristics:
            handle += 1
            properties: list[Any] = list(characteristic.properties)
            collection.add_characteristic(
                BleakGATTCharacteristic(
                    characteristic,
                    handle,
                    characteristic.uuid,
                    properties,
                    lambda: (standing.mtu or _LIKELY_MTU) - _ATT_HEADER_BYTES,
                    service,
                )
            )
    return collection
