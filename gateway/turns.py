"""How often a patch's numbers came round while nothing was heard of it.

Theory of operation: numbers that begin again after a turn (BITalino: 16 samples, 0.16 s; Ganglion:
201, a second) tell what is missing but for whole turns. Those show in the arrivals. A notification
comes a delay after its last sample; delays are never negative, and how much they spread is seen
from the last ones. A loss of turns is a delay that many turns longer than the usual ones. What is
three quarters of a second later than usual lost turns. Shorter turns are told only beside numbers
that are missing, and where delays spread over less than half a turn; else one that was late would
be taken for a loss.

A repeat looks like a loss of nearly a turn, but comes half a turn sooner than anything can.
"""

from collections import deque
from dataclasses import dataclass
from typing import Self

_NS = 1_000_000_000
_JITTER_NS = 3 * _NS // 4
_SILENCE_NS = 10 * _NS
_RECENT = 64
_FEW = 8


@dataclass(frozen=True, slots=True)
class TurnsConfig:
    """Constants of one patch."""

    modulus: int
    """Samples in a turn."""
    period_ns: float
    """Nominal, of a sample."""
    jitter_ns: int = _JITTER_NS
    """Longer than any notification is late that was not preceded by a loss."""
    longest_silence_ns: int = _SILENCE_NS
    """On a live link a longer one is a step of the host clock: the stream would have been
    restarted before."""

    @classmethod
    def of(cls, modulus: int, period_ns: float, speed: float) -> Self:
        """Give the constants for a rig that stretches every delay by `speed`."""
        return cls(modulus, period_ns, round(_JITTER_NS * speed), round(_SILENCE_NS * speed))

    @property
    def turn_ns(self) -> float:
        """How long a turn takes."""
        return self.modulus * self.period_ns


class Turns:
    """Tells the turns before a notification from when it came. Remembers the last delays only."""

    def __init__(self, config: TurnsConfig) -> None:
        self._config = config
        self._heights_ns: deque[float] = deque(maxlen=_RECENT)
        """Arrival over count, at the nominal period."""

    def over(self, residue: int, n_samples: int, silence_ns: int) -> int:
        """Give how many samples are missing after an interruption, to the nearest turn.

        Parameters
        ----------
        silence_ns : int
            From one arrival to the next.
        """
        # Another link has other delays.
        self._heights_ns.clear()
        surplus_ns = silence_ns - (residue + n_samples) * self._config.period_ns
        turns = max(round(surplus_ns / self._config.turn_ns), 0)
        return residue + turns * self._config.modulus

    def place(self, counter: int, residue: int, n_samples: int, arrival_ns: int) -> int:
        """Give how many samples are missing before a notification on a live link.

        Parameters
        ----------
        counter : int
            Of the sample that would follow without a loss.
        residue : int, 0 to modulus - 1
            What its number says is missing, but for whole turns.

        Returns
        -------
        int
            `residue` and whole turns more; negative for a repeat.
        """
        height_ns = arrival_ns - (counter + residue + n_samples) * self._config.period_ns
        turns = self._turns(residue, height_ns)
        missing = residue + turns * self._config.modulus
        if turns >= 0:
            self._heights_ns.append(height_ns - turns * self._config.turn_ns)
        return missing

    def _turns(self, residue: int, height_ns: float) -> int:
        if not self._heights_ns:
            return 0
        turn_ns = self._config.turn_ns
        least_ns, most_ns = min(self._heights_ns), max(self._heights_ns)
        usual_ns = sum(self._heights_ns) / len(self._heights_ns)
        if residue and height_ns < least_ns - turn_ns / 2:
            return -1
        late_ns = height_ns - usual_ns
        if late_ns > self._config.longest_silence_ns:
            self._heights_ns.clear()
            return 0
        is_steady = len(self._heights_ns) >= _FEW and most_ns - least_ns < turn_ns / 2
        # Without a number missing a delay is likelier than a loss of just whole turns.
        is_telling = residue and is_steady and turn_ns < self._config.jitter_ns
        if late_ns < self._config.jitter_ns and not is_telling:
            return 0
        return max(round(late_ns / turn_ns), 0)
