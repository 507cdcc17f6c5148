"""One Bluetooth host in the central role, shared by all scanners and clients of a process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
)
from bumble import core, device, hci
from bumble.keys import MemoryKeyStore
from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportInitError, TransportSpecError

from ecgcore.errors import ConfigError
from simulators.bleak_errors import dbus_error
from simulators.controller import RadioHost
from simulators.pairing import ask_for_passkeys

_POWER_ON_TIMEOUT_S = 5.0
_AT_ONCE = 8
_Error = hci.HCI_ErrorCode


@dataclass(frozen=True, slots=True)
class Advert:
    """One advertisement as it was heard."""

    address: hci.Address
    rssi_dbm: int
    data: bytes


OnAdvert = Callable[[Advert], None]


@dataclass(frozen=True, slots=True)
class Identity:
    """What peers know a host by, and what it knows of them."""

    address: hci.Address = field(default_factory=hci.Address.generate_static_address)
    bonds: MemoryKeyStore = field(default_factory=MemoryKeyStore)


# A host that loses its controller and gets it back is still the same.
_identities: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Identity]] = WeakKeyDictionary()


class Central:
    """Scans and connects through one HCI controller."""

    def __init__(self, bumble_device: device.Device, identity: Identity) -> None:
        self._device = bumble_device
        # A controller can hold one pending connection.
        self._connecting = asyncio.Lock()
        self._scanning = asyncio.Lock()
        self._listeners: list[OnAdvert] = []
        self.turns = asyncio.Semaphore(_AT_ONCE)
        """For setting up links: one after another is soon done, all at once are all late."""
        self.address = identity.address
        self.bonds = identity.bonds
        """By the text of a peer's address; they last as long as the event loop."""
        self.closed = asyncio.Event()
        """Set when the controller is gone; all connections are then gone too."""
        bumble_device.on(bumble_device.EVENT_ADVERTISEMENT, self._on_advertisement)
        bumble_device.on(bumble_device.EVENT_FLUSH, self.closed.set)
        if isinstance(bumble_device.host, RadioHost):
            bumble_device.host.on_notification = self._on_notification

    @property
    def host(self) -> device.Device:
        """Bumble's side of it."""
        return self._device

    def _on_notification(self, handle: int, attribute: int, value: bytes) -> None:
        connection = self._device.connections.get(handle)
        if connection and connection.gatt_client:
            subscribers = connection.gatt_client.notification_subscribers
            for subscriber in tuple(subscribers.get(attribute, ())):
                if callable(subscriber):
                    subscriber(value)

    # -- scanning -------------------------------------------------------------------------

    async def start_scanning(self, listener: OnAdvert) -> None:
        """Report every advert to `listener` until `stop_scanning`.

        Raises
        ------
        BleakError
            If the controller is gone or has no power.
        """
        async with self._scanning:
            self._require_controller()
            # Asked for each time: an adapter that lost its power has forgotten the scan.
            try:
                if self._device.is_scanning:
                    await self._device.stop_scanning()
                await self._device.start_scanning()
            except core.BaseBumbleError as error:
                raise _no_scan(error) from error
            self._listeners.append(listener)

    async def stop_scanning(self, listener: OnAdvert) -> None:
        """Stop reporting to `listener`; the last one ends the scan."""
        async with self._scanning:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if not self._listeners and not self.closed.is_set() and self._device.is_scanning:
                await self._device.stop_scanning()

    def _on_advertisement(self, advertisement: device.Advertisement) -> None:
        advert = Advert(advertisement.address, advertisement.rssi, bytes(advertisement.data))
        for listener in tuple(self._listeners):
            listener(advert)

    # -- connecting -----------------------------------------------------------------------

    async def connect(self, peer: hci.Address) -> device.Connection:
        """Connect to an advertising peer, however long that takes.

        Only one attempt is under way at a time; others wait. Cancelling gives the attempt up.

        Raises
        ------
        BleakError
            If the controller is gone or refuses.
        """
        async with self._connecting:
            self._require_controller()
            # Apart from this task: a cancelled HCI command would leave the host out of step.
            attempt = asyncio.create_task(
                self._device.connect_le(peer, timeout=None), name=f"connect {peer}"
            )
            try:
                return await asyncio.shield(attempt)
            except core.BaseBumbleError as error:
                raise _no_link(error) from error
            except asyncio.CancelledError as error:
                if attempt.cancelled():
                    # Bumble cancels what waits when the controller goes.
                    msg = "controller gone"
                    raise BleakError(msg) from error
                await self._abandon(attempt)
                raise

    async def _abandon(self, attempt: asyncio.Task[device.Connection]) -> None:
        with suppress(core.BaseBumbleError, asyncio.CancelledError):
            await self._device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
        with suppress(core.BaseBumbleError, asyncio.CancelledError):
            # It may have come about in the meantime.
            await (await attempt).disconnect()

    def _require_controller(self) -> None:
        if self.closed.is_set():
            msg = "controller gone"
            raise BleakError(msg)

    # -- bonds ----------------------------------------------------------------------------

    def is_bonded(self, peer: hci.Address) -> bool:
        """Tell whether there are keys for a peer."""
        return str(peer) in self.bonds.all_keys

    def forget(self, peer: hci.Address) -> None:
        """Throw away the keys for a peer."""
        self.bonds.all_keys.pop(str(peer), None)


def _no_scan(error: core.BaseBumbleError) -> BleakError:
    if getattr(error, "error_code", None) == _Error.HARDWARE_FAILURE_ERROR:
        msg = "No powered Bluetooth adapters found. Turn on Bluetooth and try again."
        return BleakBluetoothNotAvailableError(msg, BleakBluetoothNotAvailableReason.POWERED_OFF)
    return BleakError(str(error))


def _no_link(error: core.BaseBumbleError) -> BleakError:
    match getattr(error, "error_code", None):
        case _Error.HARDWARE_FAILURE_ERROR:
            return dbus_error("NotReady", "Resource Not Ready")
        case _Error.CONNECTION_LIMIT_EXCEEDED_ERROR:
            # By these words bleak-retry-connector knows that it has to wait longer.
            return BleakError("no free connection slot")
    return BleakError(str(error))


@asynccontextmanager
async def open_central(address: str) -> AsyncIterator[Central]:
    """Open a host on an HCI controller.

    Its address and its bonds stay the same each time within one event loop.

    Parameters
    ----------
    address : str
        A Bumble transport, such as ``tcp-client:127.0.0.1:6402``.

    Raises
    ------
    ConfigError
        If there is no controller at the address.
    """
    identities = _identities.setdefault(asyncio.get_running_loop(), {})
    identity = identities.setdefault(address, Identity())
    async with await _open_transport(address) as transport:
        yield Central(await _power_on(transport, address, identity), identity)


async def _open_transport(address: str) -> Transport:
    try:
        return await open_transport(address)
    except (OSError, ValueError, OverflowError, TransportInitError, TransportSpecError) as error:
        msg = f"radio {address!r}: {error}"
        raise ConfigError(msg) from error


async def _power_on(transport: Transport, address: str, identity: Identity) -> device.Device:
    host = RadioHost(transport.source, transport.sink)
    config = device.DeviceConfiguration(name="gateway", address=identity.address)
    bumble_device = device.Device(config=config, host=host)
    bumble_device.keystore = identity.bonds
    ask_for_passkeys(bumble_device, None)
    try:
        async with asyncio.timeout(_POWER_ON_TIMEOUT_S):
            await bumble_device.power_on()
    except (TimeoutError, core.BaseBumbleError) as error:
        await transport.close()
        msg = f"radio {address!r}: no controller answers"
        raise ConfigError(msg) from error
    return bumble_device
