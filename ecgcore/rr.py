"""From R peaks to intervals: beats with their device time, and which intervals are normal."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ecgcore.events import BeatDetected
from ecgcore.quality import USABLE_SQI
from ecgcore.rpeak import RPeak
from ecgcore.types import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RrConfig:
    """Which intervals are formed."""

    clock_tolerance: float = 0.05
    """Device time and sample count may differ by this share; more is a clock that was set."""


@dataclass(slots=True)
class RrState:
    """The beat before; None at the start of a run and after a beat that cannot be trusted."""

    last_time_ms: float | None = None
    last_place: float = 0.0
    """Its position in samples."""


class RrSeries:
    """Forms the interval of each beat to the one before, where both can be trusted."""

    def __init__(self, config: RrConfig, fs_hz: float, state: RrState | None = None) -> None:
        self.state = state or RrState()
        self._config = config
        self._sample_ms = 1e3 / fs_hz

    def push(self, peak: RPeak, time_ms: float, sqi: float) -> BeatDetected:
        """Take the next peak, its device time and the quality of the second around it."""
        rr_ms = self._interval_ms(peak, time_ms) if sqi >= USABLE_SQI else None
        self.state.last_time_ms = time_ms if sqi >= USABLE_SQI else None
        self.state.last_place = peak.sample + peak.offset
        return BeatDetected(
            peak.sample,
            peak.offset,
            time_ms,
            peak.amplitude_mv,
            rr_ms,
            peak.confidence * sqi,
        )

    def reset(self) -> None:
        """Start anew, as after a gap: no interval is formed across it."""
        self.state.last_time_ms = None

    def _interval_ms(self, peak: RPeak, time_ms: float) -> float | None:
        if self.state.last_time_ms is None:
            return None
        rr_ms = time_ms - self.state.last_time_ms
        expected_ms = (peak.sample + peak.offset - self.state.last_place) * self._sample_ms
        is_set = abs(rr_ms - expected_ms) > self._config.clock_tolerance * expected_ms
        return None if is_set else rr_ms


def is_normal(rr_ms: FloatArray, tolerance: float = 0.2, reach: int = 5) -> BoolArray:
    """Tell which intervals lie within `tolerance` of their local median.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n,)
        NaN where no interval exists; never normal.
    reach : int
        Intervals on either side that the median is taken over.

    Notes
    -----
    The 20 % rule of the Task Force's Holter practice; ectopic beats and their pauses fall out.
    """
    if not np.isfinite(rr_ms).any():
        return np.zeros(rr_ms.shape, bool)
    padded = np.pad(rr_ms, reach, constant_values=np.nan)
    around = sliding_window_view(padded, 2 * reach + 1)
    # A window around a missing interval may be all NaN, which is no reason to warn.
    known = np.isfinite(rr_ms)
    normal = np.zeros(rr_ms.shape, bool)
    middle = np.nanmedian(around[known], axis=1)
    normal[known] = np.abs(rr_ms[known] - middle) <= tolerance * middle
    return normal
