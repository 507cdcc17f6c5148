"""A simulated patch on the virtual radio: a Bumble GATT server around a `SimulatedPatch`.

What Bumble's server does not check is checked here: whether a characteristic offers what is asked
of it, and whether the link is encrypted and the host has paired where that is needed. Nothing waits
in Bumble's host: a notification leaves the patch when the controller has room, so that the radio's
account of what it lost is whole.
"""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bumble import att, device, gatt, hci

from ecgcore.clock import UtcClock
from simulators.access import check_writes, connection_of, require_offer
from simulators.advertising import advertising_data, bumble_uuid, uuid_text
from simulators.pairing import PairingPolicy, is_bonded, let_pair
from simulators.patch import (
    AttRefused,
    CharacteristicSpec,
    Notification,
    Property,
    SimulatedPatch,
)
from simulators.radio import RadioController, RadioHost, VirtualRadio

_log = logging.getLogger(__name__)

_ADVERTISING_INTERVAL_MS = 100.0
_NOTIFY_BIT = 1
_L2CAP_HEADER = struct.Struct("<HH")
_NOTIFICATION_HEADER = struct.Struct("<BH")
_NOTIFICATION = att.Opcode.ATT_HANDLE_VALUE_NOTIFICATION
# Half of what a controller takes: replies need room, too.
_IN_CONTROLLER_PACKETS = 32
# More than the controller, and a stack that swaps, can hold.
_REMEMBERED = 256

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
_SUBSCRIBE = Property.NOTIFY | Property.INDICATE
# Whether it may is looked at here, not by Bumble.
_ANYTHING = _Permissions.READABLE | _Permissions.WRITEABLE
_JUST_WORKS = PairingPolicy()


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
    on_lost : callable
        Called with each notification that was handed over and then disappeared on the air.
    pairing : PairingPolicy
        Who may pair; bonds last as long as the peripheral, or until `forget_bonds`.
    """

    def __init__(
        self,
        radio: VirtualRadio,
        patch: SimulatedPatch,
        clock: UtcClock,
        on_sent: OnSent = lambda notification: None,
        on_lost: OnSent = lambda notification: None,
        pairing: PairingPolicy = _JUST_WORKS,
    ) -> None:
        self._patch = patch
        self._clock = clock
        self._on_sent = on_sent
        self._on_lost = on_lost
        self._pairing = pairing
        self._ticker = radio.ticker
        self._visits: asyncio.Queue[_Visit] = asyncio.Queue()
        self._replies: asyncio.Queue[Notification] = asyncio.Queue()
        self._on_the_way: dict[bytes, Notification] = {}
        self._controller = RadioController(patch.device_id, link=radio)
        self._device = _build_device(patch, self._controller)
        self._bonds = let_pair(self._device, pairing)
        self._device.on(self._device.EVENT_CONNECTION, self._on_connection)
        self._characteristics = self._add_services()
        check_writes(self._device.gatt_server)
        radio.on_lost(self.address, self._on_pdu_lost)

    def forget_bonds(self) -> None:
        """Forget every host that has paired, as a patch does whose flash was erased."""
        self._bonds.all_keys.clear()

    def _add_services(self) -> dict[str, gatt.Characteristic[bytes]]:
        found = {}
        for service in self._patch.services:
            characteristics = [self._characteristic(spec) for spec in service.characteristics]
            self._device.add_service(gatt.Service(bumble_uuid(service.uuid), characteristics))
            found.update({uuid_text(each.uuid): each for each in characteristics})
        return found

    def _characteristic(self, spec: CharacteristicSpec) -> gatt.Characteristic[bytes]:
        properties = _Properties(0)
        for ours, theirs in _PROPERTIES.items():
            if ours in spec.properties:
                properties |= theirs
        value: gatt.CharacteristicValue[bytes] = gatt.CharacteristicValue(
            read=partial(self._on_read, spec), write=partial(self._on_write, spec)
        )
        built: gatt.Characteristic[bytes] = gatt.Characteristic(
            bumble_uuid(spec.uuid), properties, _ANYTHING, value
        )
        if spec.properties & _SUBSCRIBE:
            built.descriptors = [self._configuration(spec, built)]
            built.on(built.EVENT_SUBSCRIPTION, partial(self._on_subscription, spec))
        return built

    def _configuration(
        self, spec: CharacteristicSpec, characteristic: gatt.Characteristic[bytes]
    ) -> gatt.Descriptor:
        server = self._device.gatt_server

        def write(bearer: att.Bearer, value: bytes) -> None:
            self._require_security(spec, connection_of(bearer))
            require_offer(spec, value)
            server.write_cccd(bearer, characteristic, value)

        value: att.AttributeValueV2[bytes] = att.AttributeValueV2(
            read=lambda bearer: server.read_cccd(bearer, characteristic), write=write
        )
        return gatt.Descriptor(
            gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, _ANYTHING, value
        )

    def _require_security(self, spec: CharacteristicSpec, connection: device.Connection) -> None:
        if not spec.is_encrypted:
            return
        by_passkey = self._pairing.passkey is not None
        if not is_bonded(self._bonds, connection, by_passkey=by_passkey):
            raise att.ATT_Error(att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR)
        if not connection.is_encrypted:
            raise att.ATT_Error(att.ATT_INSUFFICIENT_ENCRYPTION_ERROR)

    def _on_read(self, spec: CharacteristicSpec, connection: device.Connection) -> bytes:
        if not spec.properties & _READ:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
        self._require_security(spec, connection)
        try:
            return self._patch.read(spec.uuid, self._clock.now_ns())
        except AttRefused as refused:
            raise att.ATT_Error(att.ErrorCode(refused.code)) from refused

    def _on_write(
        self, spec: CharacteristicSpec, connection: device.Connection, data: bytes
    ) -> None:
        if not spec.properties & _WRITE:
            raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
        self._require_security(spec, connection)
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
                advertising_data=advertising_data(advertisement),
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
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        outgoing: deque[Notification] = deque()

        def pump() -> None:
            try:
                if not outgoing:
                    outgoing.extend(self._patch.due(self._clock.now_ns()))
                while outgoing and not _is_full(connection):
                    notification = outgoing.popleft()
                    if self._notify(connection, notification):
                        self._on_sent(notification)
            except Exception as error:
                # Told once; the task that waits for it ends the patch.
                if not failed.done():
                    failed.set_exception(error)

        with self._ticker.calling(pump):
            await failed

    async def _send(self, connection: device.Connection, notification: Notification) -> None:
        while _is_full(connection):
            await self._ticker.wait()
        if self._notify(connection, notification):
            self._on_sent(notification)

    def _notify(self, connection: device.Connection, notification: Notification) -> bool:
        server = self._device.gatt_server
        handle = self._characteristics[notification.characteristic].handle
        configuration = server.subscribers.get(connection, {}).get(handle, b"\0\0")
        # The controller knows of a lost link a moment before the server does.
        is_linked = self._controller.find_le_connection_by_handle(connection.handle)
        if not is_linked or not configuration[0] & _NOTIFY_BIT:
            return False
        # Bumble's own notify is a coroutine that formats the value for its log.
        pdu = _NOTIFICATION_HEADER.pack(_NOTIFICATION, handle) + notification.value
        if notification.samples:
            self._on_the_way[pdu] = notification
            if len(self._on_the_way) > _REMEMBERED:
                del self._on_the_way[next(iter(self._on_the_way))]
        if not self._cross_at_once(connection, pdu):
            server.send_gatt_pdu(connection, pdu)
        return True

    def _cross_at_once(self, connection: device.Connection, pdu: bytes) -> bool:
        """Send an ATT packet past Bumble's layers and queues where nothing waits in them."""
        queue = connection.data_packet_queue
        if queue is None or queue.pending:
            return False
        whole = _L2CAP_HEADER.pack(len(pdu), att.ATT_CID) + pdu
        return self._controller.cross_at_once(connection.handle, whole)

    def _on_pdu_lost(self, pdu: bytes) -> None:
        if notification := self._on_the_way.pop(pdu, None):
            self._on_lost(notification)

    async def _answer(self, connection: device.Connection) -> None:
        task = asyncio.current_task()
        # Asked each time, as Bumble's wait for the confirmation can lose a cancellation.
        while task and not task.cancelling():
            reply = await self._replies.get()
            characteristic = self._characteristics[reply.characteristic]
            if not characteristic.properties & _Properties.INDICATE:
                await self._send(connection, reply)
                continue
            try:
                await self._device.indicate_subscriber(connection, characteristic, reply.value)
            except TimeoutError:
                # After an unconfirmed indication nothing more may be sent on a link.
                _log.warning("reply not confirmed device=%s", self._patch.device_id)
                await connection.disconnect()


def _is_full(connection: device.Connection) -> bool:
    queue = connection.data_packet_queue
    return queue is not None and queue.pending >= _IN_CONTROLLER_PACKETS


def _build_device(patch: SimulatedPatch, controller: RadioController) -> device.Device:
    built = device.Device(
        name=patch.name,
        address=hci.Address(patch.address, hci.Address.RANDOM_DEVICE_ADDRESS),
        host=RadioHost(controller, controller),
    )
    built.gatt_server.max_mtu = patch.att_mtu
    return built
