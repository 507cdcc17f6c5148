"""Whose patch this is: the code on the pod or its label, against what is heard. Pure.

A code is what stands on the pod (``0A1B2C3D``), the whole id (``polar-h10-0A1B2C3D``), or the text
of a label's QR code::

    ecgomics:claim?device=open-patch-00C0FFEE&passkey=123456
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from ecgcore.errors import ConfigError, TopicError
from ecgcore.wire.topics import checked_name

_SCHEME = "ecgomics:claim?"
_PASSKEY = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class ClaimCode:
    """What names one patch."""

    text: str
    """Its whole id, or the end of it that is printed on the pod."""
    passkey: int | None = None
    """Six digits for pairing, if the label has them."""

    def names(self, device: str) -> bool:
        """Tell whether this is the patch meant."""
        mine, theirs = self.text.lower(), device.lower()
        return theirs == mine or theirs.endswith(f"-{mine}")


def parse_claim(text: str) -> ClaimCode:
    """Read a code.

    Raises
    ------
    ConfigError
        If it can name no patch.
    """
    text = text.strip()
    if not text.startswith(_SCHEME):
        return ClaimCode(_name(text))
    fields = parse_qs(text.removeprefix(_SCHEME), strict_parsing=False)
    passkey = fields.get("passkey", [""])[0]
    if passkey and not _PASSKEY.fullmatch(passkey):
        msg = f"code: passkey {passkey!r} is not up to six digits"
        raise ConfigError(msg)
    return ClaimCode(_name(fields.get("device", [""])[0]), int(passkey) if passkey else None)


def label_text(device: str, passkey: int | None = None) -> str:
    """Give the text for a label's QR code."""
    fields = {"device": device} | ({} if passkey is None else {"passkey": f"{passkey:06d}"})
    return _SCHEME + urlencode(fields)


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except TopicError as error:
        msg = f"code {text!r} names no patch: {error}"
        raise ConfigError(msg) from error
