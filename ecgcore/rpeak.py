"""Incremental R-peak detector.

An unbroken run of samples goes through the compiled loop of `ecgcore.qrs`, which tells how beats
are found. This module gives that loop its parameters and turns its rows into `RPeak`.

Invariants: beats come in order, more than 100 ms apart; a beat is named at most `delay_samples`
after its peak, or `max_delay_samples` when search-back found it. A gap ends the run; the levels,
shapes and the rhythm of the beats before outlive it. Nothing has to be learnt first: the first
beat of a stream is found like any other.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from ecgcore import qrs
from ecgcore.models import load
from ecgcore.types import FloatArray, SampleIndex

_WAVELET_HZ, _WAVELET_SIGMA_S = 12.0, 0.035
_SEARCH_MS = 90.0
"""How far the peak may lie from the middle of the QRS."""
# The level before the QRS is taken this long before the peak: past the P wave, before the Q.
_LEVEL_FROM_MS, _LEVEL_TO_MS = 90.0, 50.0
# Half the stretch the parabola is fitted to; at least one sample on either side.
_PARABOLA_MS = 6.0
_N_ROWS = 64
_PIECE_S = 8.0
"""Of so long a piece the beats always fit into the rows."""


@dataclass(frozen=True, slots=True)
class RPeakConfig:
    """Parameters of the detector."""

    threshold: float = 0.5
    """Probability from which a candidate is a beat."""
    searchback_threshold: float = 0.15
    """Probability that is enough when a beat is overdue."""
    overdue: float = 1.66
    """Usual intervals without a beat until the search-back."""
    overdue_max_s: float = 2.5


class RPeak(NamedTuple):
    """One QRS, located."""

    sample: SampleIndex
    offset: float
    """Where between samples the peak lies, -0.5 to 0.5."""
    amplitude_mv: float
    """Signed height over the level just before the QRS."""
    confidence: float
    """0 to 1."""
    decided_at: SampleIndex
    """Count of samples that had come when it was named."""


@dataclass(slots=True)
class RPeakState:
    """What the detector remembers; places in the arrays are named in `ecgcore.qrs`."""

    is_running: bool = False
    start: SampleIndex = 0
    """First sample of the run."""
    memory: FloatArray = field(default_factory=lambda: np.empty(0))
    counts: qrs.Int64Array = field(default_factory=lambda: np.empty(0, np.int64))


class RPeakDetector:
    """Finds R peaks (or the main downward wave where that is the tallest)."""

    def __init__(
        self,
        config: RPeakConfig,
        fs_hz: float,
        state: RPeakState | None = None,
    ) -> None:
        self.state = state or RPeakState()
        self._net = _network()
        self._plan = plan_of(config, fs_hz)
        self._found = np.empty((_N_ROWS, qrs.N_FOUND))
        # Reads a number faster than an array does.
        self._rows = self._found.ravel().data
        self._piece_samples = round(_PIECE_S * fs_hz)
        step = fs_hz / qrs.CELL_HZ
        self._tail_samples = math.ceil((qrs.AFTER + 2) * step)
        self.delay_samples = math.ceil((qrs.AFTER + 1) * step) + 1 + int(self._plan[qrs.SEARCH])
        self.max_delay_samples = self.delay_samples + math.ceil(config.overdue_max_s * fs_hz)
        if not self.state.memory.size:
            self.state.memory, self.state.counts = fresh_memory(fs_hz)

    def push(self, start: SampleIndex, raw_mv: FloatArray) -> list[RPeak]:
        """Take the samples that follow, shape (n_samples,); give the beats that are certain now."""
        state = self.state
        if not state.is_running:
            state.is_running, state.start = True, start
        if raw_mv.size <= self._piece_samples and raw_mv.flags.carray:
            n_found = qrs.push(
                raw_mv, state.memory, state.counts, self._plan, self._net, self._found
            )
            return self._peaks(n_found) if n_found else []
        # One kind of array, lest the loop is compiled again for another.
        raw_mv = np.array(raw_mv, np.float64, order="C")
        peaks: list[RPeak] = []
        for at in range(0, raw_mv.size, self._piece_samples):
            peaks += self.push(start + at, raw_mv[at : at + self._piece_samples])
        return peaks

    def finish(self) -> list[RPeak]:
        """End the run, as before a gap; what was learnt is kept."""
        state = self.state
        if not state.is_running:
            return []
        counts, n_samples = state.counts, int(state.counts[qrs.N_IN])
        counts[qrs.END] = n_samples
        # What follows is taken to stay at the last value, so that the last beats can be judged.
        tail = np.full(self._tail_samples, state.memory[qrs.VALUE])
        end = state.start + n_samples
        peaks = [
            peak._replace(decided_at=min(peak.decided_at, end)) for peak in self.push(end, tail)
        ]
        state.is_running = False
        counts[: qrs.LAST_SAMPLE + 1] = 0
        counts[[qrs.HAS_LAST, qrs.QUIET, qrs.PREV]] = 0
        counts[qrs.END] = np.iinfo(np.int64).max
        state.memory[[qrs.KEPT_P, qrs.HAS_NOISE]] = 0.0
        state.memory[qrs.JUDGED_P : qrs.JUDGED_P + qrs.N_JUDGED] = 0.0
        return peaks

    def _peaks(self, n_found: int) -> list[RPeak]:
        start, rows = self.state.start, self._rows
        return [
            RPeak(
                start + int(rows[i]),
                rows[i + 1],
                rows[i + 2],
                rows[i + 3],
                start + int(rows[i + 4]),
            )
            for i in range(0, n_found * qrs.N_FOUND, qrs.N_FOUND)
        ]


def plan_of(config: RPeakConfig, fs_hz: float) -> FloatArray:
    """Give the parameters of the compiled loop; places are named in `ecgcore.qrs`."""
    plan = np.zeros(qrs.N_PLAN)
    plan[qrs.STEP] = fs_hz / qrs.CELL_HZ
    for place, duration_ms in (
        (qrs.SEARCH, _SEARCH_MS),
        (qrs.LEVEL_FROM, _LEVEL_FROM_MS),
        (qrs.LEVEL_TO, _LEVEL_TO_MS),
        (qrs.PARABOLA, _PARABOLA_MS),
    ):
        plan[place] = max(int(duration_ms * 1e-3 * fs_hz), 1)
    plan[qrs.THRESHOLD], plan[qrs.BACK] = config.threshold, config.searchback_threshold
    plan[qrs.OVERDUE], plan[qrs.OVERDUE_MAX] = config.overdue, config.overdue_max_s * qrs.CELL_HZ
    plan[qrs.EVEN : qrs.EVEN + qrs.HALF + 1], plan[qrs.ODD : qrs.ODD + qrs.HALF + 1] = _wavelet()
    return plan


def fresh_memory(fs_hz: float) -> tuple[FloatArray, qrs.Int64Array]:
    """Give memory and counts of a detector that has seen nothing."""
    n_raw = math.ceil(2.0 * (qrs.PIECE + 56) * fs_hz / qrs.CELL_HZ) + 8
    counts = np.zeros(qrs.N_COUNTS, np.int64)
    counts[qrs.END] = np.iinfo(np.int64).max
    return np.zeros(qrs.RAW + n_raw), counts


def _wavelet() -> tuple[FloatArray, FloatArray]:
    """Give the right halves of a Morlet wavelet, even and odd part; the even one has no mean."""
    times_s = np.arange(qrs.HALF + 1) / qrs.CELL_HZ
    bell = np.exp(-0.5 * (times_s / _WAVELET_SIGMA_S) ** 2)
    bell /= bell[0] + 2.0 * bell[1:].sum()
    phase = 2.0 * np.pi * _WAVELET_HZ * times_s
    even = bell * np.cos(phase)
    even -= bell * (even[0] + 2.0 * even[1:].sum())
    return even, bell * np.sin(phase)


@cache
def _network() -> qrs.Float32Array:
    """Give all weights in a row."""
    arrays = load("rpeak")
    layers = [arrays[f"{kind}{i}"].ravel() for i in range(3) for kind in ("w", "b")]
    return np.concatenate(layers).astype(np.float32)
