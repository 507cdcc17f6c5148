"""One Bluetooth host in the central role, shared by all scanners and clients of a process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bleak.exc import BleakError
from bumble import core, device, hci
from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportInitError, TransportSpecError

from ecgcore.errors import ConfigError
from simulators.radio import RadioHost

_POWER_ON_TIMEOUT_S = 5.0

OnAdvertisement = Callable[[device.Advertisement], None]


class Central:
    """Scans and connects through one HCI controller."""

    def __init__(self, bumble_device: device.Device) -> None:
        self._device = bumble_device
        # A controller can hold one pending connection.
        self._connecting = asyncio.Lock()
        self._scanning = asyncio.Lock()
        self._listeners: list[OnAdvertisement] = []
        self.closed = asyncio.Event()
        """Set when the controller is gone; all connections are then gone too."""
        bumble_device.on(bumble_device.EVENT_ADVERTISEMENT, self._on_advertisement)
        bumble_device.on(bumble_device.EVENT_FLUSH, self.closed.set)

    @property
    def address(self) -> str:
        """Static random address of this host."""
        return str(self._device.random_address.to_string(with_type_qualifier=False))

    async def forget(self, peer: hci.Address) -> None:
        """Delete the keys of a bond, if there is one."""
        if self._device.keystore:
            await self._device.keystore.delete(str(peer))

    async def start_scanning(self, listener: OnAdvertisement) -> None:
        """Report every advert to `listener` until `stop_scanning`."""
        async with self._scanning:
            self._require_controller()
            self._listeners.append(listener)
            if not self._device.is_scanning:
                await self._device.start_scanning()

    async def stop_scanning(self, listener: OnAdvertisement) -> None:
        """Stop reporting to `listener`; the last one ends the scan."""
        async with self._scanning:
            self._listeners.remove(listener)
            if not self._listeners and not self.closed.is_set():
                await self._device.stop_scanning()

    def _on_advertisement(self, advertisement: device.Advertisement) -> None:
        for listener in tuple(self._listeners):
            listener(advertisement)

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
            except core.ConnectionError as error:
                raise BleakError(str(error)) from error
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


@asynccontextmanager
async def open_central(address: str) -> AsyncIterator[Central]:
    """Open a host on an HCI controller.

    Parameters
    ----------
    address : str
        A Bumble transport, such as ``tcp-client:127.0.0.1:6402``.

    Raises
    ------
    ConfigError
        If there is no controller at the address.
    """
    async with await _open_transport(address) as transport:
        yield Central(await _power_on(transport, address))


async def _open_transport(address: str) -> Transport:
    try:
        return await open_transport(address)
    except (OSError, ValueError, OverflowError, TransportInitError, TransportSpecError) as error:
        msg = f"radio {address!r}: {error}"
        raise ConfigError(msg) from error


async def _power_on(transport: Transport, address: str) -> device.Device:
    host = RadioHost(transport.source, transport.sink)
    config = device.DeviceConfiguration(
        name="gateway", address=hci.Address.generate_static_address()
    )
    bumble_device = device.Device(config=config, host=host)
    try:
        async with asyncio.timeout(_POWER_ON_TIMEOUT_S):
            await bumble_device.power_on()
    except (TimeoutError, core.BaseBumbleError) as error:
        await transport.close()
        msg = f"radio {address!r}: no controller answers"
        raise ConfigError(msg) from error
    return bumble_device
