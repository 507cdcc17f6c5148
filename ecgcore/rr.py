"""From R peaks to intervals: beats with their device time."""

from dataclasses import dataclass

from ecgcore.events import USABLE_SQI, BeatDetected
from ecgcore.limits import Share
from ecgcore.rpeak import RPeak


@dataclass(frozen=True, slots=True)
class RrConfig:
    """Which intervals are formed."""

    clock_tolerance: Share = 0.05
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

    def push(self, peak: RPeak, time_ms: float, sample_ms: float, sqi: float) -> BeatDetected:
        """Take the next peak, its device time and period, and the quality of its second."""
        rr_ms = self._interval_ms(peak, time_ms) if sqi >= USABLE_SQI else None
        self.state.last_time_ms = time_ms if sqi >= USABLE_SQI else None
        self.state.last_place = peak.sample + peak.offset
        return BeatDetected(
            peak.sample,
            peak.offset,
            time_ms,
            sample_ms,
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
