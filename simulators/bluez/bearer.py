"""One link, as D-Bus objects use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bleak.exc import BleakGATTProtocolError
from bumble import device, gatt_client

from simulators.bleak_errors import bleak_errors
from simulators.bluez.errors import NOT_PAIRED_CODES, dbus_errors

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A connection, and how it gets encrypted."""

    connection: device.Connection
    secure: Callable[[], Awaitable[None]]

    async def ask(self, operation: Callable[[gatt_client.Client], Awaitable[_T]]) -> _T:
        """Have the peer do something; as BlueZ does, pair and try again if it insists on that.

        Raises
        ------
        DBusError
            If the peer refuses or the link is gone.
        """
        with dbus_errors():
            try:
                with bleak_errors():
                    return await operation(self.connection.gatt_client)
            except BleakGATTProtocolError as refused:
                if refused.args[0] not in NOT_PAIRED_CODES or self.connection.is_encrypted:
                    raise
            await self.secure()
            return await operation(self.connection.gatt_client)
