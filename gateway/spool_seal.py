"""What stands in a row: encrypted under a key, or plain; either way a changed byte is noticed.

A sealed row is ``EK1``, a random nonce of 12 bytes, and AES-256-GCM of the payload with the tag.
Device, boot and counter are authenticated with it, so that no row can be put in another's place.
Nothing plain begins like that: frames begin with ``EG`` and end with their CRC, and all else is
stored behind ``CK1`` and its CRC-32C. Random nonces last for 2**32 rows of one key, more than sixty
years of one patch.
"""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecgcore.errors import ConfigError, EcgomicsError
from ecgcore.wire.checksum import crc32c

KEY_BYTES = 32
_SEALED = b"EK1"
_CHECKED = b"CK1"
_FRAME = b"EG"
_NONCE_BYTES = 12
_CRC_BYTES = 4
_CHECK = b"ecgomics spool"
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class DamagedError(EcgomicsError):
    """Stored bytes that are not what was written."""


class Seal:
    """Closes and opens the content of rows.

    Parameters
    ----------
    key : bytes or None
        32 bytes; None stores in the clear.
    """

    def __init__(self, key: bytes | None) -> None:
        self._cipher = AESGCM(key) if key is not None else None

    @property
    def has_key(self) -> bool:
        """Whether new rows are encrypted."""
        return self._cipher is not None

    def close(self, payload: bytes, device: str, boot_id: int, counter: int) -> bytes:
        """Give what to store for the row with this identity."""
        if self._cipher is None and payload[: len(_FRAME)] == _FRAME:
            return payload
        return self._closed(payload, _identity(device, boot_id, counter))

    def open(self, stored: object, device: str, boot_id: int, counter: int) -> bytes:
        """Give back the payload of a row; in a damaged file that can be anything.

        Raises
        ------
        DamagedError
            If it fails its checksum or tag, or is encrypted and there is no key.
        """
        if isinstance(stored, bytes) and stored[: len(_FRAME)] == _FRAME:
            if crc32c(stored[:-_CRC_BYTES]) != int.from_bytes(stored[-_CRC_BYTES:], "little"):
                msg = f"{device}/{boot_id}/{counter}: frame fails its CRC"
                raise DamagedError(msg)
            return stored
        return self._opened(stored, _identity(device, boot_id, counter))

    def close_state(self, state: bytes, device: str) -> bytes:
        """Give what to store for a recorder's state."""
        return self._closed(state, _state_of(device))

    def open_state(self, stored: object, device: str) -> bytes:
        """Give back a recorder's state.

        Raises
        ------
        DamagedError
            As for `open`.
        """
        return self._opened(stored, _state_of(device))

    def check(self) -> bytes | None:
        """Give what tells later whether a key is this one; None without a key."""
        return self._closed(_CHECK, _CHECK) if self._cipher else None

    def is_key_of(self, check: bytes) -> bool:
        """Tell whether `check` was made with this key."""
        try:
            return self._opened(check, _CHECK) == _CHECK
        except DamagedError:
            return False

    def _closed(self, payload: bytes, identity: bytes) -> bytes:
        if self._cipher is None:
            return _CHECKED + crc32c(payload).to_bytes(_CRC_BYTES, "little") + payload
        nonce = os.urandom(_NONCE_BYTES)
        return _SEALED + nonce + self._cipher.encrypt(nonce, payload, identity)

    def _opened(self, stored: object, identity: bytes) -> bytes:
        if not isinstance(stored, bytes):
            msg = f"{identity.decode()}: no bytes"
            raise DamagedError(msg)
        if is_sealed(stored):
            return self._decrypted(stored, identity)
        head = len(_CHECKED) + _CRC_BYTES
        payload = bytes(stored[head:])
        if stored[:head] != _CHECKED + crc32c(payload).to_bytes(_CRC_BYTES, "little"):
            msg = f"{identity.decode()}: fails its CRC"
            raise DamagedError(msg)
        return payload

    def _decrypted(self, stored: bytes, identity: bytes) -> bytes:
        if self._cipher is None:
            msg = f"{identity.decode()}: encrypted, and no key was given"
            raise DamagedError(msg)
        body = len(_SEALED) + _NONCE_BYTES
        nonce = stored[len(_SEALED) : body]
        try:
            return self._cipher.decrypt(nonce, stored[body:], identity)
        except (InvalidTag, ValueError) as error:
            msg = f"{identity.decode()}: does not open with this key"
            raise DamagedError(msg) from error


def is_sealed(stored: bytes) -> bool:
    """Tell whether a row is encrypted."""
    return stored[: len(_SEALED)] == _SEALED


def read_key(path: Path) -> bytes:
    """Read a key file: 32 bytes, raw or as 64 hexadecimal digits.

    Raises
    ------
    ConfigError
        If it cannot be read, holds something else, or others can read it.
    """
    try:
        if path.stat().st_mode & _OPEN_TO_OTHERS:
            msg = f"key file {path}: others can read it; chmod 600 it"
            raise ConfigError(msg)
        content = path.read_bytes()
    except OSError as error:
        msg = f"key file {path}: {error.strerror}"
        raise ConfigError(msg) from error
    if len(content) == KEY_BYTES:
        return content
    try:
        key = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        msg = f"key file {path}: needs {KEY_BYTES} bytes, raw or as {2 * KEY_BYTES} hex digits"
        raise ConfigError(msg)
    return key


def _identity(device: str, boot_id: int, counter: int) -> bytes:
    return f"{device}/{boot_id}/{counter}".encode()


def _state_of(device: str) -> bytes:
    return f"{device}/state".encode()
