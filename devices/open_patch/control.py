"""What a host asks of an open patch and what it answers (docs/open-patch.md, section 5)."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from devices.driver import CommandReply
from devices.open_patch.tlv import Tlv, Tlvs, decode_tlvs, encode_tlvs, numbers_of
from ecgcore.errors import NotificationError

_BASE = "-c1c7-4d4c-af8d-5dd88cfe2cc1"
SERVICE = f"09b00001{_BASE}"
INFO = f"09b00002{_BASE}"
CONTROL = f"09b00003{_BASE}"
LIVE = f"09b00004{_BASE}"
REPLAY = f"09b00005{_BASE}"
STATUS = f"09b00006{_BASE}"

_REPLY_BIT = 0x80
_RANGE = struct.Struct("<IQQ")


class Op(IntEnum):
    """What a host can ask for."""

    HELLO = 0x01
    CONFIG = 0x02
    START = 0x03
    STOP = 0x04
    SYNC = 0x05
    REPLAY = 0x06
    REPLAY_CANCEL = 0x07
    ERASE_UPTO = 0x08
    LEDS = 0x09


class Status(IntEnum):
    """What the patch answers."""

    OK = 0
    BAD_OPERATION = 1
    BAD_LENGTH = 2
    BAD_PARAMETER = 3
    NOT_SUPPORTED = 4
    BAD_RATE = 5
    BAD_LEADS = 6
    BAD_CODEC = 7
    BAD_MTU = 8
    BAD_STATE = 9
    BUSY = 10


class State(IntEnum):
    """What the patch is doing."""

    IDLE = 0
    RECORDING = 1
    """Into its memory."""
    STREAMING = 2
    """Recording, and sending live."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a host wrote to the control point."""

    op: int
    number: int
    """Of the host's choice; the reply carries it, too."""
    tlvs: Tlvs

    def encode(self) -> bytes:
        """Write it."""
        return bytes([self.op, self.number]) + encode_tlvs(self.tlvs)


def decode_request(data: bytes) -> Request:
    """Read what a host wrote to the control point.

    Raises
    ------
    NotificationError
        If it is too short or its TLVs cannot be read.
    """
    if len(data) < 2:
        msg = f"control point request {data.hex()!r} has no number"
        raise NotificationError(msg)
    return Request(data[0], data[1], decode_tlvs(data[2:]))


def encode_reply(request: Request, status: Status, tlvs: Iterable[tuple[int, bytes]] = ()) -> bytes:
    """Write the answer to a request."""
    return bytes([request.op | _REPLY_BIT, request.number, status]) + encode_tlvs(tlvs)


def decode_reply(data: bytes) -> CommandReply | None:
    """Read an indication of the control point; None if it is not an answer.

    The reply's name is the operation's name and number as in ``start 7``, its payload the TLVs.

    Raises
    ------
    NotificationError
        If it is cut off or its TLVs cannot be read.
    """
    if data and not data[0] & _REPLY_BIT:
        return None
    if len(data) < 3:
        msg = f"control point reply {data.hex()!r} has no status"
        raise NotificationError(msg)
    decode_tlvs(data[3:])
    status = data[2]
    return CommandReply(
        reply_name(data[0] & ~_REPLY_BIT, data[1]),
        status == Status.OK,
        _status_text(status, data[3:]),
        data[3:],
    )


def reply_name(op: int, number: int) -> str:
    """Give the name under which request and reply find each other."""
    name = Op(op).name.lower() if op in list(Op) else f"operation {op}"
    return f"{name} {number}"


def _status_text(status: int, tlvs: bytes) -> str:
    known = status in list(Status)
    text = Status(status).name.lower().replace("_", " ") if known else f"status {status}"
    wrong = numbers_of(decode_tlvs(tlvs)).get(Tlv.WRONG)
    return text if wrong is None else f"{text} {wrong:#04x}"


@dataclass(frozen=True, slots=True)
class StoredRange:
    """What of one boot lies in the patch's memory."""

    boot: int
    first: int
    end: int

    def tlv(self) -> tuple[int, bytes]:
        """Write it."""
        return Tlv.STORED, _RANGE.pack(self.boot, self.first, self.end)


def stored_of(tlvs: Tlvs) -> Iterator[StoredRange]:
    """Give what the patch says it has stored, oldest first.

    Raises
    ------
    NotificationError
        If a range has another length.
    """
    for kind, value in tlvs:
        if kind == Tlv.STORED:
            if len(value) != _RANGE.size:
                msg = f"stored range of {len(value)} bytes"
                raise NotificationError(msg)
            yield StoredRange(*_RANGE.unpack(value))
