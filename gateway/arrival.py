"""Where the samples of a patch without clock and without counter lie: by when they came.

Theory of operation: samples are counted as they come. Over a stretch without interruption the
count against the arrivals is a line: its slope is the period at which the patch really sends, its
lower envelope (delays are never negative) the time of the samples. A notification that is lost
leaves no trace but a lower rate. So only a silence counts as a gap, its length is estimated from
the line, and it is marked as such; what is missing all the time is told as a share of the rate.
Silence that a burst follows was a delay: then the line, which knows the rate, moves back slowly.

Nothing in such a stream says that the patch was restarted. A boot here ends only with the stored
state, with a host clock that went back between two links, or with a silence of over a day.
"""

from collections import deque
from dataclasses import dataclass
from typing import Self

import msgspec
import numpy as np

from devices.driver import Samples, Signal
from ecgcore.types import GapReason, Int32Array
from gateway.placing import Interruption, Placed, Position, Rejected, read_count

_NS = 1_000_000_000
_WINDOW = 600
_POINT_EVERY_NS = _NS // 5
# A rate further off is not the patch's; a sample's step is kept within it, too.
_MOST_OFF = 0.5


@dataclass(frozen=True, slots=True)
class ArrivalConfig:
    """Constants of one patch."""

    nominal_period_ns: float
    silence_ns: int = _NS
    """What comes later than this behind its time was preceded by a loss."""
    longest_silence_ns: int = 10 * _NS
    """On a live link a longer silence is a step of the host clock: the stream would have been
    restarted before."""
    longest_gap_ns: int = 86_400 * _NS
    learning_ns: int = 3 * _NS
    """Below this the nominal period is the best there is."""
    telling_ns: int = 30 * _NS
    """From here on the rate is sure to about 1 in 1000."""


@dataclass(slots=True)
class Count:
    """What is remembered of the running boot; plain data."""

    boot_id: int
    counter: int
    """Of the next sample."""
    last_ns: int
    """Fitted time of the last sample, host clock."""
    arrival_ns: int
    """Of the last notification."""
    period_ns: float


class ArrivalPlacer:
    """Places one notification after another by arrival (a `gateway.placing.Placer`).

    Parameters
    ----------
    config : ArrivalConfig
    count : Count or None
        As stored by an earlier run of the gateway; None begins with a new boot.
    """

    def __init__(self, config: ArrivalConfig, count: Count | None = None) -> None:
        self._config = config
        self._interruption = Interruption(has_memory=count is not None)
        self.count = count
        self._points: deque[tuple[int, int]] = deque(maxlen=_WINDOW)
        self._heights: list[float] = []
        """Of the points over the count at the fitted period: the line's height, and delays."""
        self._height_ns = 0.0
        self._before: Int32Array | None = None

    @classmethod
    def of(cls, signal: Signal, speed: float, stored: bytes | None) -> Self:
        """Begin for a patch, or go on from what `dump` gave.

        Parameters
        ----------
        speed : float
            Of UTC against wall time; a rig stretches every delay by it.

        Raises
        ------
        StateError
            If `stored` cannot be read.
        """
        default = ArrivalConfig(1e12 / signal.fs_mhz)
        config = ArrivalConfig(
            default.nominal_period_ns,
            silence_ns=round(default.silence_ns * speed),
            longest_silence_ns=round(default.longest_silence_ns * speed),
        )
        return cls(config, read_count(stored, Count) if stored else None)

    @property
    def position(self) -> Position | None:
        """Where the count stands; None before the first sample."""
        return Position(self.count.boot_id, self.count.counter) if self.count else None

    @property
    def rate_hz(self) -> float | None:
        """Samples that really come per second; None until it is sure."""
        if self._span_ns < self._config.telling_ns or self.count is None:
            return None
        return 1e9 / self.count.period_ns

    @property
    def missing_share(self) -> float | None:
        """Share of the nominal rate that does not come, 0 to 1; None until it is sure.

        A HealthyPi 5 shows 1/9.
        """
        rate_hz = self.rate_hz
        if rate_hz is None:
            return None
        return max(1 - rate_hz * self._config.nominal_period_ns / 1e9, 0.0)

    def interrupt(self, reason: GapReason, *, is_same_link: bool = False) -> None:
        """Name the cause of samples missing before the next notification; the first one counts."""
        self._interruption.note(reason, is_same_link=is_same_link)

    def place(self, samples: Samples, arrival_ns: int, new_boot_id: int) -> Placed | Rejected:
        """Place samples, at least one.

        Parameters
        ----------
        arrival_ns : int
            UTC at which the notification came.
        new_boot_id : int
            Used if a new boot begins here; unique for the patch, 0 to 2**32 - 1.
        """
        if self._is_repeat(samples.adc):
            return Rejected.DUPLICATE
        n_samples = int(samples.adc.shape[1])
        count = self.count
        if count is None or self._is_elsewhere(count, arrival_ns):
            return self._begin(n_samples, arrival_ns, new_boot_id)
        missing = self._missing(count, n_samples, arrival_ns)
        reason = self._interruption.reason or GapReason.RADIO_LOSS
        if missing or self._interruption.reason or self._is_clock_step(count, arrival_ns):
            self._points.clear()
        first_counter = count.counter + missing
        self._advance(count, missing, n_samples, arrival_ns)
        return self._placed(count, first_counter, n_samples, missing, reason)

    def dump(self) -> bytes:
        """Give what a later run needs to go on counting."""
        return msgspec.json.encode(self.count)

    @property
    def _span_ns(self) -> int:
        return self._points[-1][1] - self._points[0][1] if self._points else 0

    def _is_repeat(self, adc: Int32Array) -> bool:
        """Tell a notification that was delivered twice; a flat line may well repeat itself."""
        before, self._before = self._before, adc
        is_flat = bool(np.all(adc == adc[:, :1]))
        return before is not None and not is_flat and np.array_equal(before, adc)

    def _is_elsewhere(self, count: Count, arrival_ns: int) -> bool:
        silence_ns = arrival_ns - count.arrival_ns
        is_back = self._interruption.is_new_link and silence_ns < -self._config.longest_silence_ns
        is_over = bool(self._interruption.reason) and silence_ns > self._config.longest_gap_ns
        return is_back or is_over

    def _is_clock_step(self, count: Count, arrival_ns: int) -> bool:
        silence_ns = arrival_ns - count.arrival_ns
        if self._interruption.reason:
            return silence_ns < 0
        return not -self._config.silence_ns < silence_ns < self._config.longest_silence_ns

    def _missing(self, count: Count, n_samples: int, arrival_ns: int) -> int:
        if self._is_clock_step(count, arrival_ns):
            return 0
        due_ns = count.last_ns + n_samples * count.period_ns + self._mean_delay_ns()
        late_ns = arrival_ns - due_ns
        silence_ns = arrival_ns - count.arrival_ns - n_samples * count.period_ns
        # Late without a silence right before it: the line is not there yet.
        if min(late_ns, silence_ns) < self._config.silence_ns and not self._interruption.reason:
            return 0
        return max(round(min(late_ns, silence_ns) / count.period_ns), 0)

    def _mean_delay_ns(self) -> float:
        if not self._points:
            return 0.0
        return sum(self._heights) / len(self._heights) - self._height_ns

    def _begin(self, n_samples: int, arrival_ns: int, boot_id: int) -> Placed:
        period_ns = self._config.nominal_period_ns
        self.count = Count(boot_id, n_samples, arrival_ns, arrival_ns, period_ns)
        self._points = deque([(n_samples, arrival_ns)], maxlen=_WINDOW)
        self._fit(self.count)
        self._interruption.end()
        return self._placed(self.count, 0, n_samples, 0, GapReason.NONE, is_new_boot=True)

    def _advance(self, count: Count, missing: int, n_samples: int, arrival_ns: int) -> None:
        count.counter += missing + n_samples
        count.arrival_ns = arrival_ns
        if not self._points or arrival_ns - self._points[-1][1] >= _POINT_EVERY_NS:
            self._points.append((count.counter, arrival_ns))
            self._fit(count)
        # Delays are never negative: what comes sooner than the line lowers it.
        height_ns = arrival_ns - count.counter * count.period_ns
        self._height_ns = min(self._height_ns, height_ns)
        step_ns = (missing + n_samples) * count.period_ns
        target_ns = self._height_ns + count.counter * count.period_ns
        least_ns, most_ns = step_ns * (1 - _MOST_OFF), step_ns * (1 + _MOST_OFF)
        count.last_ns += round(min(max(target_ns - count.last_ns, least_ns), most_ns))
        self._interruption.end()

    def _fit(self, count: Count) -> None:
        if self._span_ns >= self._config.learning_ns:
            points = np.array(self._points, np.int64)
            x, y = (points - points[0]).astype(float).T
            x -= x.mean()
            period_ns = float(x @ (y - y.mean()) / (x @ x))
            nominal_ns = self._config.nominal_period_ns
            count.period_ns = min(max(period_ns, nominal_ns * _MOST_OFF), nominal_ns / _MOST_OFF)
        self._heights = [
            arrival_ns - counter * count.period_ns for counter, arrival_ns in self._points
        ]
        self._height_ns = min(self._heights)

    def _placed(
        self,
        count: Count,
        first_counter: int,
        n_samples: int,
        missing: int,
        reason: GapReason,
        *,
        is_new_boot: bool = False,
    ) -> Placed:
        return Placed(
            boot_id=count.boot_id,
            first_counter=first_counter,
            gap_before=missing,
            gap_reason=reason if missing else GapReason.NONE,
            device_time_ns=count.last_ns - round((n_samples - 1) * count.period_ns),
            device_span_ns=round(n_samples * count.period_ns),
            is_new_boot=is_new_boot,
            last_sample_ns=count.last_ns,
            is_gap_estimated=missing > 0,
        )
