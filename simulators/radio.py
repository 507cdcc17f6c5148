"""A room full of Bluetooth Low Energy without air: controllers that hear each other.

Built on Bumble's `LocalLink` and `Controller`, with what they leave out: links that break
(`VirtualRadio.drop`), controllers that vanish with the process behind them, adverts that reach
only who listens, a create-connection that can be cancelled, and look-ups that do not walk over
all controllers. Controllers are served as HCI over TCP, so the host may be another process.

Packets cross the room in the call that sends them; only the last step to a host goes through the
event loop. So whatever a patch has sent is on its way before a later `drop` or disconnection is
told, and an account of sent samples stays exact.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from bumble import controller, core, hci, host, link, ll
from bumble.transport.common import StreamPacketSink, StreamPacketSource, TransportLostError

_log = logging.getLogger(__name__)

# ATT packets of 232 bytes then cross in one piece: three times faster than with the default 27.
_ACL_LENGTH_BYTES = 251
_LINK_LOST = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


class RadioController(controller.Controller):
    """A Bluetooth controller in the room."""

    acl_data_packet_length = _ACL_LENGTH_BYTES
    le_acl_data_packet_length = _ACL_LENGTH_BYTES

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
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Give up connecting and say so; Bumble would go on waiting."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_hci_packet(_cancelled(pending.peer_address))
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


class RadioHost(host.Host):
    """The software side of a controller, without Bumble's eager debug texts."""

    def on_transport_lost(self) -> None:
        """Fail what waits and end all connections."""
        # Bumble's own trips over an answer that came with the end, and ends nothing.
        if self.pending_response and not self.pending_response.done():
            self.pending_response.set_exception(TransportLostError("transport lost"))
        self.emit("flush")

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the controller."""
        if self.hci_sink:
            self.hci_sink.on_packet(bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller."""
        match packet:
            case hci.HCI_Event():
                self.on_hci_event_packet(packet)
            case hci.HCI_AclDataPacket():
                self.on_hci_acl_data_packet(packet)


def _is_listening(receiver: controller.Controller) -> bool:
    return receiver.le_scan_enable or receiver.pending_le_connection is not None


def _is_advertising(sender: controller.Controller) -> bool:
    sets = sender.advertising_sets.values()
    return sender.le_legacy_advertiser.enabled or any(advertiser.enabled for advertiser in sets)


def _cancelled(peer: hci.Address) -> hci.HCI_LE_Connection_Complete_Event:
    return hci.HCI_LE_Connection_Complete_Event(
        status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
        connection_handle=0,
        role=hci.Role.CENTRAL,
        peer_address_type=peer.address_type,
        peer_address=peer,
        connection_interval=0,
        peripheral_latency=0,
        supervision_timeout=0,
        central_clock_accuracy=0,
    )


class VirtualRadio(link.LocalLink):
    """The room: knows every controller by its random address, and which are cut off."""

    def __init__(self) -> None:
        self.controllers: set[controller.Controller] = set()
        self._by_address: dict[hci.Address, controller.Controller] = {}
        self._address_of: dict[controller.Controller, hci.Address] = {}
        self._down: Counter[hci.Address] = Counter()

    # -- who is in the room ---------------------------------------------------------------

    def add_controller(self, controller: controller.Controller) -> None:
        """Let a controller take part."""
        self.controllers.add(controller)
        self.on_address_changed(controller)

    def remove_controller(self, controller: controller.Controller) -> None:
        """Take a controller away; its peers see the link time out."""
        for connection in list(controller.le_connections.values()):
            self._end_link(connection)
        self.controllers.discard(controller)
        self._forget_address(controller)

    def on_address_changed(self, controller: controller.Controller) -> None:
        """Follow a controller that got another address."""
        self._forget_address(controller)
        self._address_of[controller] = controller.random_address
        self._by_address[controller.random_address] = controller

    def _forget_address(self, controller: controller.Controller) -> None:
        address = self._address_of.pop(controller, None)
        if address is not None and self._by_address.get(address) is controller:
            del self._by_address[address]

    def find_le_controller(self, address: hci.Address) -> controller.Controller | None:
        """Give the controller behind an address."""
        return self._by_address.get(address)

    # -- what crosses it ------------------------------------------------------------------

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Bring an advert to all who listen, a connect request to whom it names."""
        if isinstance(packet, ll.ConnectInd):
            if target := self.find_le_controller(packet.advertiser_address):
                target.on_ll_advertising_pdu(packet)
            return
        # Not at once: the advertiser sets its next timer after this call.
        asyncio.get_running_loop().call_soon(self._advertise, sender_controller, packet)

    def _advertise(self, sender: controller.Controller, packet: ll.AdvertisingPdu) -> None:
        if self._is_down(sender):
            return
        for receiver in list(self.controllers):
            # A connection made by an earlier receiver ends the advertising.
            if _is_listening(receiver) and _is_advertising(sender) and not self._is_down(receiver):
                receiver.on_ll_advertising_pdu(packet)

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Bring data over a link; without link it is lost."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection and receiver and connection.self_address in receiver.le_connections:
            receiver.on_link_acl_data(connection.self_address, transport, data)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Bring a control packet over a link; without link it is lost."""
        receiver = self.find_le_controller(receiver_address)
        if receiver and sender_address in receiver.le_connections:
            receiver.on_ll_control_pdu(sender_address, packet)

    # -- what breaks ----------------------------------------------------------------------

    @asynccontextmanager
    async def drop(self, *addresses: hci.Address) -> AsyncIterator[None]:
        """Cut controllers off: links time out, no advert or request passes until the end.

        Both ends get a disconnection with reason 0x08, the supervision timeout.
        """
        for address in addresses:
            self._down[address] += 1
            if cut := self.find_le_controller(address):
                for connection in list(cut.le_connections.values()):
                    self._end_link(connection)
        try:
            yield
        finally:
            for address in addresses:
                self._down[address] -= 1

    def _is_down(self, controller: controller.Controller) -> bool:
        return self._down[controller.random_address] > 0

    def _end_link(self, connection: controller.Connection) -> None:
        peer = self.find_le_controller(connection.peer_address)
        connection.controller.on_le_disconnected(connection, _LINK_LOST)
        if peer and (other_end := peer.le_connections.get(connection.self_address)):
            peer.on_le_disconnected(other_end, _LINK_LOST)


class _TcpSink(StreamPacketSink):
    """Writes to a host until it has gone."""

    def on_packet(self, packet: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(packet)


class _HciClient(StreamPacketSource):
    """One host on a TCP connection, with a controller of its own."""

    def __init__(self, radio: VirtualRadio, clients: "set[_HciClient]") -> None:
        super().__init__()
        self._controller = RadioController("hci", host_source=self, link=radio)
        self._radio = radio
        self._clients = clients

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sink = _TcpSink(cast("asyncio.WriteTransport", transport))
        self._controller.host = self._sink
        self._clients.add(self)
        _log.info("host connected")

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        self._controller.host = None
        self._radio.remove_controller(self._controller)
        _log.info("host gone")

    def close(self) -> None:
        """Hang up."""
        self._sink.close()


@asynccontextmanager
async def serve_hci(radio: VirtualRadio, address: str, port: int) -> AsyncIterator[int]:
    """Serve controllers as HCI over TCP, a new one for every client.

    When a client's connection ends its links time out, as if its radio had lost power.

    Parameters
    ----------
    port : int
        0 takes any free one.

    Yields
    ------
    int
        The port that is listened on.

    Raises
    ------
    OSError
        If the address cannot be listened on.
    """
    clients: set[_HciClient] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _HciClient(radio, clients), address, port
    )
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for client in clients:
                client.close()
