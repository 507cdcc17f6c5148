"""From raw ECG to *bumps*: the places where a QRS complex may be.

Band-pass (the band of the QRS), slope, rectify, low-pass: the envelope rises once a QRS. A bump is
an envelope maximum that nothing within one refractory time on either side exceeds; it is known
that long after it. Around the signal that made it, the tallest deflections up and down are located
between samples.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecgcore.filters import Butterworth, ButterworthConfig, ButterworthState
from ecgcore.history import History, HistoryState
from ecgcore.jit import compiled
from ecgcore.noise import noise_rms_mv
from ecgcore.types import FloatArray, SampleIndex

Int64Array: TypeAlias = NDArray[np.int64]

# The level before the QRS is taken this long before the peak: past the P wave, before the Q.
_LEVEL_FROM_MS = 90.0
_LEVEL_TO_MS = 50.0
# Half the stretch the parabola is fitted to; at least one sample on either side.
_PARABOLA_MS = 6.0
_PIECE_MS = 600.0
_NOISE_BEFORE_MS = 600.0
_QRS_SIGMA_S = 0.012


@dataclass(frozen=True, slots=True)
class EnvelopeConfig:
    """Parameters of the envelope."""

    band_hz: tuple[float, float] = (6.0, 20.0)
    smooth_hz: float = 5.0
    refractory_ms: float = 200.0
    search_ms: float = 90.0
    """How far the peak may lie from where the bump says."""


class Deflection(NamedTuple):
    """A local extremum of the raw signal."""

    sample: SampleIndex
    offset: float
    """Where between samples it lies, -0.5 to 0.5."""
    prominence_mv: float
    """Height over the line through the ends of the stretch searched, never negative."""
    amplitude_mv: float
    """Signed height over the level before the QRS."""


class Bump(NamedTuple):
    """A place where a QRS may be."""

    at: SampleIndex
    """Where the envelope has its maximum; some 100 ms after the QRS."""
    height: float
    """Of the envelope, mV/s."""
    slope: float
    """Steepest slope of the band-passed signal, mV/s."""
    up: Deflection
    down: Deflection
    noise_mv: float
    """RMS of the noise in the second around it; NaN at the very start of a run."""


@dataclass(slots=True)
class EnvelopeState:
    """What the envelope remembers."""

    band: ButterworthState = field(default_factory=ButterworthState)
    smooth: ButterworthState = field(default_factory=ButterworthState)
    raw: HistoryState = field(default_factory=HistoryState)
    steepness: HistoryState = field(default_factory=HistoryState)
    last_band_mv: float = 0.0
    last_height: float = 0.0
    is_rising: bool = False
    top: float = 0.0
    top_at: SampleIndex = 0


class QrsEnvelope:
    """Finds bumps in a run of samples."""

    def __init__(
        self, config: EnvelopeConfig, fs_hz: float, state: EnvelopeState | None = None
    ) -> None:
        self.state = state or EnvelopeState()
        self._fs_hz = fs_hz
        self._band = Butterworth(
            ButterworthConfig(fs_hz, "bandpass", config.band_hz), self.state.band
        )
        self._smooth = Butterworth(
            ButterworthConfig(fs_hz, "lowpass", (config.smooth_hz,)), self.state.smooth
        )
        self.refractory_samples = self._samples(config.refractory_ms)
        self._search_samples = self._samples(config.search_ms)
        self._level_from = self._samples(_LEVEL_FROM_MS)
        self._level_to = self._samples(_LEVEL_TO_MS)
        self._parabola_samples = max(self._samples(_PARABOLA_MS), 1)
        self._noise_samples = self._samples(_NOISE_BEFORE_MS)
        self._lag_samples = self._measured_lag()
        reach = self._lag_samples + max(
            self._search_samples + self._level_from, self._noise_samples
        )
        # A bump may become certain with the first sample of a piece and is then looked at with
        # its last.
        self._piece_samples = self._samples(_PIECE_MS)
        n_history = self.refractory_samples + self._piece_samples + reach + 2
        self._raw = History(n_history, self.state.raw)
        self._steepness = History(n_history, self.state.steepness)
        self.delay_samples = self.refractory_samples + 1 + self._lag_samples + self._search_samples
        """A bump is known at most so many samples after its peak."""

    @property
    def end(self) -> SampleIndex:
        """Index after the last sample seen."""
        return self._raw.end

    def push(self, start: SampleIndex, raw_mv: FloatArray) -> list[Bump]:
        """Take the samples that follow; give the bumps that are certain now.

        A bump is certain `refractory_samples` after `Bump.at`. Long stretches are worked off piece
        by piece, so that the history stays short.
        """
        bumps = []
        for at in range(0, raw_mv.size, self._piece_samples):
            bumps += self._push_piece(start + at, raw_mv[at : at + self._piece_samples])
        return bumps

    def finish(self) -> list[Bump]:
        """End the run, as before a gap: give a bump that nothing has overtaken, forget the rest."""
        state = self.state
        has_fallen = state.is_rising and state.top_at < self._raw.end - 1
        bumps = [self._bump(state.top_at, state.top)] if has_fallen else []
        for stage in (self._band, self._smooth, self._raw, self._steepness):
            stage.reset()
        state.last_band_mv = state.last_height = state.top = 0.0
        state.is_rising = False
        return bumps

    def _push_piece(self, start: SampleIndex, raw_mv: FloatArray) -> list[Bump]:
        state = self.state
        band_mv = self._band.push(raw_mv)
        steepness = _steepness(band_mv, state.last_band_mv, self._fs_hz)
        state.last_band_mv = float(band_mv[-1])
        self._raw.push(start, raw_mv)
        self._steepness.push(start, steepness)
        tops, heights, state.last_height, state.is_rising, state.top, state.top_at = _pick_tops(
            self._smooth.push(steepness),
            start,
            self.refractory_samples,
            state.last_height,
            state.is_rising,
            state.top,
            state.top_at,
        )
        return [
            self._bump(at, height)
            for at, height in zip(tops.tolist(), heights.tolist(), strict=True)
        ]

    def _bump(self, at: SampleIndex, height: float) -> Bump:
        centre = at - self._lag_samples
        raw_mv = self._raw.between(
            centre - self._search_samples - self._level_from, centre + self._search_samples + 1
        )
        end = min(centre + self._search_samples + 1, self._raw.end)
        steepness = self._steepness.between(at - self._lag_samples, at + 1)
        up, down = (self._deflection(raw_mv, end, sign) for sign in (1.0, -1.0))
        around_mv = self._raw.between(centre - self._noise_samples, at + self.refractory_samples)
        noise_mv = noise_rms_mv(around_mv, self._fs_hz)
        return Bump(at, height, float(steepness.max()), up, down, noise_mv)

    def _deflection(self, raw_mv: FloatArray, end: SampleIndex, sign: float) -> Deflection:
        first = max(raw_mv.size - 2 * self._search_samples - 1, 0)
        index, prominence_mv = _highest(raw_mv, first, sign)
        offset, top_mv = _parabola_top(raw_mv, index, sign, self._parabola_samples)
        level_mv = _median(raw_mv, index - self._level_from, index - self._level_to)
        sample = end - raw_mv.size + index
        return Deflection(sample, offset, prominence_mv, top_mv - level_mv)

    def _samples(self, duration_ms: float) -> int:
        return round(duration_ms * 1e-3 * self._fs_hz)

    def _measured_lag(self) -> int:
        """Send a narrow QRS through fresh filters and see where the envelope peaks."""
        n_samples = round(self._fs_hz)
        at = n_samples // 2
        seconds = (np.arange(n_samples) - at) / self._fs_hz
        qrs = np.exp(-0.5 * (seconds / _QRS_SIGMA_S) ** 2)
        band = Butterworth(self._band.config).push(qrs)
        height = Butterworth(self._smooth.config).push(np.abs(np.diff(band)))
        return int(np.argmax(height)) + 1 - at


@compiled
def _pick_tops(
    heights: FloatArray,
    start: int,
    refractory: int,
    last: float,
    is_rising: bool,
    top: float,
    top_at: int,
) -> tuple[Int64Array, FloatArray, float, bool, float, int]:
    """Give the maxima that stood for `refractory` samples, and the search's state after them."""
    places = np.empty(heights.size, np.int64)
    values = np.empty(heights.size)
    n_found = 0
    for i in range(heights.size):
        height = heights[i]
        if is_rising:
            if height > top:
                top, top_at = height, start + i
            elif start + i - top_at >= refractory:
                places[n_found], values[n_found] = top_at, top
                n_found += 1
                is_rising = False
        elif height > last:
            is_rising, top, top_at = True, height, start + i
        last = height
    return places[:n_found], values[:n_found], last, is_rising, top, top_at


@compiled
def _steepness(band_mv: FloatArray, last_mv: float, fs_hz: float) -> FloatArray:
    """Give the absolute slope at each sample, mV/s."""
    steepness = np.empty(band_mv.size)
    for i in range(band_mv.size):
        steepness[i] = abs(band_mv[i] - last_mv) * fs_hz
        last_mv = band_mv[i]
    return steepness


@compiled
def _highest(raw_mv: FloatArray, first: int, sign: float) -> tuple[int, float]:
    """Give the index with the highest sign * raw over the line through the ends of raw[first:]."""
    last = raw_mv.size - 1
    rise = (raw_mv[last] - raw_mv[first]) / max(last - first, 1)
    best, prominence = first, 0.0
    for i in range(first, last + 1):
        height = sign * (raw_mv[i] - raw_mv[first] - rise * (i - first))
        if height > prominence:
            best, prominence = i, height
    return best, prominence


@compiled
def _parabola_top(
    raw_mv: FloatArray, index: int, sign: float, half_width: int
) -> tuple[float, float]:
    """Give offset (-0.5 to 0.5) and value of the top of a least-squares parabola around `index`."""
    w = min(half_width, index, raw_mv.size - 1 - index)
    s2 = s4 = y0 = y1 = y2 = 0.0
    for k in range(-w, w + 1):
        y = raw_mv[index + k]
        s2 += k * k
        s4 += k**4
        y0 += y
        y1 += k * y
        y2 += k * k * y
    n = 2 * w + 1
    bend = (n * y2 - s2 * y0) / (n * s4 - s2 * s2) if w else 0.0
    if sign * bend >= 0.0:
        return 0.0, raw_mv[index]
    tilt = y1 / s2
    offset = min(max(-tilt / (2.0 * bend), -0.5), 0.5)
    return offset, (y0 - bend * s2) / n + (tilt + bend * offset) * offset


@compiled
def _median(raw_mv: FloatArray, start: int, end: int) -> float:
    """Give the median of raw[start:end], of the first sample where that lies before the run."""
    return float(np.median(raw_mv[max(start, 0) : max(end, 1)]))
