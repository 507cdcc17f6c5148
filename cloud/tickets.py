"""Single-use tickets for the WebSocket, where no cookie is trusted and no session gets logged."""

import secrets
from collections import OrderedDict

from cloud.auth import Session

TICKET_S = 30.0
_MOST_TICKETS = 10_000


class Tickets:
    """Tickets handed out by this process; when it holds too many, the oldest is forgotten."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Session, float]] = OrderedDict()

    def issue(self, session: Session, now_s: float) -> str:
        """Give a ticket that is good once, for 30 s of a monotonic clock."""
        self._forget_expired(now_s)
        ticket = secrets.token_urlsafe(32)
        self._waiting[ticket] = (session, now_s + TICKET_S)
        if len(self._waiting) > _MOST_TICKETS:
            self._waiting.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, now_s: float) -> Session | None:
        """Take a ticket; None if it is unknown, used or too old."""
        session, expires_s = self._waiting.pop(ticket, (None, 0.0))
        return session if now_s < expires_s else None

    def revoke(self, session: Session) -> None:
        """Forget the tickets of a session that has ended."""
        of_session = [t for t, (owner, _) in self._waiting.items() if owner == session]
        for ticket in of_session:
            del self._waiting[ticket]

    def _forget_expired(self, now_s: float) -> None:
        # In order of issue, hence of expiry.
        while self._waiting and next(iter(self._waiting.values()))[1] <= now_s:
            self._waiting.popitem(last=False)
