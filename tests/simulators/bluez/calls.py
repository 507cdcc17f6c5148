"""A client of ``org.bluez`` without Bleak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType, Variant, unpack_variants
from dbus_fast.aio import MessageBus

HCI0 = "/org/bluez/hci0"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
_PROPERTIES = "org.freedesktop.DBus.Properties"


class Client:
    """Calls, and raises what is answered with an error."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> Any:
        reply = await self.bus.call(
            Message(
                destination="org.bluez",
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        if reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name, reply.body[0] if reply.body else "", reply)
        return unpack_variants(reply.body[0]) if reply.body else None

    async def get(self, path: str, interface: str, name: str) -> Any:
        return await self.call(path, _PROPERTIES, "Get", "ss", interface, name)

    async def set(self, path: str, interface: str, name: str, value: Variant) -> None:
        await self.call(path, _PROPERTIES, "Set", "ssv", interface, name, value)

    async def objects(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.call(
            "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
        )
        return found


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    """Connect one more client to the bus that Bleak uses."""
    bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
    try:
        yield Client(bus)
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()
