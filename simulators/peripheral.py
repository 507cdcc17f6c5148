"""A simulated strap on the virtual radio: a Bumble GATT server around `SimulatedH10`."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from bumble import att, core, data_types, device, gatt, hci

from devices import sig
from devices.driver import Battery
from devices.polar_h10 import codec
from ecgcore.clock import UtcClock
from simulators.polar_h10 import Notification, PatchConfig, SimulatedH10
from simulators.radio import RadioController, RadioHost, VirtualRadio

_log = logging.getLogger(__name__)

# Frames come every 0.56 s; this is how late one may be.
_TICK_S = 0.025
_ADVERTISING_INTERVAL_MS = 100.0
_NOTIFY_BIT = 1
_INFORMATION = {
    sig.MODEL_NUMBER: "H10",
    sig.FIRMWARE_REVISION: "5.0.0",
    # The version a user sees is the software revision.
    sig.SOFTWARE_REVISION: "3.2.0",
    sig.MANUFACTURER_NAME: "Polar Electro Oy",
}

_SIG_BASE = sig.uuid128(0)[8:]

OnSent = Callable[[Notification], None]
OnWrite = Callable[[device.Connection, bytes], None]
Properties = gatt.Characteristic.Properties


def patch_address(serial: str) -> hci.Address:
    """Give the Bluetooth address of a strap, always the same for a serial number."""
    octets = ":".join(serial[at : at + 2] for at in range(0, 8, 2))
    return hci.Address(f"D0:10:{octets}", hci.Address.RANDOM_DEVICE_ADDRESS)


def _characteristic(
    uuid: str,
    properties: gatt.Characteristic.Properties,
    read: bytes | None = None,
    write: OnWrite | None = None,
) -> gatt.Characteristic[bytes]:
    # Bumble lets everything be read and written, so what may not be refuses by itself.
    def on_read(_connection: device.Connection) -> bytes:
        if read is None:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
        return read

    def on_write(connection: device.Connection, data: bytes) -> None:
        if write is None:
            raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
        write(connection, data)

    permissions = (
        gatt.Characteristic.Permissions.READABLE | gatt.Characteristic.Permissions.WRITEABLE
    )
    value = gatt.CharacteristicValue(read=on_read, write=on_write)
    return gatt.Characteristic(_bumble_uuid(uuid), properties, permissions, value)


def _bumble_uuid(text: str) -> core.UUID:
    # Assigned numbers travel in 16 bits.
    return core.UUID(int(text[:8], 16) if text.endswith(_SIG_BASE) else text)


def _text(bumble_uuid: core.UUID) -> str:
    return str(UUID(bytes=bumble_uuid.to_bytes(force_128=True)[::-1]))


@dataclass(frozen=True, slots=True)
class _Visit:
    connection: device.Connection
    ended: asyncio.Future[int]
    """The reason, once the link is gone."""


class Peripheral:
    """One strap on the air.

    Parameters
    ----------
    on_sent : callable
        Called with each notification right after it has been handed to the link.
    """

    def __init__(
        self,
        radio: VirtualRadio,
        patch: SimulatedH10,
        clock: UtcClock,
        on_sent: OnSent = lambda notification: None,
    ) -> None:
        self._patch = patch
        self._clock = clock
        self._on_sent = on_sent
        self._visits: asyncio.Queue[_Visit] = asyncio.Queue()
        self._replies: asyncio.Queue[bytes] = asyncio.Queue()
        self._controller = RadioController(patch.config.device_id, link=radio)
        self._device = _build_device(patch.config, self._controller)
        self._device.on(self._device.EVENT_CONNECTION, self._on_connection)
        self._characteristics = self._add_services()

    def _add_services(self) -> dict[str, gatt.Characteristic[bytes]]:
        config = self._patch.config
        information = _INFORMATION | {sig.SERIAL_NUMBER: config.serial}
        battery = sig.encode_battery(Battery(config.battery_pct))
        services = {
            sig.DEVICE_INFORMATION_SERVICE: [
                _characteristic(uuid, Properties.READ, read=text.encode())
                for uuid, text in information.items()
            ],
            sig.BATTERY_SERVICE: [
                _characteristic(
                    sig.BATTERY_LEVEL, Properties.READ | Properties.NOTIFY, read=battery
                )
            ],
            sig.HEART_RATE_SERVICE: [
                _characteristic(sig.HEART_RATE_MEASUREMENT, Properties.NOTIFY)
            ],
            codec.PMD_SERVICE: [
                _characteristic(
                    codec.PMD_CONTROL,
                    Properties.READ | Properties.WRITE | Properties.INDICATE,
                    read=self._patch.features(),
                    write=self._on_command,
                ),
                _characteristic(codec.PMD_DATA, Properties.NOTIFY),
            ],
        }
        for uuid, characteristics in services.items():
            self._device.add_service(gatt.Service(_bumble_uuid(uuid), characteristics))
        found = [characteristic for group in services.values() for characteristic in group]
        return {_text(characteristic.uuid): characteristic for characteristic in found}

    @property
    def address(self) -> hci.Address:
        """Where the strap is reached."""
        return patch_address(self._patch.config.serial)

    async def run(self) -> None:
        """Advertise, serve who connects, and again; cancelling takes the strap off the air."""
        await asyncio.shield(self._device.power_on())
        while True:
            await self._advertise()
            visit = await self._visits.get()
            _log.info("connected device=%s", self._patch.config.device_id)
            reason = await self._serve(visit)
            _log.info("%s device=%s", reason.name.lower(), self._patch.config.device_id)

    def _on_connection(self, connection: device.Connection) -> None:
        # Listens for the end before anything else can happen.
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        connection.on(connection.EVENT_DISCONNECTION, ended.set_result)
        self._visits.put_nowait(_Visit(connection, ended))

    async def _advertise(self) -> None:
        state = self._patch.advertised_state(self._clock.now_ns())
        fields = core.AdvertisingData(
            [
                data_types.Flags(core.AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE),
                data_types.CompleteLocalName(self._patch.config.name),
                data_types.ManufacturerSpecificData(codec.COMPANY_ID, state),
                # A real strap has this in its scan response, which the virtual radio lacks.
                data_types.CompleteListOf16BitServiceUUIDs([_bumble_uuid(sig.HEART_RATE_SERVICE)]),
            ]
        )
        # Shielded, as Bumble waits with `wait_for`, which in Python 3.11 can lose a cancellation.
        await asyncio.shield(
            self._device.start_advertising(
                advertising_data=bytes(fields),
                advertising_interval_min=_ADVERTISING_INTERVAL_MS,
                advertising_interval_max=_ADVERTISING_INTERVAL_MS,
            )
        )

    async def _serve(self, visit: _Visit) -> hci.HCI_ErrorCode:
        self._replies = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            serving = (
                tasks.create_task(self._stream(visit.connection), name="stream"),
                tasks.create_task(self._answer(visit.connection), name="answer"),
            )
            reason = await visit.ended
            for task in serving:
                task.cancel()
        self._patch.disconnect()
        return hci.HCI_ErrorCode(reason)

    async def _stream(self, connection: device.Connection) -> None:
        while True:
            for notification in self._patch.due(self._clock.now_ns()):
                if self._notify(connection, notification):
                    self._on_sent(notification)
            await asyncio.sleep(_TICK_S)

    def _notify(self, connection: device.Connection, notification: Notification) -> bool:
        server = self._device.gatt_server
        handle = self._characteristics[notification.characteristic].handle
        configuration = server.subscribers.get(connection, {}).get(handle, b"\0\0")
        # The controller knows of a lost link a moment before the server does.
        is_linked = self._controller.find_le_connection_by_handle(connection.handle)
        if not is_linked or not configuration[0] & _NOTIFY_BIT:
            return False
        # Bumble's own notify is a coroutine that formats the value for its log.
        pdu = att.ATT_Handle_Value_Notification(
            attribute_handle=handle, attribute_value=notification.value
        )
        server.send_gatt_pdu(connection, bytes(pdu))
        return True

    async def _answer(self, connection: device.Connection) -> None:
        task = asyncio.current_task()
        # Asked each time, as Bumble's wait for the confirmation can lose a cancellation.
        while task and not task.cancelling():
            reply = await self._replies.get()
            control = self._characteristics[codec.PMD_CONTROL]
            try:
                await self._device.indicate_subscriber(connection, control, reply)
            except TimeoutError:
                # After an unconfirmed indication nothing more may be sent on a link.
                _log.warning("reply not confirmed device=%s", self._patch.config.device_id)
                await connection.disconnect()

    def _on_command(self, connection: device.Connection, data: bytes) -> None:
        was_streaming = self._patch.is_streaming
        reply = self._patch.control(data, self._clock.now_ns(), connection.att_mtu)
        self._replies.put_nowait(reply)
        if was_streaming != self._patch.is_streaming:
            what = "streaming" if self._patch.is_streaming else "stopped"
            _log.info("%s device=%s", what, self._patch.config.device_id)


def _build_device(config: PatchConfig, controller: RadioController) -> device.Device:
    built = device.Device(
        name=config.name,
        address=patch_address(config.serial),
        host=RadioHost(controller, controller),
    )
    built.gatt_server.max_mtu = codec.ATT_MTU
    return built
