"""How loud a radio is heard from how far, and how much of it is understood.

The log-distance model: the level falls by ``10 n log10(d)`` dB (Rappaport, Wireless Communications,
2nd ed., 4.9), with normal shadowing for walls and bodies that stays while nobody moves, and normal
fading from packet to packet. Levels are those of a small Bluetooth transmitter at 0 dBm.
"""

import math
from dataclasses import dataclass
from random import Random

_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class PathLoss:
    """A building's radio."""

    at_1m_dbm: float = -59.0
    """Level at one metre."""
    exponent: float = 2.5
    """2 in free space, 2.5 to 3 in furnished rooms."""
    shadowing_db: float = 4.0
    """Standard deviation over places."""
    fading_db: float = 2.0
    """Standard deviation over packets at one place."""
    sensitivity_dbm: float = -95.0
    """Level at which half of the packets are understood; 24 m without shadowing."""
    slope_db: float = 1.0
    """How fast that changes with the level."""

    def level_dbm(self, distance_m: float) -> float:
        """Give the mean level at a distance; nearer than 10 cm counts as 10 cm."""
        return self.at_1m_dbm - 10 * self.exponent * math.log10(max(distance_m, 0.1))

    def shadow_db(self, chance: Random) -> float:
        """Draw what walls and bodies add at one place."""
        return chance.gauss(0, self.shadowing_db)

    def fade_db(self, chance: Random) -> float:
        """Draw what reflections add to one packet."""
        return chance.gauss(0, self.fading_db)

    def packet_loss(self, level_dbm: float) -> float:
        """Give the share of packets that is not understood, 0 to 1."""
        margin = (level_dbm - self.sensitivity_dbm) / self.slope_db
        loss = 1 / (1 + math.exp(min(max(margin, -50.0), 50.0)))
        if loss < _CERTAIN:
            return 0.0
        return 1.0 if loss > 1 - _CERTAIN else loss
