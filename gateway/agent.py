"""Answers BlueZ's questions while pairing: the passkey from the patch's label.

BlueZ asks an *agent* on the system bus. Without one it pairs with nobody, not even with patches
that need no passkey: the kernel asks since 5.7, and bluetoothd then has no one to answer.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from dbus_fast import BusType, DBusError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusUInt32
from dbus_fast.constants import MessageType
from dbus_fast.message import Message
from dbus_fast.service import ServiceInterface, dbus_method

_log = logging.getLogger(__name__)
_PATH = "/org/ecgomics/agent"
_CAPABILITY = "KeyboardOnly"
_REJECTED = "org.bluez.Error.Rejected"


class PasskeyAgent(ServiceInterface):
    """Knows the passkeys of some patches.

    Parameters
    ----------
    passkeys : Mapping[str, int]
        By Bluetooth address, upper case with colons; filled as patches are heard.
    """

    def __init__(self, passkeys: Mapping[str, int]) -> None:
        super().__init__("org.bluez.Agent1")
        self._passkeys = passkeys

    @dbus_method("RequestPasskey")
    def request_passkey(self, device: DBusObjectPath) -> DBusUInt32:
        """Give the passkey of the device at an object path.

        Raises
        ------
        DBusError
            If it has none here.
        """
        address = device.rpartition("/dev_")[2].replace("_", ":").upper()
        passkey = self._passkeys.get(address)
        if passkey is None:
            raise DBusError(_REJECTED, "no passkey for this patch")
        _log.info("passkey given address=%s", address)
        return passkey

    @dbus_method("Cancel")
    def cancel(self) -> None:
        """Do nothing: nobody was asked."""

    @dbus_method("Release")
    def release(self) -> None:
        """Do nothing: there is nothing to give back."""


@asynccontextmanager
async def serving_passkeys(passkeys: Mapping[str, int]) -> AsyncIterator[None]:
    """Be BlueZ's agent until the end, also for patches without passkey; without BlueZ say so."""
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, DBusError) as error:
        _log.warning("no pairing error=%s", error)
        yield
        return
    try:
        bus.export(_PATH, PasskeyAgent(passkeys))
        await _call(bus, "RegisterAgent", "os", [_PATH, _CAPABILITY])
        await _call(bus, "RequestDefaultAgent", "o", [_PATH])
        yield
    finally:
        bus.disconnect()


async def _call(bus: MessageBus, member: str, signature: str, body: list[str]) -> None:
    reply = await bus.call(
        Message(
            destination="org.bluez",
            path="/org/bluez",
            interface="org.bluez.AgentManager1",
            member=member,
            signature=signature,
            body=body,
        )
    )
    if reply is None or reply.message_type is MessageType.ERROR:
        _log.warning("no pairing error=%s", reply.body if reply else "no reply")
