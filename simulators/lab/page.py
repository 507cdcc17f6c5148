"""The rig page: a scenario under way, and buttons that let faults happen now.

One page and one WebSocket on a loopback address. It asks for no password: who reaches the address
may inject faults into simulated patches, which is what the page is for; pages of other origins may
not (the browser's Origin is compared).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.resources import files

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from ecgcore.errors import ConfigError
from simulators.lab.rig import Rig

_log = logging.getLogger(__name__)
_EVERY_S = 0.25
_LARGEST_BYTES = 1024
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
)


@asynccontextmanager
async def serve_rig(rig: Rig, host: str, port: int) -> AsyncIterator[int]:
    """Serve the page; give its port.

    Raises
    ------
    OSError
        If the address cannot be listened on.
    """
    html = files("simulators.lab").joinpath("page.html").read_bytes()

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/live":
            return None if _is_own(request) else _plain(HTTPStatus.FORBIDDEN, b"other origin\n")
        if request.path == "/":
            headers = Headers(
                {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": str(len(html)),
                    "Content-Security-Policy": _POLICY,
                    "Cache-Control": "no-store",
                }
            )
            return Response(HTTPStatus.OK, "OK", headers, html)
        return _plain(HTTPStatus.NOT_FOUND, b"not here\n")

    async def talk(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"about": rig.about()}))
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(_tell(connection, rig))
            async for message in connection:
                await connection.send(json.dumps({"said": _do(rig, message)}))
            telling.cancel()

    async with serve(
        talk, host, port, process_request=answer, max_size=_LARGEST_BYTES, compression=None
    ) as server:
        found: int = next(iter(server.sockets)).getsockname()[1]
        _log.info("rig page at http://%s:%d/", host, found)
        yield found


async def _tell(connection: ServerConnection, rig: Rig) -> None:
    while True:
        await connection.send(json.dumps({"state": rig.state()}))
        await asyncio.sleep(_EVERY_S)


def _do(rig: Rig, message: str | bytes) -> str:
    try:
        wish = json.loads(message)
        kind, patch = wish["inject"], wish["patch"]
        if not isinstance(kind, str) or not isinstance(patch, int):
            return "that is no wish"
        rig.inject(kind, patch)
    except (ValueError, TypeError, LookupError):
        return "that is no wish"
    except ConfigError as error:
        return str(error)
    return f"{kind} begins at patch {patch}"


def _is_own(request: Request) -> bool:
    """Tell whether a page of this very server asks, or no page at all."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"http://{request.headers.get('Host')}"


def _plain(status: HTTPStatus, body: bytes) -> Response:
    headers = Headers({"Content-Type": "text/plain", "Content-Length": str(len(body))})
    return Response(status, status.phrase, headers, body)
