"""A room full of Bluetooth Low Energy without air: controllers that hear each other.

Built on Bumble's `LocalLink` and `Controller`, with what they leave out: everything that goes wrong
on the air (`radio_faults` tells what there is and how it is set), controllers that vanish with the
process behind them, adverts that reach only who listens, and look-ups that do not walk over all
controllers.

Theory of operation: on a clear link packets cross the room in the call that sends them; only the
last step to a host goes through the event loop. So whatever a patch has sent is on its way before a
later `drop` or disconnection is told, and an account of sent samples stays exact. Each connection
has an `AirLink`; while loss, distance or pacing touch it, packets of every kind wait there, in
order. Between the link layer and the receiving host stands `StackFaults` where it was asked for.
"""

import asyncio
from functools import partial

from bumble import controller, core, hci, link, ll

from simulators.air_link import AirLink, AirPacket, LinkTiming
from simulators.controller import RadioController as RadioController
from simulators.controller import RadioHost as RadioHost
from simulators.hci_server import serve_hci as serve_hci
from simulators.notification_faults import StackFaults, is_att, limit_mtu
from simulators.propagation import PathLoss
from simulators.radio_faults import LARGEST_MTU, RadioFaults, chance
from simulators.ticker import Ticker

_LINK_LOST = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
_NEVER_THERE = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
_L2CAP_HEADER_BYTES = 4
# Core specification, vol. 6 part B 4.5.2: how long a new link may be silent.
_INTERVALS_TO_APPEAR = 6
# What a scanner gets out of a crowd on three channels; own estimate.
_HEARD_PER_S = 200
# Below so many advertisers each one is heard every time.
_CROWD = 40

_Ends = tuple[hci.Address, hci.Address]


class VirtualRadio(RadioFaults, link.LocalLink):
    """The room: knows every controller by its addresses, and carries what they send.

    Parameters
    ----------
    seed : int
        Fixes everything that happens by chance.
    path_loss : PathLoss
        The building; matters to who was placed.
    """

    def __init__(self, seed: int = 0, path_loss: PathLoss | None = None) -> None:
        super().__init__(seed, path_loss)
        self.ticker = Ticker()
        """For what patches do by time."""
        self.controllers: set[controller.Controller] = set()
        self._by_address: dict[hci.Address, controller.Controller] = {}
        self._addresses_of: dict[controller.Controller, tuple[hci.Address, ...]] = {}
        self._listening: dict[controller.Controller, None] = {}
        self._air: dict[_Ends, AirLink] = {}
        """Under both orders of its ends."""
        self._hearing = chance("adverts", seed)
        self._heard_s: dict[tuple[controller.Controller, controller.Controller], float] = {}
        """By receiver and sender."""

    # -- who is in the room ---------------------------------------------------------------

    def add_controller(self, controller: controller.Controller) -> None:
        """Let a controller take part."""
        self.controllers.add(controller)
        self.on_address_changed(controller)

    def remove_controller(self, controller: controller.Controller) -> None:
        """Take a controller away; its peers see the link time out, at once."""
        for connection in list(controller.le_connections.values()):
            self._break(connection.self_address, connection.peer_address, _LINK_LOST)
        self.controllers.discard(controller)
        self._listening.pop(controller, None)
        self._heard_s = {pair: s for pair, s in self._heard_s.items() if controller not in pair}
        self._forget_address(controller)

    def on_address_changed(self, controller: controller.Controller) -> None:
        """Follow a controller that got another address."""
        self._forget_address(controller)
        addresses = (controller.random_address, controller.public_address)
        self._addresses_of[controller] = addresses
        self._by_address.update(dict.fromkeys(addresses, controller))
        for address in addresses:
            self._switch(address)

    def on_listening_changed(self, controller: RadioController) -> None:
        """Note whether adverts mean anything to a controller."""
        if controller.is_listening:
            self._listening[controller] = None
        else:
            self._listening.pop(controller, None)

    def _forget_address(self, controller: controller.Controller) -> None:
        for address in self._addresses_of.pop(controller, ()):
            if self._by_address.get(address) is controller:
                del self._by_address[address]

    def find_le_controller(self, address: hci.Address) -> controller.Controller | None:
        """Give the controller behind an address."""
        return self._by_address.get(address)

    def has_room(self, controller: controller.Controller) -> bool:
        """Tell whether a controller may hold one more link."""
        return len(controller.le_connections) < self._most_links.at(controller.random_address)

    # -- adverts and requests to connect --------------------------------------------------

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Bring an advert to all who listen, a connect request to whom it names."""
        if isinstance(packet, ll.ConnectInd):
            self._connect(packet)
            return
        # Not at once: the advertiser sets its next timer after this call.
        asyncio.get_running_loop().call_soon(self._advertise, sender_controller, packet)

    def _advertise(self, sender: controller.Controller, packet: ll.AdvertisingPdu) -> None:
        for receiver in list(self._listening):
            # A connection made by an earlier receiver ends the advertising.
            if not sender.is_advertising:
                return
            if receiver is sender or not self._has_ear_for(receiver, sender):
                continue
            if self._gets_through(_name(receiver), _name(sender)):
                receiver.on_ll_advertising_pdu(packet)

    def _has_ear_for(self, receiver: controller.Controller, sender: controller.Controller) -> bool:
        """Say whether a receiver hears this advert among those of everybody else.

        In a crowd adverts collide and a scanner hears some of each; whom it waits to connect to it
        always hears.
        """
        pending = receiver.pending_le_connection
        is_awaited = pending is not None and pending.peer_address == _name(sender)
        if is_awaited or len(self.controllers) <= _CROWD:
            return True
        period_s = len(self.controllers) / _HEARD_PER_S
        now_s = asyncio.get_running_loop().time()
        if now_s - self._heard_s.get((receiver, sender), float("-inf")) < period_s:
            return False
        self._heard_s[receiver, sender] = now_s
        return True

    def _gets_through(self, one: hci.Address, other: hci.Address) -> bool:
        loss = self.loss_between(one, other)
        return not loss or self._hearing.random() >= loss

    def _connect(self, request: ll.ConnectInd) -> None:
        central, peripheral = request.initiator_address, request.advertiser_address
        target = self.find_le_controller(peripheral)
        timing = LinkTiming.of(request.interval, request.timeout)
        if target and self._gets_through(central, peripheral):
            target.on_ll_advertising_pdu(request)
        if not target or central not in target.le_connections:
            # The initiator thinks that it is connected until it has heard nothing for a while.
            wait_s = _INTERVALS_TO_APPEAR * timing.interval_s
            loop = asyncio.get_running_loop()
            loop.call_later(wait_s, self._break, central, peripheral, _NEVER_THERE)
            return
        air = AirLink(
            timing,
            chance("link", self._seed, peripheral, central),
            partial(self._break, central, peripheral, _LINK_LOST),
        )
        self._air[central, peripheral] = self._air[peripheral, central] = air
        self._look_at(central, peripheral)

    # -- what crosses a link --------------------------------------------------------------

    def carry(
        self,
        sender: RadioController,
        connection: controller.Connection,
        packet: hci.HCI_AclDataPacket,
    ) -> None:
        """Bring a host's data over its link; without link it is lost."""
        cross = partial(sender.cross, connection, packet)
        air = self._air.get((connection.self_address, connection.peer_address))
        if air is None or air.is_clear:
            cross()
        else:
            lose = partial(self._lose_data, connection, packet)
            air.send(connection.role, AirPacket(cross, lose))

    def carry_at_once(
        self, sender: RadioController, connection: controller.Connection, pdu: bytes
    ) -> bool:
        """Bring a whole L2CAP packet over its link in this call, unless something touches it."""
        air = self._air.get((connection.self_address, connection.peer_address))
        if air is None or not air.is_clear:
            return False
        self.send_acl_data(sender, connection.peer_address, connection.transport, pdu)
        return True

    def _lose_data(self, connection: controller.Connection, packet: hci.HCI_AclDataPacket) -> None:
        def tell(pdu: bytes) -> None:
            if is_att(pdu):
                self._lost(connection.self_address, pdu[_L2CAP_HEADER_BYTES:])

        connection.assembler.callback = tell
        connection.assembler.feed_packet(packet)

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Hand data that has crossed to the receiver; without link it is lost."""
        connection = sender_controller.le_connections.get(destination_address)
        if connection is None or not self.find_le_controller(destination_address):
            return
        sender = connection.self_address
        most = min(self._mtus.at(sender), self._mtus.at(destination_address))
        if most < LARGEST_MTU:
            data = limit_mtu(data, most)
        stack = self._stacks.at(sender)
        for pdu in stack.arrive(data) if stack else (data,):
            self._hand_over(sender, destination_address, pdu)

    def _hand_over(self, sender: hci.Address, to: hci.Address, pdu: bytes) -> None:
        receiver = self.find_le_controller(to)
        if receiver and sender in receiver.le_connections:
            receiver.on_link_acl_data(sender, core.PhysicalTransport.LE, pdu)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Bring a control packet over a link; without link it is lost."""
        arrive = partial(self._take_control, sender_address, receiver_address, packet)
        air = self._air.get((sender_address, receiver_address))
        sender = self.find_le_controller(sender_address)
        if air is None or air.is_clear or sender is None or isinstance(packet, ll.TerminateInd):
            arrive()
        elif connection := sender.le_connections.get(receiver_address):
            air.send(connection.role, AirPacket(arrive, _forget))

    def _take_control(self, sender: hci.Address, to: hci.Address, packet: ll.ControlPdu) -> None:
        air = self._air.get((sender, to))
        if air and isinstance(packet, ll.ConnectionUpdateInd):
            air.timing = LinkTiming.of(packet.interval, packet.timeout)
        receiver = self.find_le_controller(to)
        if receiver and sender in receiver.le_connections:
            receiver.on_ll_control_pdu(sender, packet)

    # -- how links end --------------------------------------------------------------------

    def say_goodbye(self, connection: controller.Connection, reason: int) -> None:
        """End a link in order, behind what is on its way."""
        part = partial(self._break, connection.self_address, connection.peer_address, reason)
        air = self._air.get((connection.self_address, connection.peer_address))
        if air is None or air.is_clear:
            part()
        else:
            air.send(connection.role, AirPacket(part, _forget))

    def _break(self, one: hci.Address, other: hci.Address, reason: int) -> None:
        self._release(one, other)
        self._release(other, one)
        for end, peer in ((other, one), (one, other)):
            at_end = self.find_le_controller(end)
            if at_end and (connection := at_end.le_connections.get(peer)):
                at_end.on_le_disconnected(connection, reason)
        # Where both ends were gone already, as after a loss of power.
        self._clear_away(one, other)

    def on_link_ended(self, connection: controller.Connection) -> None:
        """Lose what still waited for a link."""
        self._clear_away(connection.self_address, connection.peer_address)

    def _clear_away(self, one: hci.Address, other: hci.Address) -> None:
        self._air.pop((other, one), None)
        if air := self._air.pop((one, other), None):
            air.end()

    def _release(self, sender: hci.Address, to: hci.Address) -> None:
        if stack := self._stacks.at(sender):
            for pdu in stack.release():
                self._hand_over(sender, to, pdu)

    # -- what faults do -------------------------------------------------------------------

    def _cut(self, address: hci.Address) -> None:
        if self._cut_off.at(address):
            for peer in self._peers_of(address):
                self._break(address, peer, _LINK_LOST)

    def _recondition(self, address: hci.Address) -> None:
        for peer in self._peers_of(address):
            self._look_at(address, peer)

    def _look_at(self, one: hci.Address, other: hci.Address) -> None:
        is_paced = self._paced.at(one) or self._paced.at(other)
        self._air[one, other].condition(self.loss_between(one, other), is_paced=is_paced)

    def _switch(self, address: hci.Address) -> None:
        switched = self.find_le_controller(address)
        is_powered = not self._unpowered.at(address)
        if isinstance(switched, RadioController) and switched.is_powered != is_powered:
            if is_powered:
                switched.regain_power()
            else:
                switched.lose_power()
                for peer in self._peers_of(address):
                    self._air[address, peer].abandon()

    def _let_go(self, address: hci.Address, stack: StackFaults) -> None:
        for peer in self._peers_of(address):
            for pdu in stack.release():
                self._hand_over(address, peer, pdu)

    def _peers_of(self, address: hci.Address) -> list[hci.Address]:
        return [other for one, other in self._air if one == address]


def _forget() -> None:
    """Nobody counts control packets."""


def _name(controller: controller.Controller) -> hci.Address:
    """Give the address by which a controller's faults go; some only have a public one."""
    address = controller.random_address
    return address if any(address.address_bytes) else controller.public_address
