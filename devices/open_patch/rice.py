"""Differences of ECG samples as Rice codes in two planes, so that reading needs no loop over bits.

Layout, lead after lead in each part: heads (first sample as int24, then one byte: order << 5 | k),
the unary plane (each code's quotient as so many 0 bits and a 1), the remainder plane (k bits each).
Each plane is filled up to a whole byte with 0 bits. It is as long as the classical Rice code, which
mixes both, and is told apart at once: the n-th 1 bit of the first plane ends the n-th quotient.
"""

import struct
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import NotificationError
from ecgcore.types import Int32Array, Int64Array

_Bits: TypeAlias = NDArray[np.uint8]
_HEAD_BYTES = 4
_ORDERS = (1, 2)
_MAX_K = 24
_INT24_MAX = (1 << 23) - 1
_KS = np.arange(_MAX_K + 1)
_WEIGHTS = 1 << np.arange(_MAX_K - 1, -1, -1)


def encode_rice(adc: Int32Array) -> bytes:
    """Write samples of 24 bits, shape (n_leads, n_samples > 0), in the fewest bits."""
    heads, quotients, remainders = bytearray(), [], []
    for lead in adc.astype(np.int64):
        order, k, codes = _cheapest(lead)
        heads += int(lead[0]).to_bytes(3, "little", signed=True) + bytes([order << 5 | k])
        quotients.append(codes >> k)
        shifts = np.arange(k - 1, -1, -1)
        remainders.append((codes[:, np.newaxis] >> shifts & 1).astype(np.uint8).ravel())
    unary = _unary(np.concatenate(quotients))
    return bytes(heads) + unary + np.packbits(np.concatenate(remainders)).tobytes()


def decode_rice(payload: bytes, n_leads: int, n_samples: int) -> Int32Array:
    """Read what `encode_rice` gave, into shape (n_leads, n_samples).

    Raises
    ------
    NotificationError
        If the payload is cut off, has bits left over or names samples beyond 24 bits.
    """
    first, orders, ks = _heads(payload, n_leads)
    bits = np.unpackbits(np.frombuffer(payload, np.uint8, offset=_HEAD_BYTES * n_leads))
    per_lead = n_samples - 1
    quotients, n_unary = _quotients(bits, n_leads * per_lead)
    remainders = _remainders(bits[n_unary:], ks, per_lead)
    codes = (quotients.reshape(n_leads, per_lead) << np.array(ks)[:, np.newaxis]) | remainders
    samples = np.empty((n_leads, n_samples), np.int64)
    samples[:, 0] = 0
    np.cumsum((codes >> 1) ^ -(codes & 1), axis=1, out=samples[:, 1:])
    for lead, order in enumerate(orders):
        if order == 2:
            np.cumsum(samples[lead], out=samples[lead])
    samples += first[:, np.newaxis]
    if samples.max() > _INT24_MAX or samples.min() < -_INT24_MAX - 1:
        msg = "differences add up beyond 24 bits"
        raise NotificationError(msg)
    return samples.astype(np.int32)


def _cheapest(lead: Int64Array) -> tuple[int, int, Int64Array]:
    """Give the order, k and codes of a lead that need the fewest bits."""
    found: tuple[int, int, int, Int64Array] | None = None
    steps = np.diff(lead)
    for order in _ORDERS:
        codes = (steps << 1) ^ (steps >> 63)
        n_bits = (codes >> _KS[:, np.newaxis]).sum(axis=1) + codes.size * (_KS + 1)
        k = int(n_bits.argmin())
        if found is None or n_bits[k] < found[0]:
            found = int(n_bits[k]), order, k, codes
        # The step before the first is taken for 0.
        steps = np.diff(steps, prepend=0)
    assert found  # noqa: S101 - there are orders
    return found[1:]


def _unary(quotients: Int64Array) -> bytes:
    if not quotients.size:
        return b""
    ends = np.cumsum(quotients + 1) - 1
    bits = np.zeros(int(ends[-1]) + 1, np.uint8)
    bits[ends] = 1
    return np.packbits(bits).tobytes()


def _heads(payload: bytes, n_leads: int) -> tuple[Int64Array, list[int], list[int]]:
    if len(payload) < _HEAD_BYTES * n_leads:
        msg = f"{len(payload)} bytes are too few for the heads of {n_leads} leads"
        raise NotificationError(msg)
    words = struct.unpack_from(f"<{n_leads}I", payload)
    orders, ks = [word >> 29 for word in words], [word >> 24 & 0x1F for word in words]
    if max(ks) > _MAX_K or not set(orders) <= set(_ORDERS):
        msg = f"orders {orders} and k {ks} are not 1 or 2 and 0 to {_MAX_K}"
        raise NotificationError(msg)
    first = [((word & 0xFFFFFF) ^ 0x800000) - 0x800000 for word in words]
    return np.array(first, np.int64), orders, ks


def _quotients(bits: _Bits, n_codes: int) -> tuple[Int64Array, int]:
    """Give the quotients and how many bits their plane takes."""
    if not n_codes:
        return np.empty(0, np.int64), 0
    ends = np.flatnonzero(bits)[:n_codes]
    if ends.size < n_codes:
        msg = f"{ends.size} differences found, {n_codes} expected"
        raise NotificationError(msg)
    last = int(ends[-1])
    n_bits = (last | 7) + 1
    if bits[last + 1 : n_bits].any():
        msg = "filling of the unary plane is not 0"
        raise NotificationError(msg)
    return np.diff(ends, prepend=-1) - 1, n_bits


def _remainders(bits: _Bits, ks: list[int], per_lead: int) -> Int64Array:
    n_bits = sum(ks) * per_lead
    if bits.size != -(-n_bits // 8) * 8 or bits[n_bits:].any():
        msg = f"remainder plane of {bits.size} bits, {n_bits} and filling expected"
        raise NotificationError(msg)
    remainders = np.empty((len(ks), per_lead), np.int64)
    at = 0
    for lead, k in enumerate(ks):
        end = at + k * per_lead
        remainders[lead] = bits[at:end].reshape(per_lead, k) @ _WEIGHTS[_MAX_K - k :]
        at = end
    return remainders
