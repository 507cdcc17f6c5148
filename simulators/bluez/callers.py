"""Who calls, and who has left the bus: BlueZ keeps scans and subscriptions for each client."""

from collections.abc import Callable
from contextvars import ContextVar

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

_caller: ContextVar[str] = ContextVar("caller")
_DAEMON = "org.freedesktop.DBus"

OnGone = Callable[[str], None]


def caller() -> str:
    """Give the unique name of the client whose call is being answered."""
    return _caller.get()


class Callers:
    """Notes the sender of every call, and tells when one has left.

    dbus-fast does not hand the sender to a method. It starts the method in the context in which
    the message was read, so that is where it is put.
    """

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._on_gone: list[OnGone] = []

    async def watch(self) -> None:
        """Begin to listen."""
        self._bus.add_message_handler(self._on_message)
        rule = f"type='signal',sender='{_DAEMON}',member='NameOwnerChanged'"
        await self._bus.call(
            Message(
                destination=_DAEMON,
                path="/org/freedesktop/DBus",
                interface=_DAEMON,
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )

    def on_gone(self, tell: OnGone) -> None:
        """Have `tell` called with the name of every client that leaves."""
        self._on_gone.append(tell)

    def _on_message(self, message: Message) -> None:
        if message.message_type is MessageType.METHOD_CALL and message.sender:
            _caller.set(message.sender)
        elif message.member == "NameOwnerChanged" and message.sender == _DAEMON:
            name, _, owner = message.body
            if not owner:
                for tell in self._on_gone:
                    tell(name)
