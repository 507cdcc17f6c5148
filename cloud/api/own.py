"""What is a patient's own to know and to say: who looked at her data, and who may."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, StringConstraints

from cloud.api.parts import Server
from cloud.api.security import SignedIn
from cloud.audit import list_accesses
from cloud.auth import Action, authorize
from cloud.consents import Consent, Scope, list_consents, tell
from cloud.transactions import account_transaction

_MAX_NUMBER = (1 << 63) - 1

router = APIRouter(prefix="/patients", tags=["own data"])


class Access(BaseModel):
    """Somebody did something with her data."""

    number: int
    """Counts up from 1, without holes."""
    at_ns: int
    username: str
    action: Action


class ConsentGiven(BaseModel):
    """A consent to give, or to withdraw."""

    scope: Scope
    to_username: Annotated[str, StringConstraints(max_length=128, pattern=r"^[^\x00]*$")] = ""
    """For `share`: the account that is to read her."""
    is_given: bool


class ConsentLine(ConsentGiven):
    """A consent as it was given or withdrawn."""

    at_ns: int

    @classmethod
    def of(cls, consent: Consent) -> "ConsentLine":
        """Give what she said."""
        return cls(
            scope=consent.scope,
            to_username=consent.to_username,
            is_given=consent.is_given,
            at_ns=consent.at_ns,
        )


@router.get("/{patient_id}/audit")
async def audit(
    patient_id: str,
    session: SignedIn,
    parts: Server,
    before: Annotated[int | None, Query(ge=1, le=_MAX_NUMBER)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Access]:
    """List who did what with her data, newest first; asking is itself in the list."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, patient_id, Action.AUDIT, at_ns)
        rows = await list_accesses(connection, patient_id, before=before, limit=limit)
    return [Access(**row) for row in rows]


@router.get("/{patient_id}/consents")
async def consents(patient_id: str, session: SignedIn, parts: Server) -> list[ConsentLine]:
    """List what she consented to and withdrew, newest first."""
    async with account_transaction(parts.pool, session.account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, session.account, patient_id, Action.CONSENTS, at_ns)
        said = await list_consents(connection, patient_id)
    return [ConsentLine.of(consent) for consent in said]


@router.post("/{patient_id}/consents", status_code=201)
async def consent(
    patient_id: str, given: ConsentGiven, session: SignedIn, parts: Server
) -> ConsentLine:
    """Give or withdraw a consent; it holds from the answer on."""
    if (given.scope is Scope.SHARE) != bool(given.to_username):
        raise HTTPException(422, "to_username: goes with the scope share, and only with it")
    account = session.account
    async with account_transaction(parts.pool, account) as connection:
        at_ns = parts.live.clock.now_ns()
        await authorize(connection, account, patient_id, Action.CONSENT, at_ns)
        said = Consent(given.scope, given.to_username, given.is_given, at_ns)
        await tell(connection, patient_id, account.username, said)
    if not said.is_given:
        parts.live.hub.unsubscribe_all(patient_id)
    return ConsentLine.of(said)
