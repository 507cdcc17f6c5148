"""Signing in and out, and the ticket for the WebSocket."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field, SecretStr, StringConstraints

from cloud.accounts import verify_password
from cloud.api.parts import Parts, Server
from cloud.api.security import SignedIn, clear_session_cookie, refuse_if_waiting, set_session_cookie
from cloud.auth import Account, Role, close_session, find_account, open_session
from cloud.transactions import transaction

_SESSION_OVER = 4401

router = APIRouter(tags=["session"])


class Credentials(BaseModel):
    """A user name and the password."""

    username: Annotated[str, StringConstraints(max_length=128)]
    password: SecretStr = Field(max_length=1024)


class Me(BaseModel):
    """Who is signed in."""

    username: str
    role: Role
    patient_id: str | None

    @classmethod
    def of(cls, account: Account) -> "Me":
        """Give what an account may know of itself."""
        return cls(username=account.username, role=account.role, patient_id=account.patient_id)


class Ticket(BaseModel):
    """Good once, within 30 s."""

    ticket: str


@router.post("/login")
async def login(given: Credentials, request: Request, response: Response, parts: Server) -> Me:
    """Sign in: the session comes as a cookie."""
    key = _throttled(parts, request, given.username)
    account = await _checked_account(parts, given)
    if account is None:
        raise HTTPException(401, "wrong user name or password")
    parts.login_tries.forget(key)
    async with transaction(parts.pool) as connection:
        token = await open_session(connection, account, parts.wall_ns())
    set_session_cookie(response, parts, token)
    return Me.of(account)


@router.post("/logout", status_code=204)
async def logout(session: SignedIn, response: Response, parts: Server) -> None:
    """End the session everywhere: its cookie, its tickets and its WebSockets."""
    async with transaction(parts.pool) as connection:
        await close_session(connection, session)
    parts.tickets.revoke(session)
    parts.live.hub.close_all_of(session, _SESSION_OVER)
    parts.phones.close_all_of(session)
    clear_session_cookie(response, parts)


@router.get("/me")
async def me(session: SignedIn) -> Me:
    """Say who is signed in."""
    return Me.of(session.account)


@router.post("/live/ticket")
async def live_ticket(session: SignedIn, parts: Server) -> Ticket:
    """Give a ticket for the WebSocket."""
    return Ticket(ticket=parts.tickets.issue(session, parts.monotonic_s()))


def _throttled(parts: Parts, request: Request, username: str) -> str:
    address = request.client.host if request.client else ""
    key = f"{address} {username}"
    now_s = parts.monotonic_s()
    wait_s = max(parts.address_tries.wait_s(address, now_s), parts.login_tries.wait_s(key, now_s))
    refuse_if_waiting(wait_s)
    return key


async def _checked_account(parts: Parts, given: Credentials) -> Account | None:
    async with transaction(parts.pool) as connection:
        found = await find_account(connection, given.username)
    # Outside the transaction: a slow hash must not hold a connection.
    account, password_hash = found or (None, None)
    fits = await verify_password(given.password.get_secret_value(), password_hash)
    return account if fits else None
