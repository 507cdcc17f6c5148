"""The phones that are passed on to a gateway, by session, so that its end ends them."""

import asyncio
from dataclasses import dataclass

from pydantic import SecretStr

from cloud.auth import Session

_MOST_PHONES = 256


@dataclass(frozen=True, slots=True)
class RelayTarget:
    """The gateway that phones are passed on to."""

    url: str
    secret: SecretStr


class Phones:
    """Open connections of phones."""

    def __init__(self) -> None:
        self._open: list[tuple[Session, asyncio.Event]] = []

    def join(self, session: Session) -> asyncio.Event | None:
        """Let a phone in; gives what is set when it has to go, None when there are too many."""
        if len(self._open) >= _MOST_PHONES:
            return None
        told = asyncio.Event()
        self._open.append((session, told))
        return told

    def leave(self, session: Session, told: asyncio.Event) -> None:
        """Forget a phone."""
        self._open.remove((session, told))

    def close_all_of(self, session: Session) -> None:
        """Have a session's phones hung up on."""
        for owner, told in self._open:
            if owner == session:
                told.set()
