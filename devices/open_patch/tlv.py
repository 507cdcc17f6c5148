"""Rows of TLVs, in which an open patch says everything but frames (docs/open-patch.md, section 3).

A TLV is a type u8, a length u8 and a value, little-endian. Both ends live here.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TypeAlias

from ecgcore.errors import NotificationError


class Tlv(IntEnum):
    """Types of TLVs, in every place the same."""

    # What the patch is.
    VERSION = 0x01
    SERIAL = 0x02
    MODEL = 0x03
    FIRMWARE = 0x04
    LEAD = 0x05
    RATES_HZ = 0x06
    LSB_PV = 0x07
    BITS = 0x08
    CODECS = 0x09
    MEMORY_BYTES = 0x0A
    MAX_FRAME_BYTES = 0x0B
    FEATURES = 0x0C
    # Where it is and what is in force.
    BOOT = 0x20
    TIME_US = 0x21
    COUNTER = 0x22
    RATE_HZ = 0x23
    LEAD_MASK = 0x24
    CODEC = 0x25
    FRAME_MS = 0x26
    FRAME_BYTES = 0x27
    MTU = 0x28
    STORED = 0x29
    STATE = 0x2A
    # What the host says.
    HOST_UTC_US = 0x40
    COUNT = 0x41
    SECONDS = 0x43
    END_RECORDING = 0x44
    # How it fares.
    BATTERY_PCT = 0x60
    LEAD_OFF = 0x61
    UNSENT_FRAMES = 0x62
    WRONG = 0x7F


_SIZES: Mapping[int, int] = {
    **dict.fromkeys(
        (
            Tlv.VERSION,
            Tlv.BITS,
            Tlv.LEAD_MASK,
            Tlv.CODEC,
            Tlv.STATE,
            Tlv.SECONDS,
            Tlv.END_RECORDING,
            Tlv.BATTERY_PCT,
            Tlv.WRONG,
        ),
        1,
    ),
    Tlv.LSB_PV: 4,
    Tlv.MEMORY_BYTES: 4,
    Tlv.MAX_FRAME_BYTES: 2,
    Tlv.FEATURES: 4,
    Tlv.BOOT: 4,
    Tlv.TIME_US: 8,
    Tlv.COUNTER: 8,
    Tlv.RATE_HZ: 2,
    Tlv.FRAME_MS: 2,
    Tlv.FRAME_BYTES: 2,
    Tlv.MTU: 2,
    Tlv.HOST_UTC_US: 8,
    Tlv.COUNT: 4,
    Tlv.LEAD_OFF: 2,
    Tlv.UNSENT_FRAMES: 4,
}

Tlvs: TypeAlias = Sequence[tuple[int, bytes]]


def encode_tlvs(tlvs: Iterable[tuple[int, bytes]]) -> bytes:
    """Write TLVs of at most 255 bytes each."""
    return b"".join(bytes([kind, len(value)]) + value for kind, value in tlvs)


def decode_tlvs(data: bytes) -> list[tuple[int, bytes]]:
    """Read TLVs; types nobody knows are among them.

    Raises
    ------
    NotificationError
        If the last one is cut off, or a known one has the wrong length.
    """
    found, at = [], 0
    while at < len(data):
        end = at + 2 + (data[at + 1] if at + 1 < len(data) else len(data))
        if end > len(data):
            msg = f"TLV {data[at]:#04x} is cut off"
            raise NotificationError(msg)
        value = data[at + 2 : end]
        if len(value) != _SIZES.get(data[at], len(value)):
            msg = f"TLV {data[at]:#04x} of {len(value)} bytes, {_SIZES[data[at]]} expected"
            raise NotificationError(msg)
        found.append((data[at], value))
        at = end
    return found


def number(kind: Tlv, value: int) -> tuple[int, bytes]:
    """Give a TLV with an unsigned number, as long as its type says."""
    return kind, value.to_bytes(_SIZES[kind], "little")


def numbers_of(tlvs: Tlvs) -> dict[int, int]:
    """Give the value as an unsigned number of the first TLV of each type."""
    found: dict[int, int] = {}
    for kind, value in tlvs:
        found.setdefault(kind, int.from_bytes(value, "little"))
    return found
