"""Bumble's controller and host with what the virtual radio needs and without what costs time."""

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bumble import controller, core, hci, host, ll
from bumble.transport.common import StreamPacketSink, TransportLostError

from simulators.advertising import split_advert

if TYPE_CHECKING:
    from simulators.radio import VirtualRadio

# ATT packets of 232 bytes then cross in one piece: three times faster than with the default 27.
_ACL_LENGTH_BYTES = 251
_Command = hci.HCI_Command
_Error = hci.HCI_ErrorCode
_ExtendedReport = hci.HCI_LE_Extended_Advertising_Report_Event
_LegacyReport = hci.HCI_LE_Advertising_Report_Event
# What an adapter without power does not begin; ending things stays possible.
_NEEDS_POWER = (
    hci.HCI_LE_Create_Connection_Command,
    hci.HCI_LE_Extended_Create_Connection_Command,
    hci.HCI_LE_Set_Scan_Parameters_Command,
    hci.HCI_LE_Set_Extended_Scan_Parameters_Command,
)
_CONNECTS = _NEEDS_POWER[:2]
# HCI_Number_Of_Completed_Packets for one connection: every second packet, so not by Bumble's means.
_COMPLETED = struct.Struct("<BBBBHH")
_COMPLETED_HEADER = (0x04, 0x13, 5, 1)
_COMPLETED_START = bytes(_COMPLETED_HEADER)
# A whole ATT notification: ACL header, L2CAP header, opcode, attribute.
_NOTIFICATION = struct.Struct("<BHHHHBH")
_ACL_KIND = 0x02
_IS_NOTIFICATION = (_ACL_KIND, 0x04, 0x1B)
_ACL_HEADER_BYTES = 5
_PB_START = 2
_ACL_HEADER = struct.Struct("<BHH")

OnNotification = Callable[[int, int, bytes], None]


class DeferredSink(StreamPacketSink):
    """Takes packets at once, and writes them together at the end of the loop's turn."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        super().__init__(transport)
        self._waiting: list[bytes] = []

    def on_packet(self, packet: bytes) -> None:
        """Take a packet."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append(packet)

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not self.transport.is_closing():
            self.transport.write(b"".join(waiting))


class RadioController(controller.Controller):
    """A Bluetooth controller in the room."""

    acl_data_packet_length = _ACL_LENGTH_BYTES
    le_acl_data_packet_length = _ACL_LENGTH_BYTES
    link: "VirtualRadio"
    is_powered = True
    _is_scanning = False
    _attempt: Any = None

    @property
    def le_scan_enable(self) -> bool:
        """Whether the host wants to hear adverts."""
        return self._is_scanning

    @le_scan_enable.setter
    def le_scan_enable(self, is_on: bool) -> None:
        self._is_scanning = is_on
        self.link.on_listening_changed(self)

    @property
    def pending_le_connection(self) -> Any:
        """The command to connect that waits for its peer's advert, or None."""
        return self._attempt

    @pending_le_connection.setter
    def pending_le_connection(self, command: Any) -> None:
        self._attempt = command
        self.link.on_listening_changed(self)

    @property
    def is_listening(self) -> bool:
        """Whether an advert means anything to this controller."""
        return self._is_scanning or self._attempt is not None

    # -- to and from the host -------------------------------------------------------------

    # Bumble formats every packet for its debug log, wanted or not: half of the processor time.
    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the host."""
        match packet:
            case hci.HCI_Command():
                self.on_hci_command_packet(packet)
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the host, if there is one."""
        self._send(bytes(packet))

    def _send(self, packet: bytes) -> None:
        sink = self.host
        if isinstance(sink, DeferredSink):
            sink.on_packet(packet)
        elif sink:
            asyncio.get_running_loop().call_soon(sink.on_packet, packet)

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        """Carry out a command, unless power or room for it are missing."""
        if not self.is_powered and isinstance(command, _NEEDS_POWER):
            self._refuse(command, _Error.HARDWARE_FAILURE_ERROR)
        elif isinstance(command, _CONNECTS) and not self.link.has_room(self):
            self._refuse(command, _Error.CONNECTION_LIMIT_EXCEEDED_ERROR)
        else:
            super().on_hci_command_packet(command)

    def _refuse(self, command: hci.HCI_Command, error: hci.HCI_ErrorCode) -> None:
        if isinstance(command, hci.HCI_SyncCommand):
            answer = hci.HCI_StatusReturnParameters(error)
            self.send_hci_packet(hci.HCI_Command_Complete_Event(1, command.op_code, answer))
        else:
            self._send_hci_command_status(error, command.op_code)

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Hand data to the radio; it is complete when it has crossed."""
        if connection := self.find_connection_by_handle(packet.connection_handle):
            self.link.carry(self, connection, packet)

    def cross(self, connection: controller.Connection, packet: hci.HCI_AclDataPacket) -> None:
        """Have data cross the link, and tell the host that there is room again."""
        connection.assembler.feed_packet(packet)
        self._send(_COMPLETED.pack(*_COMPLETED_HEADER, connection.handle, 1))

    def cross_at_once(self, handle: int, pdu: bytes) -> bool:
        """Have a whole L2CAP packet cross, unless its link is not clear; tell whether it has.

        It passes all queues, so nothing of its connection may wait in the host's.
        """
        connection = self.find_le_connection_by_handle(handle)
        return connection is not None and self.link.carry_at_once(self, connection, pdu)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Say goodbye behind whatever is still on its way."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            super().on_hci_disconnect_command(command)
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        self.link.say_goodbye(connection, command.reason)

    def on_hci_read_rssi_command(
        self, command: hci.HCI_Read_RSSI_Command
    ) -> hci.HCI_Read_RSSI_ReturnParameters:
        """Give the level of a link."""
        connection = self.find_le_connection_by_handle(command.handle)
        if connection is None:
            unknown = _Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            return hci.HCI_Read_RSSI_ReturnParameters(unknown, command.handle, 0)
        rssi_dbm = self.link.rssi_dbm(connection.self_address, connection.peer_address)
        return hci.HCI_Read_RSSI_ReturnParameters(_Error.SUCCESS, command.handle, rssi_dbm)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Give up connecting and say so; Bumble would go on waiting."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(_Error.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_hci_packet(_cancelled(pending.peer_address))
        return hci.HCI_StatusReturnParameters(_Error.SUCCESS)

    # -- to and from the radio ------------------------------------------------------------

    def on_link_acl_data(
        self, sender_address: hci.Address, transport: core.PhysicalTransport, data: bytes
    ) -> None:
        """Hand what came over a link to the host."""
        if connection := self.le_connections.get(sender_address):
            handle = connection.handle | _PB_START << 12
            self._send(_ACL_HEADER.pack(_ACL_KIND, handle, len(data)) + data)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advert with its level, and connect if its sender is waited for.

        Bumble reports each one twice, as its own scan response, at a fixed level.
        """
        sender = pdu.advertiser_address
        if self._is_scanning:
            rssi_dbm = self.link.rssi_dbm(self.random_address, sender)
            if self.le_features & hci.LeFeatureMask.LE_EXTENDED_ADVERTISING:
                self.send_hci_packet(_extended_report(pdu, rssi_dbm))
            else:
                self.send_hci_packet(_legacy_report(pdu, rssi_dbm))
        if self._attempt and self._attempt.peer_address == sender:
            self.create_le_connection(sender)

    def on_le_connect_ind(self, packet: ll.ConnectInd) -> None:
        """Accept a connection and say what was agreed on; Bumble's event has made-up timing."""
        super().on_le_connect_ind(packet)
        if connection := self.le_connections.get(packet.initiator_address):
            self.send_hci_packet(
                hci.HCI_LE_Connection_Update_Complete_Event(
                    status=_Error.SUCCESS,
                    connection_handle=connection.handle,
                    connection_interval=packet.interval,
                    peripheral_latency=packet.latency,
                    supervision_timeout=packet.timeout,
                )
            )

    def on_le_disconnected(self, connection: controller.Connection, reason: int) -> None:
        """End a link at this end."""
        super().on_le_disconnected(connection, reason)
        self.link.on_link_ended(connection)

    def lose_power(self) -> None:
        """Tell the host that links, scan and attempt are over; the peers do not learn it."""
        self.is_powered = False
        for connection in list(self.le_connections.values()):
            reason = _Error.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
            super().on_le_disconnected(connection, reason)
        if pending := self.pending_le_connection:
            self.pending_le_connection = None
            self.send_hci_packet(_cancelled(pending.peer_address))
        self.le_scan_enable = False

    def regain_power(self) -> None:
        """Carry out commands again."""
        self.is_powered = True


class RadioHost(host.Host):
    """The software side of a controller, without Bumble's eager debug texts."""

    on_notification: OnNotification | None = None
    """Takes link, attribute and value of notifications, past Bumble's layers, where it is set."""

    def on_transport_lost(self) -> None:
        """Fail what waits and end all connections."""
        # Bumble's own trips over an answer that came with the end, and ends nothing.
        if self.pending_response and not self.pending_response.done():
            self.pending_response.set_exception(TransportLostError("transport lost"))
        self.emit("flush")

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the controller."""
        sink = self.hci_sink
        if isinstance(sink, RadioController) and isinstance(packet, hci.HCI_AclDataPacket):
            sink.on_hci_acl_data_packet(packet)
        elif sink:
            sink.on_packet(bytes(packet))

    def on_packet(self, packet: bytes) -> None:
        """Take the bytes of a packet from the controller."""
        if len(packet) == _COMPLETED.size and packet.startswith(_COMPLETED_START):
            *_, handle, n_packets = _COMPLETED.unpack(packet)
            if queue := self.get_data_packet_queue(handle):
                queue.on_packets_completed(n_packets, handle)
        elif self.on_notification and len(packet) >= _NOTIFICATION.size:
            self._take_data(packet, self.on_notification)
        else:
            super().on_packet(packet)

    def _take_data(self, packet: bytes, on_notification: OnNotification) -> None:
        kind, handle, n_bytes, _, cid, opcode, attribute = _NOTIFICATION.unpack_from(packet)
        is_whole = n_bytes == len(packet) - _ACL_HEADER_BYTES and handle >> 12 == _PB_START
        if (kind, cid, opcode) == _IS_NOTIFICATION and is_whole:
            on_notification(handle & 0xFFF, attribute, packet[_NOTIFICATION.size :])
        else:
            super().on_packet(packet)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller."""
        match packet:
            case hci.HCI_Event():
                self.on_hci_event_packet(packet)
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)


def _extended_report(pdu: ll.AdvInd | ll.AdvExtInd, rssi_dbm: int) -> hci.HCI_Packet:
    return _ExtendedReport(
        [
            _ExtendedReport.Report(
                event_type=_ExtendedReport.EventType.CONNECTABLE_ADVERTISING,
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                primary_phy=hci.Phy.LE_1M,
                secondary_phy=hci.Phy.LE_1M,
                advertising_sid=0,
                tx_power=0,
                rssi=rssi_dbm,
                periodic_advertising_interval=0,
                direct_address_type=0,
                direct_address=hci.Address.ANY,
                data=pdu.data,
            )
        ]
    )


def _legacy_report(pdu: ll.AdvInd | ll.AdvExtInd, rssi_dbm: int) -> hci.HCI_Packet:
    return _LegacyReport(
        [
            _LegacyReport.Report(
                event_type=kind,
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                data=data,
                rssi=rssi_dbm,
            )
            # An active scanner waits for the response before it tells of the advert.
            for kind, data in zip(
                (_LegacyReport.EventType.ADV_IND, _LegacyReport.EventType.SCAN_RSP),
                split_advert(pdu.data),
                strict=True,
            )
        ]
    )


def _cancelled(peer: hci.Address) -> hci.HCI_LE_Connection_Complete_Event:
    return hci.HCI_LE_Connection_Complete_Event(
        status=_Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
        connection_handle=0,
        role=hci.Role.CENTRAL,
        peer_address_type=peer.address_type,
        peer_address=peer,
        connection_interval=0,
        peripheral_latency=0,
        supervision_timeout=0,
        central_clock_accuracy=0,
    )
