"""The relay protocol: text messages are JSON objects, the log's records are binary. Pure.

`docs/relay.md` specifies it for whoever writes the other end. Both directions stand here, so that
a simulated phone and the tests speak it by the same words.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

import msgspec

from ecgcore.errors import EcgomicsError

VERSION: Final = 1
MOST_BYTES: Final = 64 * 1024
"""Of one message, either way."""
_RECORD = struct.Struct("<BBBBIQQQ16s")
_NO_UUID = UUID(int=0)
_AHEAD = 1


class RelayMessageError(EcgomicsError):
    """Bytes or text that are no message of the relay protocol."""


# -- text: what the phone says ------------------------------------------------------------------


class Characteristic(msgspec.Struct, frozen=True):
    """A characteristic as discovered; `properties` by Bleak's names, such as ``indicate``."""

    uuid: str
    properties: list[str]


class Service(msgspec.Struct, frozen=True):
    """A service as discovered."""

    uuid: str
    characteristics: list[Characteristic]


class Standing(msgspec.Struct, frozen=True):
    """A Bluetooth link the phone holds."""

    link: int
    """Counts the phone's links to this patch."""
    mtu: int
    """ATT MTU; 0 where the platform does not tell."""
    services: list[Service]
    next: int = 1
    """Number that the next record of the patch will have."""
    subscribed: list[str] = []
    """Characteristics that notify now."""


class Held(msgspec.Struct, frozen=True):
    """What the phone holds of one patch when it comes."""

    device: str
    """The phone's own, lasting name for the patch."""
    name: str
    """What the patch advertises."""
    first: int
    """Lowest number in the log; equal to `next` when it is empty."""
    next: int
    """Number that the next record will have; numbers begin at 1."""
    standing: Standing | None = None


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """First message of a connection."""

    version: int
    phone: str
    """Names the phone's store; a new one when that was lost."""
    utc_ns: int
    """The phone's clock when it sent this."""
    monotonic_ns: int
    patches: list[Held]


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """A patch is in reach and has no link; about once a second while it stays so."""

    device: str
    name: str
    manufacturer: dict[int, bytes] = {}
    """Payload by company identifier."""
    services: list[str] = []
    service_data: dict[str, bytes] = {}
    rssi: int | None = None


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """Nothing new, but still here; a phone says so every second, a gateway every five."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A request was carried out."""

    request: int
    value: bytes = b""
    """What was read."""
    standing: Standing | None = None
    """After a connect."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A request could not be carried out."""

    request: int
    detail: str
    att: int | None = None
    """The patch's ATT error code, where it gave one."""


# -- text: what the gateway says ----------------------------------------------------------------


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Answer to hello."""

    version: int


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Send the log of one patch, beginning right behind `after`; comes before its first record."""

    device: str
    after: int
    safe: int
    window: int


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """Records up to `safe` may be forgotten; those up to `window` may be sent."""

    device: str
    safe: int
    window: int


class Scan(msgspec.Struct, frozen=True, tag="scan"):
    """Say which patches are in reach, or stop saying so."""

    active: bool


class Connect(msgspec.Struct, frozen=True, tag="connect"):
    """Make a link, or give the standing one."""

    request: int
    device: str


class Disconnect(msgspec.Struct, frozen=True, tag="disconnect"):
    """End the link."""

    request: int
    device: str


class Read(msgspec.Struct, frozen=True, tag="read"):
    """Read a characteristic."""

    request: int
    device: str
    characteristic: str


class Write(msgspec.Struct, frozen=True, tag="write"):
    """Write a characteristic."""

    request: int
    device: str
    characteristic: str
    value: bytes
    response: bool


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    """Have notifications or indications; done at once where they already come."""

    request: int
    device: str
    characteristic: str


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe"):
    """End them."""

    request: int
    device: str
    characteristic: str


FromPhone = Hello | Alive | Seen | Done | Failed
Request = Connect | Disconnect | Read | Write | Subscribe | Unsubscribe
ToPhone = Welcome | Alive | Resume | Progress | Scan | Request
_ENCODER = msgspec.json.Encoder()
_FROM_PHONE: msgspec.json.Decoder[FromPhone] = msgspec.json.Decoder(FromPhone)
_TO_PHONE: msgspec.json.Decoder[ToPhone] = msgspec.json.Decoder(ToPhone)


def encode_text(message: FromPhone | ToPhone) -> str:
    """Give a text message."""
    return _ENCODER.encode(message).decode()


def decode_from_phone(text: str) -> FromPhone:
    """Read what a phone says.

    Raises
    ------
    RelayMessageError
        For anything that is not one of its messages.
    """
    try:
        return _FROM_PHONE.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        msg = f"relay message: {error}"
        raise RelayMessageError(msg) from error


def decode_to_phone(text: str) -> ToPhone:
    """Read what a gateway says.

    Raises
    ------
    RelayMessageError
        For anything that is not one of its messages.
    """
    try:
        return _TO_PHONE.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        msg = f"relay message: {error}"
        raise RelayMessageError(msg) from error


# -- binary: the log ----------------------------------------------------------------------------


class Kind(IntEnum):
    """What a record says."""

    NOTIFICATION = 1
    LINK_ENDED = 2


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a phone's log of one patch."""

    kind: Kind
    device: str
    link: int
    number: int
    """Runs from 1 without a hole, over links and restarts of the phone."""
    monotonic_ns: int
    utc_ns: int
    """The phone's clock when the notification arrived there."""
    characteristic: str = ""
    """Lower-case 128-bit UUID; empty where `kind` has none."""
    value: bytes = b""
    is_ahead: bool = False
    """Sent before its turn, because it may answer a write; it comes again in its place."""


def encode_record(record: Record) -> bytes:
    """Give a record's bytes.

    Raises
    ------
    RelayMessageError
        If a field does not fit.
    """
    device = record.device.encode()
    uuid = UUID(record.characteristic) if record.characteristic else _NO_UUID
    try:
        header = _RECORD.pack(
            record.kind,
            VERSION,
            len(device),
            _AHEAD if record.is_ahead else 0,
            record.link,
            record.number,
            record.monotonic_ns,
            record.utc_ns,
            uuid.bytes,
        )
    except struct.error as error:
        msg = f"relay record: {error}"
        raise RelayMessageError(msg) from error
    return header + device + record.value


def decode_record(data: bytes) -> Record:
    """Read a record.

    Raises
    ------
    RelayMessageError
        For bytes that are not exactly one.
    """
    if len(data) < _RECORD.size:
        msg = f"relay record of {len(data)} bytes; the header has {_RECORD.size}"
        raise RelayMessageError(msg)
    kind, version, n_name, flags, link, number, *times, uuid = _RECORD.unpack_from(data)
    if version != VERSION or kind not in list(Kind):
        msg = f"relay record of kind {kind}, version {version}"
        raise RelayMessageError(msg)
    value_at = _RECORD.size + n_name
    name = data[_RECORD.size : value_at]
    if len(name) < n_name or not number:
        msg = f"relay record {number} of {len(data)} bytes names a patch in {n_name} bytes"
        raise RelayMessageError(msg)
    try:
        device = name.decode()
    except UnicodeDecodeError as error:
        msg = f"relay record {number}: name of the patch: {error}"
        raise RelayMessageError(msg) from error
    characteristic = UUID(bytes=uuid)
    return Record(
        kind=Kind(kind),
        device=device,
        link=link,
        number=number,
        monotonic_ns=times[0],
        utc_ns=times[1],
        characteristic="" if characteristic == _NO_UUID else str(characteristic),
        value=data[value_at:],
        is_ahead=bool(flags & _AHEAD),
    )
