"""The WebSocket ``/live``: one reader, one writer and one watcher a connection.

Theory of operation. The connection is accepted first, because a browser learns a close code only
from an open one, and closed again unless Origin and ticket are right. Then the writer empties the
client's queue, the reader carries out commands one after another, and the watcher waits for a
reason to end: the session is over or the client was told to go. Whichever of the three ends first
ends the others. While the database is away the connection stays; a subscription waits for it.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocketDisconnected

from cloud import live_messages
from cloud.api.parts import Parts
from cloud.api.security import is_own_origin
from cloud.auth import Action, NotReadableError, Patient, Session, authorize
from cloud.hub import TRY_AGAIN_LATER, Client
from cloud.reports import last_report
from cloud.stretch import read_recent
from cloud.strips import strip_message
from cloud.transactions import DatabaseDownError, account_transaction
from ecgcore import __version__

_BAD_TICKET = 4401
_BAD_ORIGIN = 4403
_NOT_UNDERSTOOD = 1008
_HISTORY_S = 10.0
_RETRY_S = 2.0
_CLOSE_S = 1.0
_MOST_PATIENTS = 256

router = APIRouter()

PatientId = Annotated[str, Field(max_length=128)]


class Subscribe(BaseModel):
    """Ask for patients."""

    type: Literal["subscribe"]
    patients: list[PatientId] = Field(max_length=_MOST_PATIENTS)
    strips: bool = True


class Unsubscribe(BaseModel):
    """Let patients go."""

    type: Literal["unsubscribe"]
    patients: list[PatientId] = Field(max_length=_MOST_PATIENTS)


_COMMAND: TypeAdapter[Subscribe | Unsubscribe] = TypeAdapter(
    Annotated[Subscribe | Unsubscribe, Field(discriminator="type")]
)


class _Ended(Exception):
    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


@router.websocket("/live")
async def live(socket: WebSocket, ticket: str = "") -> None:
    """Send live data of the patients a page subscribes to."""
    parts: Parts = socket.app.state.parts
    await socket.accept()
    if not is_own_origin(socket, parts):
        await socket.close(_BAD_ORIGIN, "Origin")
        return
    session = parts.tickets.redeem(ticket, parts.monotonic_s())
    if session is None:
        await socket.close(_BAD_TICKET, "ticket")
        return
    client = parts.live.hub.join(session)
    if client is None:
        await socket.close(TRY_AGAIN_LATER, "too many connections")
        return
    try:
        await _Connection(parts, socket, session, client).run()
    finally:
        parts.live.hub.leave(client)


class _Connection:
    """One page's connection."""

    def __init__(self, parts: Parts, socket: WebSocket, session: Session, client: Client) -> None:
        self._parts = parts
        self._live = parts.live
        self._socket = socket
        self._session = session
        self._client = client

    async def run(self) -> None:
        """Serve until either side ends it."""
        clock = self._live.clock
        hello = live_messages.hello(clock.now_ns(), clock.speed, __version__)
        self._client.offer_text(hello)
        self._client.offer_text(live_messages.services(self._live.services.conditions()))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(), name="live writer")
                tasks.create_task(self._read(), name="live reader")
                tasks.create_task(self._watch(), name="live watcher")
        except* _Ended as ended:
            await self._close(ended)
        except* WebSocketDisconnect:
            pass

    async def _close(self, ended: ExceptionGroup[_Ended]) -> None:
        first = ended.exceptions[0]
        if isinstance(first, _Ended):
            # A client that does not read would keep the close waiting.
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self._socket.close(first.code, first.reason)
            except (TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
                return

    async def _write(self) -> None:
        while True:
            message = await self._client.next()
            if isinstance(message, bytes):
                await self._socket.send_bytes(message)
            else:
                await self._socket.send_text(message)

    async def _watch(self) -> None:
        left_s = (self._session.expires_ns - self._parts.wall_ns()) / 1e9
        try:
            async with asyncio.timeout(left_s):
                await self._client.closing.wait()
        except TimeoutError:
            raise _Ended(_BAD_TICKET, "session over") from None
        raise _Ended(self._client.close_code, "told to go")

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            try:
                command = _COMMAND.validate_json(message.get("text") or "")
            except ValidationError:
                raise _Ended(_NOT_UNDERSTOOD, "not a subscribe or unsubscribe message") from None
            await self._carry_out(command)

    async def _carry_out(self, command: Subscribe | Unsubscribe) -> None:
        for patient_id in command.patients:
            if isinstance(command, Subscribe):
                await self._subscribe(patient_id, strips=command.strips)
            else:
                self._live.hub.unsubscribe(self._client, patient_id)

    async def _subscribe(self, patient_id: str, *, strips: bool) -> None:
        try:
            patient = await self._authorized(patient_id)
        except NotReadableError:
            self._client.offer_text(live_messages.refused(patient_id))
            return
        stream = self._live.hub.stream_of(patient_id)
        self._client.offer_text(live_messages.subscribed(patient, stream))
        # Listening comes before reading the past: strips may come twice, but none is missed.
        self._live.hub.subscribe(self._client, patient_id, strips=strips)
        self._offer_latest(patient_id)
        await self._offer_past(patient, strips=strips)

    async def _authorized(self, patient_id: str) -> Patient:
        account, clock = self._session.account, self._live.clock
        told = False
        while True:
            try:
                async with account_transaction(
                    self._parts.pool, self._session.account
                ) as connection:
                    return await authorize(
                        connection, account, patient_id, Action.LIVE, clock.now_ns()
                    )
            except DatabaseDownError:
                if not told:
                    text = live_messages.unavailable(patient_id, "subscription")
                    self._client.offer_text(text)
                told = True
                await asyncio.sleep(_RETRY_S)

    def _offer_latest(self, patient_id: str) -> None:
        worn = self._live.worn.of_patient(patient_id)
        if worn is not None and worn.status is not None:
            self._client.offer_text(live_messages.status(patient_id, worn.status))
        if worn is not None and worn.numbers is not None:
            self._client.offer_text(live_messages.numbers(patient_id, worn.numbers))

    async def _offer_past(self, patient: Patient, *, strips: bool) -> None:
        patient_id = patient.patient_id
        try:
            async with account_transaction(self._parts.pool, self._session.account) as connection:
                body = await last_report(connection, patient_id)
                frames = await read_recent(connection, patient, _HISTORY_S) if strips else []
        except DatabaseDownError:
            self._client.offer_text(live_messages.unavailable(patient_id, "past"))
            return
        if body is not None:
            self._client.offer_text(live_messages.report(patient_id, body))
        stream = self._live.hub.stream_of(patient_id)
        for frame in frames:
            self._client.offer_strip(strip_message(frame, stream))
