"""The virtual radio's controllers as HCI over TCP, so that a host may be another process."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from bumble.transport.common import StreamPacketSource

from simulators.controller import DeferredSink, RadioController

if TYPE_CHECKING:
    from simulators.radio import VirtualRadio

_log = logging.getLogger(__name__)


class _HciClient(StreamPacketSource):
    """One host on a TCP connection, with a controller of its own."""

    def __init__(self, radio: "VirtualRadio", clients: "set[_HciClient]") -> None:
        super().__init__()
        self._controller = RadioController("hci", host_source=self, link=radio)
        self._radio = radio
        self._clients = clients

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sink = DeferredSink(cast("asyncio.WriteTransport", transport))
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
async def serve_hci(radio: "VirtualRadio", address: str, port: int) -> AsyncIterator[int]:
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
