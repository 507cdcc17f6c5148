"""A simulated patch on the virtual radio: a Bumble GATT server around a `SimulatedPatch`."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from bumble import att, core, data_types, device, gatt, hci

from devices import sig
from devices.driver import Advertisement
from ecgcore.clock import UtcClock
from simulators.patch import (
    AttRefused,
    CharacteristicSpec,
    Notification,
    Property,
    SimulatedPatch,
)
from simulators.radio import RadioController, RadioHost, VirtualRadio

_log = logging.getLogger(__name__)

# Notifications come some times a second; this is how late one may be.
_TICK_S = 0.025
_ADVERTISING_INTERVAL_MS = 100.0
_NOTIFY_BIT = 1
_SIG_BASE = sig.uuid128(0)[8:]

OnSent = Callable[[Notification], None]
_Properties = gatt.Characteristic.Properties
_Permissions = gatt.Characteristic.Permissions
_PROPERTIES = {
    Property.READ: _Properties.READ,
    Property.WRITE: _Properties.WRITE,
    Property.WRITE_WITHOUT_RESPONSE: _Properties.WRITE_WITHOUT_RESPONSE,
    Property.NOTIFY: _Properties.NOTIFY,
    Property.INDICATE: _Properties.INDICATE,
}
_READ = Property.READ
_WRITE = Property.WRITE | Property.WRITE_WITHOUT_RESPONSE


def _bumble_uuid(text: str) -> core.UUID:
    # Assigned numbers travel in 16 bits.
    return core.UUID(int(text[:8], 16) if text.endswith(_SIG_BASE) else text)


def _text(bumble_uuid: core.UUID) -> str:
    return str(UUID(bytes=bumble_uuid.to_bytes(force_128=True)[::-1]))


def _advertising_data(advertisement: Advertisement) -> bytes:
    uuids = [_bumble_uuid(uuid) for uuid in advertisement.service_uuids]
    short = [uuid for uuid in uuids if len(uuid.to_bytes()) == 2]
    long = [uuid for uuid in uuids if len(uuid.to_bytes()) != 2]
    fields: list[core.DataType] = [
        data_types.Flags(core.AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE),
        data_types.CompleteLocalName(advertisement.name),
    ]
    for company, payload in advertisement.manufacturer.items():
        fields.append(data_types.ManufacturerSpecificData(company, payload))
    if short:
        fields.append(data_types.CompleteListOf16BitServiceUUIDs(short))
    if long:
        fields.append(data_types.CompleteListOf128BitServiceUUIDs(long))
    for uuid, payload in advertisement.service_data.items():
        fields.append(_service_data(_bumble_uuid(uuid), payload))
    return bytes(core.AdvertisingData(fields))


def _service_data(uuid: core.UUID, payload: bytes) -> core.DataType:
    if len(uuid.to_bytes()) == 2:
        return data_types.ServiceData16BitUUID(uuid, payload)
    return data_types.ServiceData128BitUUID(uuid, payload)


@dataclass(frozen=True, slots=True)
class _Visit:
    connection: device.Connection
    ended: asyncio.Future[int]
    """The reason, once the link is gone."""


class Peripheral:
    """One patch on the air.

    Parameters
    ----------
    on_sent : callable
        Called with each notification right after it has been handed to the link.
    """

    def __init__(
        self,
        radio: VirtualRadio,
        patch: SimulatedPatch,
        clock: UtcClock,
        on_sent: OnSent = lambda notification: None,
    ) -> None:
        self._patch = patch
        self._clock = clock
        self._on_sent = on_sent
        self._visits: asyncio.Queue[_Visit] = asyncio.Queue()
        self._replies: asyncio.Queue[Notification] = asyncio.Queue()
        self._controller = RadioController(patch.device_id, link=radio)
        self._device = _build_device(patch, self._controller)
        self._device.on(self._device.EVENT_CONNECTION, self._on_connection)
        self._characteristics = self._add_services()

    def _add_services(self) -> dict[str, gatt.Characteristic[bytes]]:
        found = {}
        for service in self._patch.services:
            characteristics = [self._characteristic(spec) for spec in service.characteristics]
            self._device.add_service(gatt.Service(_bumble_uuid(service.uuid), characteristics))
            found.update({_text(each.uuid): each for each in characteristics})
        return found

    def _characteristic(self, spec: CharacteristicSpec) -> gatt.Characteristic[bytes]:
        properties = _Properties(0)
        for ours, theirs in _PROPERTIES.items():
            if ours in spec.properties:
                properties |= theirs
        permissions = _Permissions.READABLE | _Permissions.WRITEABLE
        if spec.is_encrypted:
            permissions |= _Permissions.READ_REQUIRES_ENCRYPTION
            permissions |= _Permissions.WRITE_REQUIRES_ENCRYPTION
        value: gatt.CharacteristicValue[bytes] = gatt.CharacteristicValue(
            read=partial(self._on_read, spec), write=partial(self._on_write, spec)
        )
        built: gatt.Characteristic[bytes] = gatt.Characteristic(
            _bumble_uuid(spec.uuid), properties, permissions, value
        )
        built.on(built.EVENT_SUBSCRIPTION, partial(self._on_subscription, spec))
        return built

    # Bumble lets everything be read and written, so what may not be refuses by itself.
    def _on_read(self, spec: CharacteristicSpec, _connection: device.Connection) -> bytes:
        if not spec.properties & _READ:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
        try:
            return self._patch.read(spec.uuid, self._clock.now_ns())
        except AttRefused as refused:
            raise att.ATT_Error(att.ErrorCode(refused.code)) from refused

    def _on_write(
        self, spec: CharacteristicSpec, connection: device.Connection, data: bytes
    ) -> None:
        if not spec.properties & _WRITE:
            raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
        was_streaming = self._patch.is_streaming
        try:
            replies = self._patch.write(spec.uuid, data, self._clock.now_ns(), connection.att_mtu)
        except AttRefused as refused:
            raise att.ATT_Error(att.ErrorCode(refused.code)) from refused
        for reply in replies:
            self._replies.put_nowait(reply)
        self._tell_of_stream(was_streaming)

    def _on_subscription(
        self, spec: CharacteristicSpec, connection: device.Connection, notify: bool, indicate: bool
    ) -> None:
        was_streaming = self._patch.is_streaming
        self._patch.subscribe(
            spec.uuid, notify or indicate, self._clock.now_ns(), connection.att_mtu
        )
        self._tell_of_stream(was_streaming)

    def _tell_of_stream(self, was_streaming: bool) -> None:
        if was_streaming != self._patch.is_streaming:
            what = "streaming" if self._patch.is_streaming else "stopped"
            _log.info("%s device=%s", what, self._patch.device_id)

    @property
    def address(self) -> hci.Address:
        """Where the patch is reached."""
        return hci.Address(self._patch.address, hci.Address.RANDOM_DEVICE_ADDRESS)

    async def run(self) -> None:
        """Advertise, serve who connects, and again; cancelling takes the patch off the air."""
        await asyncio.shield(self._device.power_on())
        while True:
            await self._advertise()
            visit = await self._visits.get()
            _log.info("connected device=%s", self._patch.device_id)
            reason = await self._serve(visit)
            _log.info("%s device=%s", reason.name.lower(), self._patch.device_id)

    def _on_connection(self, connection: device.Connection) -> None:
        # Listens for the end before anything else can happen.
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        connection.on(connection.EVENT_DISCONNECTION, ended.set_result)
        self._visits.put_nowait(_Visit(connection, ended))

    async def _advertise(self) -> None:
        advertisement = self._patch.advertisement(self._clock.now_ns())
        # Shielded, as Bumble waits with `wait_for`, which in Python 3.11 can lose a cancellation.
        await asyncio.shield(
            self._device.start_advertising(
                advertising_data=_advertising_data(advertisement),
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
            characteristic = self._characteristics[reply.characteristic]
            if not characteristic.properties & _Properties.INDICATE:
                if self._notify(connection, reply):
                    self._on_sent(reply)
                continue
            try:
                await self._device.indicate_subscriber(connection, characteristic, reply.value)
            except TimeoutError:
                # After an unconfirmed indication nothing more may be sent on a link.
                _log.warning("reply not confirmed device=%s", self._patch.device_id)
                await connection.disconnect()


def _build_device(patch: SimulatedPatch, controller: RadioController) -> device.Device:
    built = device.Device(
        name=patch.name,
        address=hci.Address(patch.address, hci.Address.RANDOM_DEVICE_ADDRESS),
        host=RadioHost(controller, controller),
    )
    built.gatt_server.max_mtu = patch.att_mtu
    return built
