"""What a beat is compared with to be classified: its neighbours, and the shapes seen before.

Each beat is cut out on a 125 Hz grid around its R peak and joined to the shape it is most alike
(mean of its beats so far); shapes are few and old ones fade. The patient's *normal* shape is the
one with most beats among those that do not come early. All figures are relative to it, so gain,
lead and patient do not matter, and none depends on what beats were called before.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.jit import compiled
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray, SampleIndex

GRID_HZ = 125.0
_FROM_S = -0.28
_N_GRID = 80
# P wave, QRS and T wave on the grid.
_P, _QRS, _T = slice(0, 24), slice(24, 50), slice(50, 80)
FEATURES = (
    "rr_before_usual",
    "rr_after_usual",
    "rr_before_previous",
    "rr_after_before",
    "rr_usual_s",
    "rr_irregularity",
    "rr_before_mean",
    "rr_after_mean",
    "qrs_correlation",
    "qrs_residual",
    "amplitude_ratio",
    "width_ratio",
    "width_100ms",
    "area_ratio",
    "shape_share",
    "shape_is_normal",
    "shape_rr",
    "previous_correlation",
    "next_correlation",
    "has_p",
    "pr_ratio",
    "p_correlation",
    "t_correlation",
    "t_sign",
)


@dataclass(slots=True)
class Shape:
    """Beats alike so far."""

    id: int
    mean: FloatArray
    """shape (80,), mV"""
    weight: float
    """Beats, old ones fading."""
    rr: float
    """Mean of the interval before over the usual one."""
    width_ms: float
    pr_ms: float


@dataclass(slots=True)
class HeldBeat:
    """A beat that waits for the next one."""

    beat: DelineatedBeat
    grid_mv: FloatArray
    shape_id: int
    rr_before: float
    """Samples; NaN for the first of a run."""


@dataclass(slots=True)
class BeatFeaturesState:
    """What is remembered of the patient."""

    ecg_mv: FloatArray = field(default_factory=lambda: np.empty(0))
    """First lead."""
    end: SampleIndex = 0
    held: HeldBeat | None = None
    previous: FloatArray = field(default_factory=lambda: np.zeros(_N_GRID))
    rr: list[float] = field(default_factory=list)
    """The last intervals, samples."""
    usual: list[float] = field(default_factory=list)
    """The last intervals that came on time."""
    shapes: list[Shape] = field(default_factory=list)
    next_id: int = 0


class BeatFeatures:
    """Measures each beat once the next one is there."""

    def __init__(self, fs_hz: float, state: BeatFeaturesState | None = None) -> None:
        self.state = state or BeatFeaturesState()
        self._fs_hz = fs_hz
        self._kept = math.ceil(10.0 * fs_hz)
        self._wait = math.ceil(2.0 * fs_hz)

    def push(
        self, second: SignalSecond, beats: list[DelineatedBeat]
    ) -> list[tuple[HeldBeat, FloatArray]]:
        """Take the next second and the beats that came with it."""
        state = self.state
        if second.ecg_mv.shape[1]:
            state.ecg_mv = np.concatenate((state.ecg_mv, second.ecg_mv[0]))[-self._kept :]
        state.end = second.end
        found = self._take(beats)
        if state.held is not None and state.end - state.held.beat.peak.sample > 2 * self._wait:
            found += self._release(None)
        return found

    def finish(self, beats: list[DelineatedBeat]) -> list[tuple[HeldBeat, FloatArray]]:
        """End the run: the beat held comes out, intervals end."""
        found = [*self._take(beats), *self._release(None)]
        self.state.ecg_mv = np.empty(0)
        self.state.rr.clear()
        return found

    def _take(self, beats: list[DelineatedBeat]) -> list[tuple[HeldBeat, FloatArray]]:
        found: list[tuple[HeldBeat, FloatArray]] = []
        for beat in beats:
            held = self._held(beat)
            found += self._release(held)
            self.state.held = held
        return found

    def _held(self, beat: DelineatedBeat) -> HeldBeat:
        state = self.state
        r = beat.peak.sample + beat.peak.offset
        before = state.held
        rr = math.nan if before is None else r - _place(before)
        oldest = state.end - state.ecg_mv.size
        grid_mv = _on_grid(state.ecg_mv, r - oldest, self._fs_hz)
        shape = self._shape_of(grid_mv, beat, rr)
        if not math.isnan(rr):
            state.rr = [*state.rr[-39:], rr]
            usual = self._usual()
            if not state.usual or 0.8 * usual < rr < 1.3 * usual or len(state.usual) < 3:
                state.usual = [*state.usual[-11:], rr]
            elif len(state.rr) >= 5 and abs(float(np.median(state.rr[-5:])) / usual - 1) > 0.2:
                # The rhythm has changed for good.
                state.usual = list(state.rr[-5:])
        return HeldBeat(beat, grid_mv, shape.id, rr)

    def _usual(self) -> float:
        return float(np.median(self.state.usual)) if self.state.usual else self._fs_hz * 0.8

    def _shape_of(self, grid_mv: FloatArray, beat: DelineatedBeat, rr: float) -> Shape:
        """Find or found the shape of a beat, and let it learn."""
        state = self.state
        alike = [_correlation(shape.mean[_QRS], grid_mv[_QRS]) for shape in state.shapes]
        for shape in state.shapes:
            shape.weight *= 0.995
        ratio = 1.0 if math.isnan(rr) else min(rr / self._usual(), 2.0)
        qrs, p = beat.waves.qrs, beat.waves.p
        ms = 1e3 / self._fs_hz
        width_ms = 100.0 if qrs is None else (qrs.offset - qrs.onset) * ms
        pr_ms = math.nan if p is None or qrs is None else (qrs.onset - p.onset) * ms
        best = int(np.argmax(alike)) if alike else -1
        if best < 0 or alike[best] < 0.88 or not 0.5 < _size(grid_mv, state.shapes[best].mean) < 2:
            state.shapes.sort(key=lambda each: -each.weight)
            del state.shapes[7:]
            shape = Shape(state.next_id, grid_mv, 1.0, ratio, width_ms, pr_ms)
            state.next_id += 1
            state.shapes.append(shape)
            return shape
        shape = state.shapes[best]
        shape.weight += 1.0
        share = max(1.0 / shape.weight, 0.06)
        shape.mean = shape.mean + share * (grid_mv - shape.mean)
        shape.rr += share * (ratio - shape.rr)
        shape.width_ms += share * (width_ms - shape.width_ms)
        if not math.isnan(pr_ms):
            known = shape.pr_ms if not math.isnan(shape.pr_ms) else pr_ms
            shape.pr_ms = known + share * (pr_ms - known)
        return shape

    def _release(self, following: HeldBeat | None) -> list[tuple[HeldBeat, FloatArray]]:
        state = self.state
        held, state.held = state.held, None
        if held is None:
            return []
        features = self._features(held, following)
        state.previous = held.grid_mv
        return [(held, features)]

    def _features(self, held: HeldBeat, following: HeldBeat | None) -> FloatArray:
        state = self.state
        usual = self._usual()
        before = usual if math.isnan(held.rr_before) else held.rr_before
        after = usual if following is None else _place(following) - _place(held)
        # The interval after has been remembered already.
        past = state.rr[: -1 if following is not None else None]
        previous = past[-2] if len(past) >= 2 else usual
        steps = np.abs(np.diff(state.rr[-12:])) if len(state.rr) > 3 else np.zeros(1)
        mean = float(np.mean(state.rr)) if state.rr else usual
        normal = max(state.shapes, key=lambda s: s.weight * (1.0 if s.rr > 0.88 else 0.3))
        shape = next((s for s in state.shapes if s.id == held.shape_id), normal)
        grid_mv, qrs = held.grid_mv, held.beat.waves.qrs
        p, t = held.beat.waves.p, held.beat.waves.t
        ms = 1e3 / self._fs_hz
        width_ms = 100.0 if qrs is None else (qrs.offset - qrs.onset) * ms
        pr_ms = math.nan if p is None or qrs is None else (qrs.onset - p.onset) * ms
        correlation = _correlation(normal.mean[_QRS], grid_mv[_QRS])
        total = sum(s.weight for s in state.shapes)
        values = (
            before / usual,
            after / usual,
            before / previous,
            after / before,
            usual / self._fs_hz,
            float(np.median(steps)) / usual,
            before / mean,
            after / mean,
            correlation,
            _residual(normal.mean[_QRS], grid_mv[_QRS]),
            _size(grid_mv, normal.mean),
            width_ms / max(normal.width_ms, 40.0),
            width_ms / 100.0,
            _area(grid_mv) / max(_area(normal.mean), 1e-6),
            shape.weight / total,
            float(shape.id == normal.id),
            shape.rr,
            _correlation(state.previous[_QRS], grid_mv[_QRS]),
            1.0 if following is None else _correlation(following.grid_mv[_QRS], grid_mv[_QRS]),
            0.0 if p is None else p.confidence,
            1.0 if math.isnan(pr_ms) or math.isnan(normal.pr_ms) else pr_ms / max(normal.pr_ms, 60),
            _correlation(normal.mean[_P], grid_mv[_P]),
            _correlation(normal.mean[_T], grid_mv[_T]),
            0.0 if t is None else math.copysign(1.0, t.amplitude_mv * normal.mean[_T].mean()),
        )
        return np.asarray(np.clip(values, -5.0, 5.0))


def _place(held: HeldBeat) -> float:
    return held.beat.peak.sample + held.beat.peak.offset


@compiled
def _on_grid(raw_mv: FloatArray, r: float, fs_hz: float) -> FloatArray:
    """Cut out a beat on the grid, smoothed over one grid step, its mean removed; shape (80,)."""
    grid = np.zeros(_N_GRID)
    half = max(round(0.5 * fs_hz / GRID_HZ), 1)
    if raw_mv.size < 2:
        return grid
    for k in range(_N_GRID):
        at = r + (_FROM_S + k / GRID_HZ) * fs_hz
        low = math.floor(at)
        share = at - low
        total = 0.0
        for j in range(-half, half + 1):
            a = min(max(low + j, 0), raw_mv.size - 1)
            b = min(max(low + j + 1, 0), raw_mv.size - 1)
            total += (1.0 - share) * raw_mv[a] + share * raw_mv[b]
        grid[k] = total / (2 * half + 1)
    return grid - np.mean(grid)


@compiled
def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Give the best correlation over shifts of up to two grid steps."""
    best = -1.0
    n = a.size
    for shift in range(-2, 3):
        low, high = max(0, shift), min(n, n + shift)
        x, y = a[low:high], b[low - shift : high - shift]
        x = x - np.mean(x)
        y = y - np.mean(y)
        power = math.sqrt(np.sum(x * x) * np.sum(y * y))
        if power > 0.0:
            best = max(best, np.sum(x * y) / power)
    return best


@compiled
def _residual(normal: FloatArray, beat: FloatArray) -> float:
    """Give the power of the difference to the normal shape over that shape's."""
    x = normal - np.mean(normal)
    y = beat - np.mean(beat)
    return float(min(np.sum((x - y) ** 2) / max(np.sum(x * x), 1e-12), 5.0))


def _size(beat: FloatArray, normal: FloatArray) -> float:
    return float(np.ptp(beat[_QRS])) / max(float(np.ptp(normal[_QRS])), 1e-6)


def _area(grid_mv: FloatArray) -> float:
    qrs = grid_mv[_QRS]
    return float(np.abs(qrs - np.median(qrs)).sum())
