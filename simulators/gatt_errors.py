"""Bumble's ways to fail, in the words of Bleak."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, device


@contextmanager
def bleak_errors() -> Iterator[None]:
    """Turn Bumble's ways to fail into Bleak's, and tell its cancelling from the caller's.

    Bumble cancels what waits for an answer when the link ends. The other way round, Python 3.11's
    ``wait_for``, on which it waits, loses a cancellation that comes together with the answer.
    """
    before = _cancellations()
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except core.TimeoutError as error:
        raise TimeoutError(str(error)) from error
    except core.BaseBumbleError as error:
        raise BleakError(str(error)) from error
    except asyncio.CancelledError as error:
        if _cancellations() > before:
            raise
        msg = "disconnected"
        raise BleakError(msg) from error
    if _cancellations() > before:
        raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def require_link(connection: device.Connection) -> None:
    """Cancel, as Bumble does, when the link is gone by now."""
    # It may have ended before anybody could listen for the end.
    if connection.device.lookup_connection(connection.handle) is not connection:
        raise asyncio.CancelledError
