"""Device clock to UTC.

Theory of operation: a notification arrives at the true time of its last sample plus a delay that
is never negative. So arrival minus device time, over device time, lies on or above a straight
line: its slope is the drift between the clocks, its height the offset. The line that lies under
all points with the least sum of distances is the edge of their lower convex hull above the mean
abscissa (Moon, Skelly & Towsley, INFOCOM 1999; Zhang, Liu & Xia, INFOCOM 2002). It is fitted over
the least delay of every ten seconds of a sliding window.

The offset given out follows the line by at most 1 % of elapsed time: UTC along a boot never runs
backward, however the fit moves. The sole exception is a leap forward beyond `step_ns`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgcore.errors import StateError

_NS = 1_000_000_000
_RESIDUALS = 256


@dataclass(frozen=True, slots=True)
class ClockConfig:
    """Limits of the fit."""

    bucket_ns: int = 10 * _NS
    n_buckets: int = 120
    learning_ns: int = 120 * _NS
    """Below this span a slope would only measure the jitter of the delays."""
    max_slope: float = 2e-4
    """Two bad crystals; beyond it the delays, not the clocks, make the slope."""
    max_slew: float = 0.01
    step_ns: int = _NS
    """A fit that is wrong by more was made on another host or device time."""
    late_ns: int = 5 * _NS
    n_late: int = 30
    """So many arrivals in a row later than `late_ns` are no backlog: the host clock was set."""


@dataclass(slots=True)
class ClockState:
    """What is remembered over a restart of the gateway; plain data."""

    device_ns: int
    offset_ns: int
    """UTC minus device time as last given out."""
    slope: float
    """Growth of the offset over device time."""


@dataclass(slots=True)
class _Window:
    """Least offset of each bucket: (device time, offset), oldest first."""

    points: list[tuple[int, int]] = field(default_factory=list)

    def add(self, device_ns: int, offset_ns: int, config: ClockConfig) -> bool:
        """Take a point; tell whether the least offsets changed."""
        if self.points:
            newest_ns, least_ns = self.points[-1]
            if device_ns // config.bucket_ns == newest_ns // config.bucket_ns:
                if offset_ns < least_ns:
                    self.points[-1] = (device_ns, offset_ns)
                return offset_ns < least_ns
        self.points = [*self.points[1 - config.n_buckets :], (device_ns, offset_ns)]
        return True

    @property
    def span_ns(self) -> int:
        return self.points[-1][0] - self.points[0][0]


class DeviceClock:
    """Maps the device clock of one boot to UTC.

    Parameters
    ----------
    config : ClockConfig
    state : ClockState or None
        As stored by an earlier run; the mapping goes on from it without a step.
    """

    def __init__(self, config: ClockConfig, state: ClockState | None = None) -> None:
        self._config = config
        self.state = state
        self._window = _Window()
        self._line = (0, 0.0)
        self._n_late = 0
        self._residuals_ns: deque[int] = deque(maxlen=_RESIDUALS)
        self.n_resets = 0
        self.has_stepped = False
        """Whether the last push made UTC leap forward."""

    @property
    def drift_ppm(self) -> float | None:
        """Device clock against the host's, positive when fast; None while learning."""
        if not self._window.points or self._window.span_ns < self._config.learning_ns:
            return None
        return -1e6 * self._line[1]

    @property
    def residual_p95_ms(self) -> float | None:
        """95th percentile of recent delays beyond the shortest; None before the first."""
        if not self._residuals_ns:
            return None
        residuals_ns = sorted(self._residuals_ns)
        return residuals_ns[95 * len(residuals_ns) // 100] / 1e6

    def push(self, device_ns: int, arrival_ns: int) -> int:
        """Take a notification's last sample and arrival; give UTC minus device time there."""
        offset_ns = arrival_ns - device_ns
        if self._window.points and self._is_foreign(offset_ns - self._fitted_ns(device_ns)):
            self._window, self._n_late = _Window(), 0
            self.n_resets += 1
        if self._window.add(device_ns, offset_ns, self._config):
            self._line = self._fit()
        target_ns = self._fitted_ns(device_ns)
        self._residuals_ns.append(offset_ns - target_ns)
        return self._follow(device_ns, target_ns)

    def offset_ns(self, device_ns: int) -> int:
        """Give UTC minus device time at any time of the boot, as far as is known now.

        Raises
        ------
        StateError
            Before the first push.
        """
        if self.state is None:
            msg = "no arrival yet"
            raise StateError(msg)
        return self.state.offset_ns + round(self.state.slope * (device_ns - self.state.device_ns))

    def _is_foreign(self, residual_ns: int) -> bool:
        self._n_late = self._n_late + 1 if residual_ns > self._config.late_ns else 0
        return residual_ns < -self._config.step_ns or self._n_late > self._config.n_late

    def _fitted_ns(self, device_ns: int) -> int:
        height_ns, slope = self._line
        return height_ns + round(slope * (device_ns - self._window.points[0][0]))

    def _fit(self) -> tuple[int, float]:
        points = self._window.points
        origin_ns, base_ns = points[0]
        x_ns = [float(device_ns - origin_ns) for device_ns, _ in points]
        y_ns = [float(offset_ns - base_ns) for _, offset_ns in points]
        slope = self.state.slope if self.state else 0.0
        if self._window.span_ns >= self._config.learning_ns:
            limit = self._config.max_slope
            slope = min(max(_lower_slope(x_ns, y_ns), -limit), limit)
        height_ns = min(y - slope * x for x, y in zip(x_ns, y_ns, strict=True))
        return base_ns + round(height_ns), slope

    def _follow(self, device_ns: int, target_ns: int) -> int:
        slope = self._line[1]
        if self.state is None:
            self.state = ClockState(device_ns, target_ns, slope)
            return target_ns
        error_ns = target_ns - self.state.offset_ns
        reach_ns = round(self._config.max_slew * max(device_ns - self.state.device_ns, 0))
        self.has_stepped = error_ns > self._config.step_ns + reach_ns
        if not self.has_stepped:
            error_ns = min(max(error_ns, -reach_ns), reach_ns)
        self.state = ClockState(device_ns, self.state.offset_ns + error_ns, slope)
        return self.state.offset_ns


def _lower_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Give the slope of the lower hull's edge above the mean of `x` (ascending)."""
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1 and _turns_down(x, y, hull[-2], hull[-1], i):
            hull.pop()
        hull.append(i)
    mean = sum(x) / len(x)
    right = next(k for k in range(1, len(hull)) if x[hull[k]] >= mean)
    a, b = hull[right - 1], hull[right]
    return (y[b] - y[a]) / (x[b] - x[a])


def _turns_down(x: Sequence[float], y: Sequence[float], a: int, b: int, c: int) -> bool:
    return (y[b] - y[a]) * (x[c] - x[a]) >= (y[c] - y[a]) * (x[b] - x[a])
