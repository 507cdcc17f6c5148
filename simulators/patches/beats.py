"""What a patch tells of its heartbeats, second by second."""

import numpy as np

from devices.driver import HeartRate
from ecgcore.types import FloatArray
from simulators.source import Source

# Without known beats a patch shows a steady heart.
_STEADY_BPM = 60
# As many intervals as a notification carries at any MTU.
_MAX_RR = 9


class BeatTeller:
    """Heart rate and RR intervals of a source's beats.

    Parameters
    ----------
    fs_hz : float
        Of the source's grid.
    """

    def __init__(self, source: Source, fs_hz: float) -> None:
        self._source = source
        self._fs_hz = fs_hz
        self._last_peak: FloatArray = np.empty(0)
        self._bpm = _STEADY_BPM

    def forget(self) -> None:
        """Begin anew: an interval over a time without host is not told."""
        self._last_peak = np.empty(0)

    def between(self, from_s: int, to_s: int, *, contact: bool | None = True) -> HeartRate:
        """Give what is told of the beats in [from_s, to_s) of the patch's clock."""
        peaks = self._source.rpeaks(round(from_s * self._fs_hz), round(to_s * self._fs_hz))
        if peaks is None:
            return HeartRate(_STEADY_BPM, (), contact)
        rr_ms = np.diff(peaks, prepend=self._last_peak) * (1000 / self._fs_hz)
        if len(peaks):
            self._last_peak = peaks[-1:]
        if len(rr_ms):
            self._bpm = round(60_000 / float(np.mean(rr_ms)))
        return HeartRate(self._bpm, tuple(rr_ms[-_MAX_RR:].tolist()), contact)
