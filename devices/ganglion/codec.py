"""What an OpenBCI Ganglion puts on the air: 20 bytes, a packet number first.

Firmware 2 sends one whole sample (packet 0) and then 100 packets with two samples each, as
differences to the sample before: the sample before minus this one, in 18 bits (packets 1 to 100)
or 19 (101 to 200). The firmware writes the sign of a difference over its lowest bit, so that this
bit is lost and the range is one bit wider than it looks. Firmware 3 sends the upper 18 bits
(packets 0 to 99) or 19 (100 to 199) of each sample. All numbers are packed big-endian.

Sources: docs.openbci.com (Ganglion data format), ``OpenBCI_Ganglion_Library.cpp`` (compressData18,
compressData19, buildRawPacket), brainflow's ``ganglion_native.cpp``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array

SERVICE = "0000fe84-0000-1000-8000-00805f9b34fb"
NOTIFY = "2d30c082-f39f-4ce6-923f-3484ea480596"
WRITE = "2d30c083-f39f-4ce6-923f-3484ea480596"
START = b"b"
STOP = b"s"

FS_HZ = 200
N_CHANNELS = 4
LSB_PV = 1870
"""1.2 V / (8388607 * 1.5 * 51)."""
PACKET_BYTES = 20
CYCLE = 100
"""Packets with two samples before the numbers begin again."""
DELTA_MODULUS = 2 * CYCLE + 1
"""Samples of firmware 2 before the numbers begin again."""
ABSOLUTE_MODULUS = 2 * CYCLE
"""Samples of firmware 3 before the numbers begin again."""
_ADC_BITS = 24
_HIGHEST_SAMPLE_ID = 200
_IMPEDANCES = range(201, 206)
_TEXTS = range(206, 208)
_IMPEDANCE_OF = ("channel 1", "channel 2", "channel 3", "channel 4", "reference")


@dataclass(frozen=True, slots=True)
class Text:
    """A packet of words."""

    detail: str


def text_of(packet: bytes) -> Text | None:
    """Give the words of a packet of impedance or text; None if it is one of samples.

    Raises
    ------
    NotificationError
        If it is no packet at all.
    """
    if not packet:
        msg = "Ganglion packet is empty"
        raise NotificationError(msg)
    number = packet[0]
    if number in _IMPEDANCES:
        of = _IMPEDANCE_OF[number - _IMPEDANCES.start]
        return Text(f"impedance of {of}: {_words(packet)}")
    if number in _TEXTS:
        return Text(f"text: {_words(packet)}")
    if number > _HIGHEST_SAMPLE_ID or len(packet) != PACKET_BYTES:
        msg = f"Ganglion packet {number} of {len(packet)} bytes"
        raise NotificationError(msg)
    return None


def _words(packet: bytes) -> str:
    return packet[1:].decode("ascii", "replace").strip("\0 \r\n")


def encode_whole(adc: Sequence[int]) -> bytes:
    """Write packet 0 of firmware 2: one sample of each channel."""
    octets = b"".join((value & 0xFFFFFF).to_bytes(3, "big") for value in adc)
    return b"\0" + octets.ljust(PACKET_BYTES - 1, b"\0")


def decode_whole(packet: bytes) -> Int32Array:
    """Read packet 0 of firmware 2, shape (4,)."""
    return np.array(
        [int.from_bytes(packet[at : at + 3], "big", signed=True) for at in range(1, 13, 3)],
        np.int32,
    )


def encode_deltas(number: int, deltas: Sequence[int], bits: int = 18) -> bytes:
    """Write packet 1 to 100 of firmware 2.

    Parameters
    ----------
    deltas : sequence of 8 int, -2**bits to 2**bits - 1
        Sample before minus this one, channel by channel, of the first and the second sample.
    bits : 18 or 19
    """
    fields = [(delta & ~1 | (delta < 0)) & (1 << bits) - 1 for delta in deltas]
    return _packet(number + (bits - 18) * CYCLE, fields, bits)


def decode_deltas(packet: bytes) -> Int32Array:
    """Read packet 1 to 200 of firmware 2: the differences without their lowest bit, (2, 4)."""
    bits = 18 if packet[0] <= CYCLE else 19
    # The lowest bit is the sign; the highest one agrees with it in all but the largest ones.
    values = [(field & ~1) - ((field & 1) << bits) for field in _fields(packet, bits)]
    return np.array(values, np.int32).reshape(2, N_CHANNELS)


def encode_absolute(number: int, adc: Sequence[int], bits: int = 18) -> bytes:
    """Write packet 0 to 99 of firmware 3: the upper bits of two samples of each channel."""
    fields = [value >> (_ADC_BITS - bits) & (1 << bits) - 1 for value in adc]
    return _packet(number + (bits - 18) * CYCLE, fields, bits)


def decode_absolute(packet: bytes) -> Int32Array:
    """Read packet 0 to 199 of firmware 3: two samples of each channel, (2, 4).

    The upper bits are taken as the two's complement they are cut from; brainflow takes negative
    ones a step (64 counts, 0.1 uV) lower.
    """
    bits = 18 if packet[0] < CYCLE else 19
    half = 1 << (bits - 1)
    values = [((field + half) % (2 * half) - half) for field in _fields(packet, bits)]
    return np.array(values, np.int32).reshape(2, N_CHANNELS) << (_ADC_BITS - bits)


def _packet(number: int, fields: Sequence[int], bits: int) -> bytes:
    packed = 0
    for field in fields:
        packed = packed << bits | field
    return bytes([number]) + packed.to_bytes(bits, "big").ljust(PACKET_BYTES - 1, b"\0")


def _fields(packet: bytes, bits: int) -> list[int]:
    packed = int.from_bytes(packet[1 : 1 + bits], "big")
    mask = (1 << bits) - 1
    return [packed >> shift & mask for shift in range(7 * bits, -1, -bits)]
