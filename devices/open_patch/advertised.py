"""What an open patch tells everybody (docs/open-patch.md, section 2)."""

import struct
from dataclasses import dataclass
from enum import IntFlag

from devices.open_patch.info import VERSION

_SERVICE_DATA = struct.Struct("<BBIB")


class AdvertisedFlag(IntFlag):
    """What a patch tells everybody."""

    NONE = 0
    STREAMING = 1
    LEADS_ON = 2
    BATTERY_LOW = 4
    OPEN = 8
    """Needs no pairing; for builds by makers and benches only."""
    BACKLOG = 16
    """Its memory holds samples that no host has named safe."""
    PAIRABLE = 32
    """Would take a new bond now."""


@dataclass(frozen=True, slots=True)
class Advertised:
    """The service data of an advertisement."""

    flags: AdvertisedFlag
    number: int
    """Printed on the patch as eight hex digits."""
    battery_pct: int

    def encode(self) -> bytes:
        """Write it."""
        return _SERVICE_DATA.pack(VERSION, self.flags, self.number, self.battery_pct)


def decode_advertised(data: bytes) -> Advertised | None:
    """Read service data; None if it is not of version 1."""
    if len(data) < _SERVICE_DATA.size or data[0] != VERSION:
        return None
    _, flags, printed, battery_pct = _SERVICE_DATA.unpack_from(data)
    return Advertised(AdvertisedFlag(flags & sum(AdvertisedFlag)), printed, battery_pct)
