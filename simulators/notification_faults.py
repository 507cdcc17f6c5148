"""Notifications that a Bluetooth stack loses, doubles, swaps or cuts, by seeded chance.

The link layer loses nothing; but between it and the application are queues, and stacks are known
to drop, repeat and reorder what they queue. Each notification's fate depends on the seed and on how
many came before it, so it is the same in every run.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ecgcore.errors import ConfigError

_ATT_CID = 4
_NOTIFICATION = 0x1B
# Request and response.
_MTU_EXCHANGE = (0x02, 0x03)
_L2CAP_HEADER = struct.Struct("<HH")
_ATT_HEADER_BYTES = 3
# What the smallest MTU leaves of a value.
_CUT_BYTES = 20
_UNCUT_BYTES = _L2CAP_HEADER.size + _ATT_HEADER_BYTES + _CUT_BYTES


@dataclass(frozen=True, slots=True)
class NotificationFaults:
    """Probabilities, each 0 to 1; at most one thing happens to a notification."""

    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    """Comes after the next one, or when the link ends."""
    cut: float = 0.0
    """Ends after 20 bytes, as if the MTU were the smallest; a shorter one is left alone."""

    def __post_init__(self) -> None:
        shares = (self.lose, self.duplicate, self.reorder, self.cut)
        if min(shares) < 0 or sum(shares) > 1:
            msg = f"notification faults {shares}: probabilities of 0 to 1, 1 together at most"
            raise ConfigError(msg)


@dataclass(slots=True)
class Tally:
    """What the radio has done to one controller's packets."""

    lost: int = 0
    """ATT packets that did not arrive whole: notifications lost or cut, what a broken link held."""
    duplicated: int = 0
    reordered: int = 0
    cut: int = 0


class StackFaults:
    """The queue between link layer and application, for one sender.

    Parameters
    ----------
    on_lost : Callable[[bytes], None]
        Called with each ATT packet that does not arrive whole.
    """

    def __init__(
        self,
        faults: NotificationFaults,
        chance: Random,
        tally: Tally,
        on_lost: Callable[[bytes], None],
    ) -> None:
        self._faults = faults
        self._chance = chance
        self._tally = tally
        self._on_lost = on_lost
        self._held: list[bytes] = []

    def arrive(self, pdu: bytes) -> list[bytes]:
        """Take an L2CAP packet off the link; give what the application gets now."""
        if not is_notification(pdu):
            return [pdu]
        faults, dice = self._faults, self._chance.random()
        lose = faults.lose
        duplicate = lose + faults.duplicate
        reorder = duplicate + faults.reorder
        if dice < lose:
            self._on_lost(pdu[_L2CAP_HEADER.size :])
            return []
        if dice < duplicate:
            self._tally.duplicated += 1
            return [pdu, pdu, *self.release()]
        if dice < reorder and not self._held:
            self._tally.reordered += 1
            self._held.append(pdu)
            return []
        if reorder <= dice < reorder + faults.cut and len(pdu) > _UNCUT_BYTES:
            return [self._cut(pdu), *self.release()]
        return [pdu, *self.release()]

    def release(self) -> list[bytes]:
        """Give what was held back."""
        held, self._held = self._held, []
        return held

    def _cut(self, pdu: bytes) -> bytes:
        self._tally.cut += 1
        self._on_lost(pdu[_L2CAP_HEADER.size :])
        att = pdu[_L2CAP_HEADER.size :][: _ATT_HEADER_BYTES + _CUT_BYTES]
        return _L2CAP_HEADER.pack(len(att), _ATT_CID) + att


def is_att(pdu: bytes) -> bool:
    """Tell whether an L2CAP packet carries ATT."""
    return len(pdu) > _L2CAP_HEADER.size and pdu[2] == _ATT_CID and pdu[3] == 0


def is_notification(pdu: bytes) -> bool:
    """Tell whether an L2CAP packet is an ATT notification."""
    return is_att(pdu) and pdu[4] == _NOTIFICATION


def limit_mtu(pdu: bytes, most: int) -> bytes:
    """Lower the size that a packet of an MTU exchange names; give any other packet as it is."""
    if not is_att(pdu) or pdu[4] not in _MTU_EXCHANGE:
        return pdu
    named = int.from_bytes(pdu[5:7], "little")
    return pdu[:5] + min(named, most).to_bytes(2, "little") + pdu[7:]
