"""Bumble's ways to fail as Bleak's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
from bumble import att, core


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


@contextmanager
def pairing_errors() -> Iterator[None]:
    """Turn what `bleak_errors` gives for a failed pairing into what BlueZ says."""
    try:
        yield
    except TimeoutError as error:
        raise dbus_error("AuthenticationTimeout", "Authentication Timeout") from error
    except BleakError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise dbus_error("AuthenticationCanceled", "Authentication Canceled") from error
        raise dbus_error("AuthenticationFailed", "Authentication Failed") from error


def dbus_error(name: str, text: str) -> BleakDBusError:
    """Give one of BlueZ's errors."""
    return BleakDBusError(f"org.bluez.Error.{name}", [text])
