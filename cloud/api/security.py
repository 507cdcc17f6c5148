"""Who asks, and from which page: the session cookie and the Origin."""

import math
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response
from starlette.requests import HTTPConnection

from cloud.api.parts import Parts, Server
from cloud.auth import SESSION_NS, Session, session_of
from cloud.transactions import transaction

_SAFE_VERBS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


def cookie_name(parts: Parts) -> str:
    """Give the cookie's name; the prefix makes browsers insist on TLS and this very host."""
    return "__Host-ecgomics" if parts.is_secure else "ecgomics"


def set_session_cookie(response: Response, parts: Parts, token: str) -> None:
    """Hand the session to the browser, out of reach of scripts."""
    response.set_cookie(
        cookie_name(parts),
        token,
        max_age=SESSION_NS // 10**9,
        path="/",
        secure=parts.is_secure,
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response, parts: Parts) -> None:
    """Make the browser forget the session."""
    response.delete_cookie(
        cookie_name(parts), path="/", secure=parts.is_secure, httponly=True, samesite="lax"
    )


def is_own_origin(connection: HTTPConnection, parts: Parts) -> bool:
    """Say whether a request comes from a page of this server."""
    scheme = "https" if parts.is_secure else "http"
    own = _endpoint(f"{scheme}://{connection.headers.get('host', '')}")
    return own is not None and own == _endpoint(connection.headers.get("origin", ""))


def _endpoint(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


async def require_own_origin(request: Request, parts: Server) -> None:
    """Refuse unsafe verbs that another site's page sends with the user's cookie."""
    if request.method not in _SAFE_VERBS and not is_own_origin(request, parts):
        raise HTTPException(403, "the Origin is not this server's own")


def refuse_if_waiting(wait_s: float) -> None:
    """Answer 429 and say when to come again, unless there is nothing to wait for."""
    if wait_s > 0:
        retry_s = math.ceil(wait_s)
        raise HTTPException(
            429, f"too many tries; try again in {retry_s} s", {"Retry-After": str(retry_s)}
        )


async def require_pace(request: Request, parts: Server) -> None:
    """Refuse an address that asks more often than all pages behind it together would."""
    address = request.client.host if request.client else ""
    refuse_if_waiting(parts.address_calls.wait_s(address, parts.monotonic_s()))


async def _session(request: Request, parts: Server) -> Session:
    token = request.cookies.get(cookie_name(parts))
    if token:
        async with transaction(parts.pool) as connection:
            session = await session_of(connection, token, parts.wall_ns())
        if session is not None:
            account = session.account.username
            refuse_if_waiting(parts.account_calls.wait_s(account, parts.monotonic_s()))
            return session
    raise HTTPException(401, "not signed in")


SignedIn = Annotated[Session, Depends(_session)]
