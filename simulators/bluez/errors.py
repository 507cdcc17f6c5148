"""The errors of ``org.bluez``, and which of them stands for what went wrong on the link."""

from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import att
from dbus_fast import DBusError

from simulators.bleak_errors import bleak_errors

_PREFIX = "org.bluez.Error"
_ATT = att.ErrorCode
NOT_PAIRED_CODES = (
    _ATT.INSUFFICIENT_AUTHENTICATION,
    _ATT.INSUFFICIENT_ENCRYPTION,
    _ATT.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
)
"""What a peer answers to who is not, or not well enough, encrypted."""

# Names and texts as Bleak takes them apart again; other codes go as "Operation failed with ...".
_BY_CODE = {
    _ATT.READ_NOT_PERMITTED: ("NotPermitted", "Read not permitted"),
    _ATT.WRITE_NOT_PERMITTED: ("NotPermitted", "Write not permitted"),
    _ATT.INVALID_OFFSET: ("InvalidArguments", "Invalid offset"),
    _ATT.INVALID_ATTRIBUTE_LENGTH: ("InvalidArguments", "Invalid Length"),
    _ATT.INSUFFICIENT_AUTHORIZATION: ("NotAuthorized", "Operation Not Authorized"),
    _ATT.REQUEST_NOT_SUPPORTED: ("NotSupported", "Operation is not supported"),
    **dict.fromkeys(NOT_PAIRED_CODES, ("NotPermitted", "Not paired")),
}


def error(kind: str, text: str) -> DBusError:
    """Give ``org.bluez.Error.<kind>``."""
    return DBusError(f"{_PREFIX}.{kind}", text)


def failed(text: str) -> DBusError:
    """Give the error for whatever has none of its own."""
    return error("Failed", text)


def in_progress() -> DBusError:
    """Give the error for what is being done already."""
    return error("InProgress", "Operation already in progress")


def not_ready() -> DBusError:
    """Give the error for a radio without power."""
    return error("NotReady", "Resource Not Ready")


def not_supported() -> DBusError:
    """Give the error for what the object cannot do."""
    return error("NotSupported", "Operation is not supported")


def of_att(code: int) -> DBusError:
    """Give the error for a peer's refusal."""
    if known := _BY_CODE.get(_ATT(code)):
        return error(*known)
    return failed(f"Operation failed with ATT error: {code:#04x} (refused)")


@contextmanager
def dbus_errors() -> Iterator[None]:
    """Turn what Bumble raises into errors of ``org.bluez``."""
    try:
        with bleak_errors():
            yield
    except BleakGATTProtocolError as refused:
        raise of_att(refused.args[0]) from refused
    except BleakBluetoothNotAvailableError as unpowered:
        raise not_ready() from unpowered
    except BleakDBusError as named:
        raise DBusError(named.dbus_error, str(named.dbus_error_details)) from named
    except (BleakError, TimeoutError) as lost:
        raise failed(str(lost) or "Operation failed") from lost
