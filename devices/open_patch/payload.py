"""How the samples of an open patch's frame become bytes, and back."""

from collections.abc import Callable
from enum import IntEnum

import numpy as np

from devices.open_patch.rice import decode_rice, encode_rice
from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array


class Codec(IntEnum):
    """Formats of a frame's samples; each frame decodes alone."""

    INT16 = 0
    INT24 = 1
    RICE = 2
    INT12 = 3


_BITS = {Codec.INT16: 16, Codec.INT24: 24, Codec.RICE: 24, Codec.INT12: 12}


def fits(adc: Int32Array, codec: Codec) -> bool:
    """Tell whether the codec has enough bits for these samples."""
    limit = 1 << _BITS[codec] - 1
    return bool(adc.min() >= -limit and adc.max() < limit)


def encode_samples(adc: Int32Array, codec: Codec) -> bytes:
    """Write samples, shape (n_leads, n_samples > 0), lead after lead.

    Raises
    ------
    ValueError
        If a sample does not fit the codec.
    """
    if not fits(adc, codec):
        msg = f"samples of {adc.min()} to {adc.max()} do not fit {codec.name}"
        raise ValueError(msg)
    match codec:
        case Codec.INT16:
            return adc.astype("<i2").tobytes()
        case Codec.INT24:
            octets = np.ascontiguousarray(adc, "<i4").view(np.uint8).reshape(-1, 4)
            return octets[:, :3].tobytes()
        case Codec.INT12:
            return _encode_int12(adc)
    return encode_rice(adc)


def decode_samples(payload: bytes, codec: int, n_leads: int, n_samples: int) -> Int32Array:
    """Read samples into shape (n_leads, n_samples), both > 0.

    Raises
    ------
    NotificationError
        If the payload is not exactly that many samples of a known codec.
    """
    decode = _DECODERS.get(codec)
    if decode is None:
        msg = f"codec {codec} is not known"
        raise NotificationError(msg)
    return decode(payload, n_leads, n_samples)


def _decode_int16(payload: bytes, n_leads: int, n_samples: int) -> Int32Array:
    _require_length(payload, 2 * n_leads * n_samples)
    return np.frombuffer(payload, "<i2").astype(np.int32).reshape(n_leads, n_samples)


def _decode_int24(payload: bytes, n_leads: int, n_samples: int) -> Int32Array:
    _require_length(payload, 3 * n_leads * n_samples)
    # In the upper three bytes of an int32 the sign is in place; the shift brings it down.
    wide = np.zeros((n_leads * n_samples, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(payload, np.uint8).reshape(-1, 3)
    return (wide.view("<i4")[:, 0] >> 8).astype(np.int32).reshape(n_leads, n_samples)


def _encode_int12(adc: Int32Array) -> bytes:
    values = (adc.ravel() & 0xFFF).astype(np.uint16)
    pairs = np.append(values, np.zeros(values.size % 2, np.uint16)).reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    octets = np.stack([first & 0xFF, first >> 8 | (second & 0xF) << 4, second >> 4], axis=1)
    return octets.astype(np.uint8).tobytes()[: _int12_bytes(values.size)]


def _decode_int12(payload: bytes, n_leads: int, n_samples: int) -> Int32Array:
    n_values = n_leads * n_samples
    _require_length(payload, _int12_bytes(n_values))
    octets = np.zeros(-(-n_values // 2) * 3, np.int32)
    octets[: len(payload)] = np.frombuffer(payload, np.uint8)
    low, middle, high = octets.reshape(-1, 3).T
    if n_values % 2 and middle[-1] >> 4:
        msg = "filling of the last 12-bit sample is not 0"
        raise NotificationError(msg)
    pairs = np.stack([low | (middle & 0xF) << 8, middle >> 4 | high << 4], axis=1)
    values = (pairs.ravel()[:n_values] ^ 0x800) - 0x800
    return values.astype(np.int32).reshape(n_leads, n_samples)


def _int12_bytes(n_values: int) -> int:
    return -(-n_values * 3 // 2)


_DECODERS: dict[int, Callable[[bytes, int, int], Int32Array]] = {
    Codec.INT16: _decode_int16,
    Codec.INT24: _decode_int24,
    Codec.RICE: decode_rice,
    Codec.INT12: _decode_int12,
}


def _require_length(payload: bytes, n_bytes: int) -> None:
    if len(payload) != n_bytes:
        msg = f"payload of {len(payload)} bytes, {n_bytes} expected"
        raise NotificationError(msg)
