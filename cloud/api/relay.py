"""The WebSocket ``/relay``: a patient's phone, passed on to the gateway that has its patch.

Theory of operation. The connection is let in like ``/live``: by Origin, ticket and session. It may
relay the one patch that the patient wears; which one that is, is told to the gateway in a header,
and the gateway holds to it. Then messages are copied both ways, unread, one at a time, so that a
slow side slows the other. Whichever side ends first ends the other; so does the session's end.
"""

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketDisconnected
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from cloud.api.parts import Parts
from cloud.api.security import is_own_origin
from cloud.auth import Action, Role, Session, authorize
from cloud.transactions import DatabaseDownError, account_transaction

_BAD_TICKET = 4401
_REFUSED = 4403
_NO_PATCH = 4404
_TRY_AGAIN_LATER = 1013
_MOST_BYTES = 64 * 1024
_OPEN_S = 5.0
_CLOSE_S = 1.0

router = APIRouter()


class _Ended(Exception):
    def __init__(self, code: int, reason: str = "") -> None:
        self.code = code
        self.reason = reason


@router.websocket("/relay")
async def relay(socket: WebSocket, ticket: str = "") -> None:
    """Pass a patient's phone on to the gateway."""
    parts: Parts = socket.app.state.parts
    await socket.accept()
    try:
        if not is_own_origin(socket, parts):
            raise _Ended(_REFUSED, "Origin")
        session = parts.tickets.redeem(ticket, parts.monotonic_s())
        if session is None:
            raise _Ended(_BAD_TICKET, "ticket")
        await _serve(parts, socket, session)
    except _Ended as ended:
        await _close(socket, ended)


async def _close(socket: WebSocket, ended: _Ended) -> None:
    # A phone that does not read would keep the close waiting.
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.close(ended.code, ended.reason)
    except (TimeoutError, WebSocketDisconnect, WebSocketDisconnected, RuntimeError):
        return


async def _serve(parts: Parts, socket: WebSocket, session: Session) -> None:
    target = parts.relay
    if target is None:
        raise _Ended(_NO_PATCH, "no gateway takes phones here")
    patch = await _own_patch(parts, session)
    told = parts.phones.join(session)
    if told is None:
        raise _Ended(_TRY_AGAIN_LATER, "too many phones")
    headers = {
        "Authorization": f"Bearer {target.secret.get_secret_value()}",
        "X-ECGomics-Patches": patch,
    }
    try:
        async with connect(
            target.url,
            additional_headers=headers,
            max_size=_MOST_BYTES,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            compression=None,
            proxy=None,
        ) as gateway:
            left_s = (session.expires_ns - parts.wall_ns()) / 1e9
            await _copy(socket, gateway, told, left_s)
    except (OSError, InvalidHandshake, TimeoutError):
        raise _Ended(_TRY_AGAIN_LATER, "the gateway is away") from None
    finally:
        parts.phones.leave(session, told)


async def _own_patch(parts: Parts, session: Session) -> str:
    account = session.account
    if account.role is not Role.PATIENT or account.patient_id is None:
        raise _Ended(_REFUSED, "only patients relay, and only their own patch")
    try:
        async with account_transaction(parts.pool, account) as connection:
            patient = await authorize(
                connection, account, account.patient_id, Action.RELAY, parts.live.clock.now_ns()
            )
    except DatabaseDownError:
        raise _Ended(_TRY_AGAIN_LATER, "database") from None
    if patient.device_id is None:
        raise _Ended(_NO_PATCH, "no patch is worn")
    return patient.device_id


async def _copy(
    socket: WebSocket, gateway: ClientConnection, told: asyncio.Event, left_s: float
) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_up(socket, gateway), name="relay up")
            tasks.create_task(_down(socket, gateway), name="relay down")
            tasks.create_task(_watch(told, left_s), name="relay watcher")
    except* _Ended as ended:
        first = ended.exceptions[0]
        raise first if isinstance(first, _Ended) else _Ended(_TRY_AGAIN_LATER) from None
    except* (WebSocketDisconnect, WebSocketDisconnected, RuntimeError):
        raise _Ended(_TRY_AGAIN_LATER) from None


async def _up(socket: WebSocket, gateway: ClientConnection) -> None:
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            text: str | None = message.get("text")
            await gateway.send(message["bytes"] if text is None else text)
    except ConnectionClosed:
        # The other direction knows why.
        return


async def _down(socket: WebSocket, gateway: ClientConnection) -> None:
    try:
        async for message in gateway:
            if isinstance(message, str):
                await socket.send_text(message)
            else:
                await socket.send_bytes(message)
    except ConnectionClosed as closed:
        given = closed.rcvd
        # Other codes are not for an application to send.
        is_ours = given is not None and (given.code == 1008 or given.code >= 4000)
        if given is not None and is_ours:
            raise _Ended(given.code, given.reason) from None
    raise _Ended(_TRY_AGAIN_LATER, "the gateway went away")


async def _watch(told: asyncio.Event, left_s: float) -> None:
    try:
        async with asyncio.timeout(left_s):
            await told.wait()
    except TimeoutError:
        pass
    raise _Ended(_BAD_TICKET, "session over")
