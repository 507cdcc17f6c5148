"""The frames an open patch sends and stores: samples, events, gaps (docs/open-patch.md, section 6).

Both ends live here, so that the driver and the simulated patch cannot drift apart.
"""

import struct
from binascii import crc_hqx
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import TypeAlias

from devices.open_patch.payload import Codec, decode_samples, encode_samples
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array

VERSION = 1
MAX_SAMPLES = 255
"""Per lead and frame."""
# version and kind, flags, boot, number, counter and time as 2 + 4 bytes, rate, n, leads, lead-off,
# code
_HEAD = struct.Struct("<BBIIHIHIHBBHB")
_CRC = struct.Struct("<H")
_GAP = struct.Struct("<I")
OVERHEAD_BYTES = _HEAD.size + _CRC.size
_CRC_START = 0xFFFF
_UINT48 = 1 << 48


class Kind(IntEnum):
    """What a frame tells."""

    SAMPLES = 0
    EVENT = 1
    GAP = 2


class Flag(IntFlag):
    """What is special about a frame of samples."""

    NONE = 0
    SATURATED = 1
    """A sample is at the end of the converter's range."""
    PACE = 2
    """A pacemaker pulse was seen."""


class Event(IntEnum):
    """What can happen to a patch."""

    STARTED = 1
    """A boot began."""
    LEADS = 2
    """The electrodes that are off changed."""
    MARKER = 3
    """The wearer pressed the button."""
    REPLAY_DONE = 4
    """All there is of a REPLAY was sent."""


class GapCode(IntEnum):
    """Why a patch does not have samples."""

    OVERFLOW = 1
    """Never stored: the converter was not read in time."""
    OVERWRITTEN = 2
    """The memory was full; the oldest gave way."""
    DAMAGED = 3
    """The memory gives back something else."""
    ERASED = 4
    """A host said it has them."""
    UNKNOWN = 5
    """Not of this patch, or not yet sampled."""


@dataclass(frozen=True, slots=True)
class Head:
    """What every frame tells."""

    boot: int
    """One run of the counter, u32."""
    number: int
    """Of the frame in its boot, u32."""
    counter: int
    """Of the first sample, or of the first sample after an event; u48."""
    time_us: int
    """Patch clock at that sample; u48."""
    fs_hz: int
    lead_mask: int
    """A bit for each lead the Info names, in its order."""
    lead_off: int = 0
    """A bit for each electrode, 1 = off."""
    flags: Flag = Flag.NONE


@dataclass(frozen=True, slots=True, eq=False)
class SampleFrame:
    """Consecutive samples of all leads."""

    head: Head
    adc: Int32Array
    """shape (n_leads, n_samples), 24 bits"""
    codec: Codec = Codec.RICE

    @property
    def end(self) -> int:
        """Counter after the last sample."""
        return self.head.counter + int(self.adc.shape[1])


@dataclass(frozen=True, slots=True)
class EventFrame:
    """Something that happened."""

    head: Head
    event: int
    """An `Event`, or one this version does not know."""
    data: bytes = b""
    """TLVs."""


@dataclass(frozen=True, slots=True)
class GapFrame:
    """Samples from the head's counter on that the patch does not have."""

    head: Head
    code: int
    """A `GapCode`, or one this version does not know."""
    n_samples: int


@dataclass(frozen=True, slots=True)
class OtherFrame:
    """An intact frame of a kind this version does not know."""

    kind: int
    data: bytes = field(repr=False)


Frame: TypeAlias = SampleFrame | EventFrame | GapFrame


def encode_frame(frame: Frame) -> bytes:
    """Write a frame.

    Raises
    ------
    ValueError
        If a sample does not fit the codec, or a field its place.
    """
    match frame:
        case SampleFrame():
            n_samples = int(frame.adc.shape[1])
            payload = encode_samples(frame.adc, frame.codec)
            return _sealed(Kind.SAMPLES, frame.head, n_samples, frame.codec, payload)
        case EventFrame():
            return _sealed(Kind.EVENT, frame.head, 0, frame.event, frame.data)
    return _sealed(Kind.GAP, frame.head, 0, frame.code, _GAP.pack(frame.n_samples))


def _sealed(kind: Kind, head: Head, n_samples: int, code: int, payload: bytes) -> bytes:
    try:
        packed = _HEAD.pack(
            VERSION << 4 | kind,
            head.flags,
            head.boot,
            head.number,
            head.counter & 0xFFFF,
            head.counter >> 16,
            head.time_us & 0xFFFF,
            head.time_us >> 16,
            head.fs_hz,
            n_samples,
            head.lead_mask,
            head.lead_off,
            code,
        )
    except struct.error as error:
        msg = f"frame {head.boot}/{head.number}: {error}"
        raise ValueError(msg) from error
    body = packed + payload
    return body + _CRC.pack(crc_hqx(body, _CRC_START))


def decode_frame(data: bytes) -> Frame | OtherFrame:
    """Read a frame.

    Raises
    ------
    NotificationError
        For anything that is not exactly one intact frame of version 1.
    """
    if len(data) < OVERHEAD_BYTES:
        msg = f"{len(data)} bytes are too few for a frame"
        raise NotificationError(msg)
    body = data[: -_CRC.size]
    if crc_hqx(body, _CRC_START) != _CRC.unpack_from(data, len(body))[0]:
        msg = "frame fails its CRC"
        raise NotificationError(msg)
    if data[0] >> 4 != VERSION:
        msg = f"frame version {data[0] >> 4} is not understood, {VERSION} is"
        raise NotificationError(msg)
    head, n_samples, code = _head(body)
    payload = body[_HEAD.size :]
    match data[0] & 0xF:
        case Kind.SAMPLES:
            return _samples(head, n_samples, code, payload)
        case Kind.EVENT:
            return EventFrame(head, code, payload)
        case Kind.GAP:
            return _gap(head, code, payload)
    return OtherFrame(data[0] & 0xF, data)


def _head(body: bytes) -> tuple[Head, int, int]:
    fields = _HEAD.unpack_from(body)
    _, flags, boot, number, counter_low, counter_high, time_low, time_high = fields[:8]
    fs_hz, n_samples, lead_mask, lead_off, code = fields[8:]
    head = Head(
        boot=boot,
        number=number,
        counter=counter_high << 16 | counter_low,
        time_us=time_high << 16 | time_low,
        fs_hz=fs_hz,
        lead_mask=lead_mask,
        lead_off=lead_off,
        flags=Flag(flags & (Flag.SATURATED | Flag.PACE)),
    )
    return head, n_samples, code


def _samples(head: Head, n_samples: int, codec: int, payload: bytes) -> SampleFrame:
    n_leads = head.lead_mask.bit_count()
    if not n_leads or not n_samples or not head.fs_hz:
        msg = f"frame of {n_samples} samples of {n_leads} leads at {head.fs_hz} Hz"
        raise NotificationError(msg)
    _require_counter(head, n_samples)
    return SampleFrame(head, decode_samples(payload, codec, n_leads, n_samples), Codec(codec))


def _gap(head: Head, code: int, payload: bytes) -> GapFrame:
    if len(payload) != _GAP.size:
        msg = f"gap frame with {len(payload)} bytes of payload"
        raise NotificationError(msg)
    (n_samples,) = _GAP.unpack(payload)
    if not n_samples:
        msg = "gap frame without samples"
        raise NotificationError(msg)
    _require_counter(head, n_samples)
    return GapFrame(head, code, n_samples)


def _require_counter(head: Head, n_samples: int) -> None:
    if head.counter + n_samples > _UINT48:
        msg = f"counter {head.counter} and {n_samples} samples are beyond 48 bits"
        raise NotificationError(msg)
