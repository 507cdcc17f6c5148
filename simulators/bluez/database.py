"""All services of one peer, on D-Bus from the first time they were discovered."""

from bleak.backends.service import BleakGATTServiceCollection
from dbus_fast.aio import MessageBus

from simulators.bluez.bearer import Bearer
from simulators.bluez.chores import Chores
from simulators.bluez.gatt import Characteristic, Descriptor, Service
from simulators.bluez.interface import Interface


class Database:
    """The peer's attributes.

    Like BlueZ's cache it outlives the link, and is made anew if the attributes are others.
    """

    def __init__(self, bus: MessageBus, device_path: str, chores: Chores) -> None:
        self._bus = bus
        self._device_path = device_path
        self._chores = chores
        self._exported: dict[str, Interface] = {}
        self._characteristics: dict[int, Characteristic] = {}
        self._layout: list[tuple[int, str]] = []
        self._bearer: Bearer | None = None

    async def resolve(self, services: BleakGATTServiceCollection, bearer: Bearer) -> None:
        """Show the services just discovered and take over what clients subscribed to."""
        self._bearer = bearer
        layout = _layout(services)
        if layout != self._layout:
            self.clear()
            self._layout = layout
            self._export(services)
        for handle, characteristic in self._characteristics.items():
            peers = services.characteristics[handle]
            await characteristic.rebind(peers, bearer.connection.att_mtu)

    def link_lost(self) -> None:
        """Note that nothing can be asked any more."""
        self._bearer = None
        for characteristic in self._characteristics.values():
            characteristic.link_lost()

    async def client_gone(self, client: str) -> None:
        """End the subscriptions of a client that has left the bus."""
        for characteristic in tuple(self._characteristics.values()):
            await characteristic.client_gone(client)

    def clear(self) -> None:
        """Take everything off the bus."""
        for path in reversed(self._exported):
            self._bus.unexport(path)
        self._exported.clear()
        self._characteristics.clear()
        self._layout = []

    def _export(self, services: BleakGATTServiceCollection) -> None:
        for service in services:
            service_path = f"{self._device_path}/service{service.handle:04x}"
            self._put(service_path, Service(self._device_path, service.uuid))
            for each in service.characteristics:
                # BlueZ names it by its declaration, which comes right before the value.
                path = f"{service_path}/char{each.handle - 1:04x}"
                exported = Characteristic(service_path, each, self._find_bearer, self._chores)
                self._characteristics[each.handle] = exported
                self._put(path, exported)
                for descriptor in each.descriptors:
                    self._put(
                        f"{path}/desc{descriptor.handle:04x}",
                        Descriptor(path, descriptor, self._find_bearer),
                    )

    def _put(self, path: str, interface: Interface) -> None:
        self._bus.export(path, interface)
        self._exported[path] = interface

    def _find_bearer(self) -> Bearer | None:
        return self._bearer


def _layout(services: BleakGATTServiceCollection) -> list[tuple[int, str]]:
    return [
        *((each.handle, each.uuid) for each in services),
        *((each.handle, each.uuid) for each in services.characteristics.values()),
        *((each.handle, each.uuid) for each in services.descriptors.values()),
    ]
