"""What a patient's patches and gateways reported beside the samples."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud.api.parts import Server
from cloud.api.security import SignedIn
from cloud.auth import Action, authorize
from cloud.store.events import list_events
from cloud.transactions import account_transaction
from ecgcore.wire.events import EventKind

_MAX_NS = (1 << 63) - 1

router = APIRouter(prefix="/patients", tags=["events"])


class EventLine(BaseModel):
    """An event in a list."""

    device_id: str
    at_ns: int
    kind: EventKind
    body: dict[str, Any]
    """The other fields of the event (`ecgcore/wire/events.py`)."""


@router.get("/{patient_id}/events")
async def events(
    patient_id: str,
    session: SignedIn,
    parts: Server,
    kind: EventKind | None = None,
    since: Annotated[int, Query(ge=0, le=_MAX_NS, description="UTC, ns")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> list[EventLine]:
    """List events from a time on, oldest first."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, patient_id, Action.EVENTS, at_ns)
        rows = await list_events(
            connection,
            patient_id,
            kind=None if kind is None else str(kind),
            since_ns=since,
            limit=limit,
        )
    return [EventLine(**row) for row in rows]
