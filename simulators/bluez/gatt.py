"""A peer's services on D-Bus: ``GattService1``, ``GattCharacteristic1``, ``GattDescriptor1``."""

from collections.abc import Callable
from typing import Annotated, Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from dbus_fast.annotations import DBusBytes, DBusDict, DBusSignature
from dbus_fast.service import dbus_method

from simulators.bluez.bearer import Bearer
from simulators.bluez.callers import caller
from simulators.bluez.chores import Chores
from simulators.bluez.errors import error, failed, in_progress, not_supported
from simulators.bluez.interface import Interface, shown
from simulators.bluez.notifying import Handover

_CONFIGURATION = "00002902-0000-1000-8000-00805f9b34fb"
_Socket = Annotated[tuple[int, int], DBusSignature("hq")]

FindBearer = Callable[[], Bearer | None]


class Service(Interface):
    """``org.bluez.GattService1``."""

    UUID = shown("UUID", "s")
    Device = shown("Device", "o")
    Primary = shown("Primary", "b")
    Includes = shown("Includes", "ao")

    def __init__(self, device_path: str, uuid: str) -> None:
        super().__init__(
            "org.bluez.GattService1", UUID=uuid, Device=device_path, Primary=True, Includes=[]
        )


class _Attribute(Interface):
    """What characteristics and descriptors have in common."""

    def __init__(self, name: str, bearer: FindBearer, **values: Any) -> None:
        super().__init__(name, Value=b"", **values)
        self._bearer = bearer

    def _link(self) -> Bearer:
        link = self._bearer()
        if link is None:
            raise failed("Not connected")
        return link

    async def _read(self, handle: int, options: DBusDict) -> bytes:
        value = await self._link().ask(lambda client: client.read_value(handle))
        offset = options["offset"].value if "offset" in options else 0
        if offset > len(value):
            raise error("InvalidArguments", "Invalid offset")
        # To a client that is subscribed, BlueZ shows what was read as if it had been notified.
        self.signal(Value=bytes(value))
        return bytes(value[offset:])

    async def _write(self, handle: int, value: bytes, *, with_response: bool) -> None:
        await self._link().ask(
            lambda client: client.write_value(handle, bytes(value), with_response)
        )


class Characteristic(_Attribute):
    """``org.bluez.GattCharacteristic1``.

    Subscriptions belong to the client on the bus and outlive the link: when the peer is connected
    again while the client is still there, BlueZ subscribes again by itself.
    """

    UUID = shown("UUID", "s")
    Service = shown("Service", "o")
    Value = shown("Value", "ay")
    Notifying = shown("Notifying", "b")
    NotifyAcquired = shown("NotifyAcquired", "b")
    WriteAcquired = shown("WriteAcquired", "b")
    Flags = shown("Flags", "as")
    MTU = shown("MTU", "q")

    def __init__(
        self, service_path: str, peers: BleakGATTCharacteristic, bearer: FindBearer, chores: Chores
    ) -> None:
        super().__init__(
            "org.bluez.GattCharacteristic1",
            bearer,
            UUID=peers.uuid,
            Service=service_path,
            Notifying=False,
            NotifyAcquired=False,
            WriteAcquired=False,
            Flags=list(peers.properties),
            MTU=23,
        )
        self._peers = peers
        self._chores = chores
        self._clients: set[str] = set()
        self._notify_socket: Handover | None = None
        self._write_socket: Handover | None = None

    async def rebind(self, peers: BleakGATTCharacteristic, mtu: int) -> None:
        """Go over to a new link, with the subscriptions of clients that are still there."""
        self._peers = peers
        self.tell(MTU=mtu)
        if self._clients:
            await self._subscribe()

    def link_lost(self) -> None:
        """Close the sockets; subscriptions stay."""
        for held in (self._notify_socket, self._write_socket):
            if held:
                held.close()
        self._notify_socket = self._write_socket = None
        self.tell(Notifying=False, NotifyAcquired=False, WriteAcquired=False)

    async def client_gone(self, client: str) -> None:
        """End the subscription of a client that has left the bus."""
        if client in self._clients:
            self._clients.remove(client)
            await self._unsubscribe_if_last()

    @dbus_method(name="ReadValue")
    async def _read_value(self, options: DBusDict) -> DBusBytes:
        return await self._read(self._peers.handle, options)

    @dbus_method(name="WriteValue")
    async def _write_value(self, value: DBusBytes, options: DBusDict) -> None:
        kind = options["type"].value if "type" in options else self._way_to_write()
        await self._write(self._peers.handle, value, with_response=kind != "command")

    def _way_to_write(self) -> str:
        for flag, kind in (("write", "request"), ("write-without-response", "command")):
            if flag in self._peers.properties:
                return kind
        raise not_supported()

    @dbus_method(name="StartNotify")
    async def _start_notify(self) -> None:
        self._require_notifiable()
        if caller() in self._clients:
            raise in_progress()
        is_first = not self._clients
        self._clients.add(caller())
        try:
            if is_first:
                await self._subscribe()
        except BaseException:
            self._clients.discard(caller())
            raise

    @dbus_method(name="StopNotify")
    async def _stop_notify(self) -> None:
        if caller() not in self._clients:
            raise failed("No notify session started")
        self._clients.remove(caller())
        await self._unsubscribe_if_last()

    @dbus_method(name="AcquireNotify")
    async def _acquire_notify(self, _options: DBusDict) -> _Socket:
        self._require_notifiable()
        if self._clients:
            raise error("NotPermitted", "Notify acquired")
        await self._subscribe()
        self._notify_socket = Handover(lambda data: None, self._notify_socket_closed)
        self.tell(NotifyAcquired=True)
        return self._notify_socket.fd, self._link().connection.att_mtu

    @dbus_method(name="AcquireWrite")
    async def _acquire_write(self, _options: DBusDict) -> _Socket:
        link = self._link()
        if "write-without-response" not in self._peers.properties:
            raise not_supported()
        if self._write_socket:
            raise error("NotPermitted", "Write acquired")
        self._write_socket = Handover(self._write_from_socket, self._write_socket_closed)
        self.tell(WriteAcquired=True)
        return self._write_socket.fd, link.connection.att_mtu

    def _require_notifiable(self) -> None:
        self._link()
        if not {"notify", "indicate"} & set(self._peers.properties):
            raise not_supported()
        if self._notify_socket:
            raise error("NotPermitted", "Notify acquired")

    async def _subscribe(self) -> None:
        await self._link().ask(lambda client: client.subscribe(self._peers.obj, self._on_value))
        self.tell(Notifying=True)

    async def _unsubscribe_if_last(self) -> None:
        if self._clients or self._notify_socket or not self.values["Notifying"]:
            return
        self.tell(Notifying=False)
        if link := self._bearer():
            await link.ask(lambda client: client.unsubscribe(self._peers.obj, self._on_value))

    def _on_value(self, value: bytes) -> None:
        if self._notify_socket:
            self._notify_socket.send(value)
        else:
            self.signal(Value=bytes(value))

    def _notify_socket_closed(self) -> None:
        self._notify_socket = None
        self.tell(NotifyAcquired=False)
        self._chores.start(self._unsubscribe_if_last())

    def _write_from_socket(self, data: bytes) -> None:
        self._chores.start(self._write(self._peers.handle, data, with_response=False))

    def _write_socket_closed(self) -> None:
        self._write_socket = None
        self.tell(WriteAcquired=False)


class Descriptor(_Attribute):
    """``org.bluez.GattDescriptor1``."""

    UUID = shown("UUID", "s")
    Characteristic = shown("Characteristic", "o")
    Value = shown("Value", "ay")

    def __init__(
        self, characteristic_path: str, peers: BleakGATTDescriptor, bearer: FindBearer
    ) -> None:
        super().__init__(
            "org.bluez.GattDescriptor1",
            bearer,
            UUID=peers.uuid,
            Characteristic=characteristic_path,
        )
        self._handle = peers.handle

    @dbus_method(name="ReadValue")
    async def _read_value(self, options: DBusDict) -> DBusBytes:
        return await self._read(self._handle, options)

    @dbus_method(name="WriteValue")
    async def _write_value(self, value: DBusBytes, _options: DBusDict) -> None:
        if self.values["UUID"] == _CONFIGURATION:
            # That is what StartNotify is for.
            raise error("NotPermitted", "Write not permitted")
        await self._write(self._handle, value, with_response=True)
