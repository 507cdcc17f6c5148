"""What a session with one patch can be doing, as a table.

Theory of operation: a patch is ABSENT until it is heard (ADVERTISING), then the session makes a
link (CONNECTING), sets it up (STARTING) and receives samples (STREAMING). A stream that falls
silent is STALLED while the session restarts it. Any failure leads to BACKOFF, from where hearing
the patch leads back; a patch not heard for a while is ABSENT again. A patch that is not wanted is
STOPPED, until somebody starts it or the gateway ends. Only the session moves the state, and only
along this table.
"""

from enum import Enum

from ecgcore.wire.messages import LinkState


class LinkEvent(Enum):
    """What can happen to a session."""

    HEARD = "heard"
    """An advertisement came."""
    SILENT = "silent"
    """No advertisement for a while, and no link."""
    CONNECT = "connect"
    """The session begins to make a link."""
    CONNECTED = "connected"
    SAMPLES = "samples"
    """Samples arrived."""
    STALLED = "stalled"
    """Samples stopped arriving on a standing link."""
    FAILED = "failed"
    """The link ended or could not be made."""
    STOP = "stop"
    """The gateway ends, or was told to stop this patch."""


_S, _E = LinkState, LinkEvent

_TRANSITIONS: dict[tuple[LinkState, LinkEvent], LinkState] = {
    (_S.ABSENT, _E.HEARD): _S.ADVERTISING,
    (_S.ADVERTISING, _E.HEARD): _S.ADVERTISING,
    (_S.ADVERTISING, _E.SILENT): _S.ABSENT,
    (_S.ADVERTISING, _E.CONNECT): _S.CONNECTING,
    (_S.CONNECTING, _E.CONNECTED): _S.STARTING,
    (_S.CONNECTING, _E.FAILED): _S.BACKOFF,
    (_S.STARTING, _E.SAMPLES): _S.STREAMING,
    (_S.STARTING, _E.STALLED): _S.STALLED,
    (_S.STARTING, _E.FAILED): _S.BACKOFF,
    (_S.STREAMING, _E.SAMPLES): _S.STREAMING,
    (_S.STREAMING, _E.STALLED): _S.STALLED,
    (_S.STREAMING, _E.FAILED): _S.BACKOFF,
    (_S.STALLED, _E.SAMPLES): _S.STREAMING,
    (_S.STALLED, _E.FAILED): _S.BACKOFF,
    (_S.BACKOFF, _E.HEARD): _S.ADVERTISING,
    (_S.BACKOFF, _E.SILENT): _S.ABSENT,
    (_S.STOPPED, _E.HEARD): _S.ADVERTISING,
    (_S.STOPPED, _E.SILENT): _S.ABSENT,
} | {(state, _E.STOP): _S.STOPPED for state in LinkState}


def next_state(state: LinkState, event: LinkEvent) -> LinkState:
    """Give the state after `event`.

    Raises
    ------
    ValueError
        If the table does not allow the event in this state.
    """
    try:
        return _TRANSITIONS[state, event]
    except KeyError:
        msg = f"{event.name} cannot happen while {state.name}"
        raise ValueError(msg) from None
