"""A stage's state as bytes and back, refused unless the same algorithm wrote it.

Layout: CRC-32C (u32, little-endian) over the rest, then MessagePack of ``[tag, state]``. The tag
names algorithm, version and parameters. Nothing in here can run code, unlike pickle.
"""

import hashlib
import struct
from typing import Any, TypeVar

import msgspec
import numpy as np

from ecgcore.errors import StateError
from ecgcore.wire.checksum import crc32c

S = TypeVar("S")
_CRC = struct.Struct("<I")


class _Envelope(msgspec.Struct, array_like=True, frozen=True):
    tag: str
    state: msgspec.Raw


def dump_state(state: object, tag: str) -> bytes:
    """Turn a dataclass of plain values and arrays into bytes.

    Parameters
    ----------
    tag : str
        What must be the same for the state to be used again.
    """
    inner = msgspec.Raw(msgspec.msgpack.encode(state, enc_hook=_array_to_plain))
    body = msgspec.msgpack.encode(_Envelope(tag, inner))
    return _CRC.pack(crc32c(body)) + body


def load_state(kind: type[S], data: bytes, tag: str) -> S:
    """Read what `dump_state` wrote, as a value of class `kind`.

    Raises
    ------
    StateError
        If the bytes are damaged or carry another tag.
    """
    body = data[_CRC.size :]
    if len(data) < _CRC.size or _CRC.unpack_from(data)[0] != crc32c(body):
        msg = f"state of {len(data)} bytes is damaged"
        raise StateError(msg)
    try:
        envelope = msgspec.msgpack.decode(body, type=_Envelope)
        if envelope.tag != tag:
            msg = f"state of {envelope.tag!r} cannot be used by {tag!r}"
            raise StateError(msg)
        return msgspec.msgpack.decode(envelope.state, type=kind, dec_hook=_array_from_plain)
    except msgspec.MsgspecError as error:
        msg = f"state: {error}"
        raise StateError(msg) from error


def digest_of(parameters: object) -> str:
    """Give 16 hex digits that change whenever any value in `parameters` does."""
    encoded = msgspec.json.encode(parameters, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def _array_to_plain(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    if not isinstance(value, np.ndarray):
        msg = f"{type(value).__name__} cannot be part of a state"
        raise NotImplementedError(msg)
    return value.dtype.str, value.shape, value.tobytes()


def _array_from_plain(_kind: Any, value: Any) -> Any:
    dtype, shape, data = value
    # A copy, because an array over received bytes could not be written to.
    return np.frombuffer(data, dtype).reshape(shape).copy()
