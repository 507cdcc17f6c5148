"""Serves the page and its feed on loopback, to be looked at only: nothing can be changed here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ecgcore.errors import ConfigError
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import DeviceStatus
from gateway.page.feed import status_message, trace_message

_log = logging.getLogger(__name__)
_STATUS_S = 0.5
# Ten seconds of a dozen patches; who reads slower than that sees a jump.
_QUEUE_MESSAGES = 512
_HOST = "127.0.0.1"
_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}


class LocalPage:
    """The page's feed: frames in, messages to everybody who looks.

    Parameters
    ----------
    statuses : Callable[[], Iterable[DeviceStatus]]
        Gives the status of all patches now.
    analysis : Callable[[], Mapping[str, Mapping[str, Any]]]
        Gives what the analysis on this machine last said, by patch; empty without one.
    now_ns : Callable[[], int]
    """

    def __init__(
        self,
        statuses: Callable[[], Iterable[DeviceStatus]],
        analysis: Callable[[], Mapping[str, Mapping[str, Any]]],
        now_ns: Callable[[], int],
    ) -> None:
        self._statuses = statuses
        self._analysis = analysis
        self._now_ns = now_ns
        self._lookers: set[asyncio.Queue[bytes]] = set()
        self.n_dropped = 0
        """Messages that somebody was too slow for."""

    def show(self, frame: Frame) -> None:
        """Show a frame to everybody who looks; without anybody it costs nothing."""
        if not self._lookers or not frame.n_samples:
            return
        message = trace_message(frame)
        for queue in self._lookers:
            self._put(queue, message)

    def _put(self, queue: asyncio.Queue[bytes], message: bytes) -> None:
        if queue.full():
            queue.get_nowait()
            self.n_dropped += 1
        queue.put_nowait(message)

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[int]:
        """Serve until the end; 0 takes any free port, which is given.

        Raises
        ------
        ConfigError
            If the port is taken.
        """
        try:
            server = await serve(self._feed, _HOST, port, process_request=_answer)
        except OSError as error:
            msg = f"page: port {port} on {_HOST}: {error.strerror}"
            raise ConfigError(msg) from error
        async with server:
            taken = int(server.sockets[0].getsockname()[1])
            _log.info("page at http://%s:%d", _HOST, taken)
            yield taken

    async def _feed(self, connection: ServerConnection) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE_MESSAGES)
        self._lookers.add(queue)
        try:
            with suppress(ConnectionClosed):
                await self._tell(connection, queue)
        finally:
            self._lookers.discard(queue)

    async def _tell(self, connection: ServerConnection, queue: asyncio.Queue[bytes]) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            if loop.time() >= due_s:
                now_ns = self._now_ns()
                await connection.send(
                    status_message(self._statuses(), self._analysis(), now_ns), text=True
                )
                due_s = loop.time() + _STATUS_S
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await connection.send(await queue.get(), text=True)


def _answer(_connection: ServerConnection, request: Request) -> Response | None:
    # Another site's page can have its own name point here; it must not read the trace.
    host = request.headers.get("Host", "").rpartition(":")[0]
    origin = request.headers.get("Origin")
    if host not in _HOSTS or origin not in (None, f"http://{request.headers.get('Host')}"):
        return _response(HTTPStatus.FORBIDDEN, b"only from this machine\n", "text/plain")
    if request.path == "/feed":
        return None
    if request.path not in _FILES:
        return _response(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")
    name, kind = _FILES[request.path]
    return _response(HTTPStatus.OK, files("gateway.page").joinpath(name).read_bytes(), kind)


def _response(status: HTTPStatus, body: bytes, kind: str) -> Response:
    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status, status.phrase, headers, body)
