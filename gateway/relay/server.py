"""The port that phones come to: a WebSocket server of the relay protocol."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from ecgcore.errors import ConfigError
from gateway.relay.hub import Hub
from gateway.relay.messages import (
    MOST_BYTES,
    VERSION,
    Alive,
    Done,
    Failed,
    FromPhone,
    Hello,
    RelayMessageError,
    Request,
    Seen,
    ToPhone,
    Welcome,
    decode_from_phone,
    decode_record,
    encode_text,
)
from gateway.relay.phone import Phone, RelayedPatch
from gateway.relay.settings import RelaySettings

_log = logging.getLogger(__name__)
PATCHES_HEADER = "X-ECGomics-Patches"
"""Names, by commas, the patches that a connection may relay; without it, all."""
NOT_UNDERSTOOD = 1008
OTHER_VERSION = 4400
_HELLO_S = 10.0
_ALIVE_S = 5.0
# Whoever only knocks at the port would fill the log with tracebacks.
_QUIET = logging.getLogger(f"{__name__}.websocket")
_QUIET.setLevel(logging.CRITICAL)
_MOST_QUEUED = 4096


@asynccontextmanager
async def serve_phones(hub: Hub, address: str, settings: RelaySettings) -> AsyncIterator[int]:
    """Let phones come to HOST:PORT; gives the port.

    Raises
    ------
    ConfigError
        If the address is none or cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        msg = f"radio relay:{address}: HOST:PORT is wanted"
        raise ConfigError(msg)
    secret = settings.secret.get_secret_value()

    def check(connection: ServerConnection, request: HttpRequest) -> Response | None:
        shown = request.headers.get("Authorization", "")
        if hmac.compare_digest(shown.encode(), f"Bearer {secret}".encode()):
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "the relay's secret is wanted\n")

    async def handle(connection: ServerConnection) -> None:
        await _Visit(hub, connection).run()

    try:
        server = await serve(
            handle,
            host,
            int(port),
            process_request=check,
            max_size=MOST_BYTES,
            compression=None,
            logger=_QUIET,
        )
    except (OSError, OverflowError) as error:
        msg = f"radio relay:{address}: {error}"
        raise ConfigError(msg) from error
    async with server:
        bound: int = next(iter(server.sockets)).getsockname()[1]
        _log.info("phones may come host=%s port=%d", host, bound)
        reminding = asyncio.create_task(hub.remind(), name="relay reminder")
        try:
            yield bound
        finally:
            reminding.cancel()
            await asyncio.wait([reminding])
            hub.close()


class _Visit:
    """One connection of a phone, from hello to its end."""

    def __init__(self, hub: Hub, connection: ServerConnection) -> None:
        self._hub = hub
        self._connection = connection
        headers = connection.request.headers if connection.request else {}
        named = headers.get(PATCHES_HEADER)
        self._allowed = None if named is None else frozenset(named.replace(" ", "").split(","))
        self._outgoing: asyncio.Queue[ToPhone] = asyncio.Queue(_MOST_QUEUED)
        self._asked: dict[int, tuple[RelayedPatch, asyncio.Future[Done | Failed | None]]] = {}
        self._n_asked = 0
        self._is_closed = False

    async def run(self) -> None:
        """Serve the phone until either side ends it."""
        phone = None
        writer = asyncio.create_task(self._write(), name="relay writer")
        try:
            async with asyncio.timeout(_HELLO_S):
                hello = await self._hello()
            phone = self._hub.came(hello, self, self._allowed)
            while True:
                self._take(phone, await self._connection.recv())
        except RelayMessageError as error:
            _log.warning("phone not understood error=%s", error)
            await self._connection.close(NOT_UNDERSTOOD, str(error)[:120])
        except (ConnectionClosed, TimeoutError) as error:
            _log.debug("phone's connection ended error=%s", error)
        finally:
            self.close()
            writer.cancel()
            await asyncio.wait([writer])
            if phone:
                self._hub.left(phone, self)

    async def _hello(self) -> Hello:
        text = await self._connection.recv()
        hello = decode_from_phone(text) if isinstance(text, str) else None
        if not isinstance(hello, Hello):
            msg = "a phone says hello first"
            raise RelayMessageError(msg)
        if hello.version != VERSION:
            await self._connection.close(OTHER_VERSION, f"version {VERSION} is spoken here")
            msg = f"version {hello.version} of the relay protocol"
            raise RelayMessageError(msg)
        self.send(Welcome(VERSION))
        return hello

    def _take(self, phone: Phone, message: str | bytes) -> None:
        phone.heard()
        if isinstance(message, bytes):
            record = decode_record(message)
            patch = phone.patches.get(record.device)
            if patch is None:
                msg = f"relay record of {record.device}, which was not named before"
                raise RelayMessageError(msg)
            patch.take(record)
            return
        self._take_text(phone, decode_from_phone(message))

    def _take_text(self, phone: Phone, message: FromPhone) -> None:
        match message:
            case Hello():
                msg = "a second hello"
                raise RelayMessageError(msg)
            case Alive():
                return
            case Seen():
                self._hub.saw(phone, message, self._allowed)
            case Done() | Failed():
                self._answered(message)

    def _answered(self, answer: Done | Failed) -> None:
        patch, waiting = self._asked.pop(answer.request, (None, None))
        if patch is None or waiting is None:
            msg = f"answer to request {answer.request}, which was not made"
            raise RelayMessageError(msg)
        if isinstance(answer, Done) and answer.standing:
            # Also where nobody waits any more: the link stands and can be taken over.
            patch.standing = answer.standing
        if not waiting.done():
            waiting.set_result(answer)

    def send(self, message: ToPhone) -> None:
        """Queue a message; a phone that takes none for so long is hung up on."""
        if self._is_closed:
            return
        if self._outgoing.full():
            self.close()
            return
        self._outgoing.put_nowait(message)

    async def ask(
        self, patch: RelayedPatch, request: Callable[[int], Request]
    ) -> Done | Failed | None:
        """Send a request and wait for its answer; None if the phone went away."""
        if self._is_closed:
            return None
        self._n_asked += 1
        waiting: asyncio.Future[Done | Failed | None] = asyncio.get_running_loop().create_future()
        self._asked[self._n_asked] = (patch, waiting)
        self.send(request(self._n_asked))
        return await waiting

    def close(self) -> None:
        """Hang up; whoever waits for an answer is told."""
        if self._is_closed:
            return
        self._is_closed = True
        for _, waiting in self._asked.values():
            if not waiting.done():
                waiting.set_result(None)
        self._connection.transport.close()

    async def _write(self) -> None:
        while True:
            message: ToPhone = Alive()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ALIVE_S):
                    message = await self._outgoing.get()
            try:
                await self._connection.send(encode_text(message))
            except ConnectionClosed:
                return
