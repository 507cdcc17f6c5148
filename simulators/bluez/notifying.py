"""Who is told of a characteristic's values: clients by signals, or one client by a socket."""

import asyncio
import os
import socket
from collections.abc import Callable

# The bus writes a reply in the turn of the loop in which the method ends.
_HANDED_OVER_S = 0.1
_LONGEST_VALUE_BYTES = 512


class Handover:
    """One end of a socket that keeps the borders of messages; the other end goes to a client.

    Parameters
    ----------
    on_data : callable
        Called with what the client writes.
    on_closed : callable
        Called once when the client has closed its end.
    """

    def __init__(self, on_data: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        self._on_data = on_data
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._ours, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK
        )
        self.fd = theirs.detach()
        """For the client; closed here soon, as the bus sends a copy of it."""
        self._loop.call_later(_HANDED_OVER_S, os.close, self.fd)
        self._loop.add_reader(self._ours, self._on_readable)

    def send(self, value: bytes) -> None:
        """Hand over a value; a client that does not read loses it."""
        try:
            self._ours.send(value)
        except OSError:
            # Full, or just closed; then the reader is told, too.
            return

    def close(self) -> None:
        """Close this end, as BlueZ does when the link is gone."""
        self._loop.remove_reader(self._ours)
        self._ours.close()

    def _on_readable(self) -> None:
        try:
            data = self._ours.recv(_LONGEST_VALUE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._on_data(data)
            return
        self.close()
        self._on_closed()
