"""Whether some seconds of signal hold the even waves of atrial flutter between the QRS complexes.

What lies between two QRS complexes is compared with itself one, two and half an atrial cycle later.
Flutter waves (240 to 340/min) go on whatever the ventricles do: they repeat after one cycle and
after two, and stand upside down after half of one. T and P waves of another rhythm may lie a cycle
apart, but flat line follows them, and fibrillatory waves do not repeat for long. Between QRS
complexes that follow each other faster there is no room for two cycles more: a ratio of 2:1 or 3:1
alone cannot be told from T and P waves in one lead and is not named, nor a steady 4:1 above
260/min.
"""

from dataclasses import dataclass, field

import numpy as np

from ecgcore.jit import compiled
from ecgcore.limits import Count, Millivolts, Seconds, Share
from ecgcore.second import SignalSecond
from ecgcore.types import FloatArray, SampleIndex

CYCLE_S = (60.0 / 340.0, 60.0 / 240.0)
"""Of the atria in flutter (report.md 4.1)."""
_TRIED_S = (0.160, 0.270)
"""The cycle is a summit of the likeness, so more are tried than are taken."""
_AFTER_S = 0.10
_BEFORE_S = 0.06
"""What is QRS after an R peak and before the next."""
_CELL_S = 0.016
_LEAST_PEAKS = 4
_MOST_PEAKS = 64


@dataclass(frozen=True, slots=True)
class FlutterConfig:
    """Limits, measured on records of sinus rhythm, AF and flutter."""

    length_s: Seconds = 10.0
    """Stretch that is judged (report.md 4.1)."""
    enter: Share = 0.58
    leave: Share = 0.45
    """Likeness that it begins at and that it ends below."""
    compared_s: Seconds = 0.4
    """At least so much is compared over two cycles."""
    least_mv: Millivolts = 0.03
    """Root mean square of the waves; less is tremor or hum."""
    judgements: Count = 2
    """So many in a row make it."""


@dataclass(slots=True)
class FlutterState:
    """What is remembered."""

    peaks: list[SampleIndex] = field(default_factory=list)
    """The last R peaks, at most `_MOST_PEAKS`."""
    n_alike: int = 0
    """Judgements in a row that found it."""


class Flutter:
    """Follows the R peaks, and judges when it is asked to."""

    def __init__(
        self, config: FlutterConfig, fs_hz: float, state: FlutterState | None = None
    ) -> None:
        self.state = state or FlutterState()
        self.config = config
        self._fs_hz = fs_hz

    def hear(self, second: SignalSecond) -> None:
        """Take the peaks named in a second."""
        peaks = self.state.peaks
        for peak in second.peaks:
            peaks.append(peak.sample)
        del peaks[:-_MOST_PEAKS]

    def judge(self, ecg_mv: FloatArray, end: SampleIndex) -> None:
        """Look at the last samples, which end before `end`."""
        config, state = self.config, self.state
        rpeaks = np.array(state.peaks, np.float64) - (end - ecg_mv.size)
        limit = config.leave if self.is_there else config.enter
        likeness, cycle_s, size_mv, compared_s = sawtooth(
            ecg_mv, rpeaks[rpeaks >= 0.0], self._fs_hz, limit, config.compared_s
        )
        # Once it is there, a cycle somewhat out of its bounds ends nothing.
        in_bounds = self.is_there or CYCLE_S[0] <= cycle_s <= CYCLE_S[1]
        is_like = likeness >= limit and compared_s >= config.compared_s
        is_found = in_bounds and is_like and size_mv >= config.least_mv
        state.n_alike = min(state.n_alike + 1, config.judgements) if is_found else 0

    @property
    def is_there(self) -> bool:
        """Whether the last judgements agreed on it."""
        return self.state.n_alike >= self.config.judgements

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        self.state.peaks.clear()
        self.state.n_alike = 0


@compiled
def sawtooth(
    ecg_mv: FloatArray, rpeaks: FloatArray, fs_hz: float, least: float, compared_s: float
) -> tuple[float, float, float, float]:
    """Look for flutter waves.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
    rpeaks : FloatArray, shape (m,)
        Places in it, in order.
    least, compared_s : float
        Waves that repeat less well, or where not so much could be compared, are not looked at on.

    Returns
    -------
    tuple of float
        How well the waves repeat (1 exactly; the least of one, two and half a cycle), their cycle
        (s), their root mean square (mV), and how long a stretch was compared over two cycles (s);
        all 0 where there are none.
    """
    none = (0.0, 0.0, 0.0, 0.0)
    if rpeaks.size < _LEAST_PEAKS or _room_s(rpeaks, fs_hz) < compared_s:
        return none
    cell = max(int(_CELL_S * fs_hz), 1)
    x, total = np.empty(ecg_mv.size // cell), np.zeros(ecg_mv.size // cell + 1)
    for i in range(x.size):
        value = 0.0
        for k in range(i * cell, (i + 1) * cell):
            value += ecg_mv[k]
        x[i] = value / cell
        total[i + 1] = total[i] + x[i]
    cell_s, rpeaks = cell / fs_hz, rpeaks / cell
    low, high = int(_TRIED_S[0] / cell_s), int(_TRIED_S[1] / cell_s) + 1
    likeness = np.empty(high - low + 1)
    for lag in range(low, high + 1):
        waves = _freed(x, total, lag)
        likeness[lag - low], _, _ = _agreement(waves, rpeaks, cell_s, lag, lag)
    best = int(np.argmax(likeness))
    if best in (0, high - low) or likeness[best] < least:
        return none
    lag = low + best
    left, top, right = likeness[best - 1], likeness[best], likeness[best + 1]
    curve = left - 2.0 * top + right
    summit = 0.5 * (left - right) / curve if curve < 0.0 else 0.0
    waves = _freed(x, total, lag)
    _, size_mv, _ = _agreement(waves, rpeaks, cell_s, lag, lag)
    twice, _, n = _agreement(waves, rpeaks, cell_s, 2 * lag, lag)
    half, _, _ = _agreement(waves, rpeaks, cell_s, (lag + 1) // 2, lag)
    return min(top, twice, -half), (lag + summit) * cell_s, size_mv, n * cell_s


@compiled
def _room_s(rpeaks: FloatArray, fs_hz: float) -> float:
    """Give at most how long a stretch could be compared over two cycles."""
    room_s = 0.0
    for k in range(1, rpeaks.size):
        free_s = (rpeaks[k] - rpeaks[k - 1]) / fs_hz - (_AFTER_S + _BEFORE_S + 3.0 * CYCLE_S[0])
        room_s += max(free_s, 0.0)
    return room_s


@compiled
def _freed(x: FloatArray, total: FloatArray, cycle: int) -> FloatArray:
    """Free a signal, whose running total is given, of its mean over a cycle around each place."""
    waves = np.zeros(x.size)
    for i in range(x.size - cycle + 1):
        waves[i + cycle // 2] = x[i + cycle // 2] - (total[i + cycle] - total[i]) / cycle
    return waves


@compiled
def _agreement(
    waves: FloatArray, rpeaks: FloatArray, cell_s: float, lag: int, cycle: int
) -> tuple[float, float, int]:
    """Compare waves between QRS complexes with themselves `lag` cells later: -1 to 1."""
    product = energy = 0.0
    n_compared = 0
    for k in range(rpeaks.size - 1):
        first = int(rpeaks[k] + _AFTER_S / cell_s) + 1
        last = min(int(rpeaks[k + 1] - _BEFORE_S / cell_s), waves.size)
        n = last - first - cycle + 1 - lag
        if n <= 0 or first < 0:
            continue
        for i in range(first + cycle // 2, first + cycle // 2 + n):
            a, b = waves[i], waves[i + lag]
            product += 2.0 * a * b
            energy += a * a + b * b
        n_compared += n
    if energy <= 0.0:
        return 0.0, 0.0, 0
    return product / energy, np.sqrt(energy / (2.0 * n_compared)), n_compared
