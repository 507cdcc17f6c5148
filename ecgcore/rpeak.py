"""Incremental R-peak detector.

An unbroken run of samples goes through the compiled loop of `ecgcore.qrs`, which tells how beats
are found. This module gives that loop its parameters and turns its rows into `RPeak`. `RPeakBank`
takes the leads of a patient, or any streams of one clock, in one call.

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
from ecgcore import qrs_places as q
from ecgcore.limits import Factor, Seconds, Share
from ecgcore.models import load
from ecgcore.types import Float32Array, FloatArray, Int64Array, SampleIndex

_WAVELET_HZ, _WAVELET_SIGMA_S = 12.0, 0.035
_SEARCH_MS = 90.0
"""How far the peak may lie from the middle of the QRS."""
# The level before the QRS is taken this long before the peak: past the P wave, before the Q.
_LEVEL_FROM_MS, _LEVEL_TO_MS = 90.0, 50.0
# Half the stretch the parabola is fitted to; at least one sample on either side.
_PARABOLA_MS = 6.0
_N_ROWS = 64
_PIECE_S = 8.0
"""Of so long a piece the beats of a stream always fit into so many rows."""


_NONE: list[list[float]] = []


@dataclass(frozen=True, slots=True)
class RPeakConfig:
    """Parameters of the detector."""

    threshold: Share = 0.5
    """Probability from which a candidate is a beat."""
    searchback_threshold: Share = 0.15
    """Probability that is enough when a beat is overdue."""
    overdue: Factor = 1.66
    """Usual intervals without a beat until the search-back."""
    overdue_max_s: Seconds = 2.5


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
    """What the detector remembers; places in the rows are named in `ecgcore.qrs_places`."""

    is_running: bool = False
    start: SampleIndex = 0
    """First sample of the run."""
    memory: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    counts: Int64Array = field(default_factory=lambda: np.empty((0, 0), np.int64))
    """A row for each stream."""


class RPeakBank:
    """Finds R peaks (or the main downward wave where that is the tallest) in each of some streams.

    The streams know nothing of each other; together they cost less than one by one.
    """

    def __init__(
        self,
        config: RPeakConfig,
        fs_hz: float,
        n_streams: int,
        state: RPeakState | None = None,
    ) -> None:
        self.state = state or RPeakState()
        self._n_streams = n_streams
        self._net = _network()
        self._plan = plan_of(config, fs_hz)
        self._found = np.empty((_N_ROWS * n_streams, q.N_FOUND))
        self._piece_samples = round(_PIECE_S * fs_hz)
        step = fs_hz / q.CELL_HZ
        self._tail_samples = math.ceil((q.AFTER + 2) * step)
        self.delay_samples = math.ceil((q.AFTER + 1) * step) + 1 + int(self._plan[q.SEARCH])
        self.max_delay_samples = self.delay_samples + math.ceil(config.overdue_max_s * fs_hz)
        if not self.state.memory.size:
            memory, counts = fresh_memory(fs_hz)
            self.state.memory = np.tile(memory, (n_streams, 1))
            self.state.counts = np.tile(counts, (n_streams, 1))

    def push(self, start: SampleIndex, ecg_mv: FloatArray) -> list[list[RPeak]]:
        """Take the samples that follow, shape (n_streams, n_samples).

        Returns
        -------
        list of list of RPeak
            Of each stream the beats that are certain now.
        """
        peaks: list[list[RPeak]] = [[] for _ in range(self._n_streams)]
        for row in self.rows(start, ecg_mv):
            peaks[int(row[q.STREAM])].append(self.peak(row))
        return peaks

    def finish(self) -> list[list[RPeak]]:
        """End the run, as before a gap; what was learnt is kept."""
        state = self.state
        if not state.is_running:
            return [[] for _ in range(self._n_streams)]
        counts, memory = state.counts, state.memory
        n_samples = int(counts[0, q.N_IN])
        counts[:, q.END] = n_samples
        # What follows is taken to stay at the last value, so that the last beats can be judged.
        tail_mv = np.repeat(memory[:, q.VALUE, np.newaxis], self._tail_samples, axis=1)
        end = state.start + n_samples
        peaks = [
            [peak._replace(decided_at=min(peak.decided_at, end)) for peak in found]
            for found in self.push(end, tail_mv)
        ]
        state.is_running = False
        counts[:, : q.LAST_SAMPLE + 1] = 0
        counts[:, [q.HAS_LAST, q.QUIET, q.PREV]] = 0
        counts[:, q.END] = np.iinfo(np.int64).max
        memory[:, [q.KEPT_P, q.HAS_NOISE]] = 0.0
        memory[:, q.JUDGED_P : q.JUDGED_P + q.N_JUDGED] = 0.0
        return peaks

    def rows(self, start: SampleIndex, ecg_mv: FloatArray) -> list[list[float]]:
        """Do as `push`, and give the beats as rows whose places `ecgcore.qrs_places` names."""
        state = self.state
        if not state.is_running:
            state.is_running, state.start = True, start
        if ecg_mv.shape[1] <= self._piece_samples and ecg_mv.flags.carray:
            n_found = qrs.push(
                ecg_mv, state.memory, state.counts, self._plan, self._net, self._found
            )
            return self._found[:n_found].tolist() if n_found else _NONE
        rows = []
        for at in range(0, ecg_mv.shape[1], self._piece_samples):
            # One kind of array, lest the loop is compiled again for another.
            piece_mv = np.array(ecg_mv[:, at : at + self._piece_samples], np.float64, order="C")
            rows += self.rows(start + at, piece_mv)
        return rows

    def peak(self, row: list[float]) -> RPeak:
        """Give a row as an R peak."""
        start, (_, sample, offset, height_mv, p, decided) = self.state.start, row
        return RPeak(start + int(sample), offset, height_mv, p, start + int(decided))


class RPeakDetector:
    """Finds R peaks in one stream; a bank of one."""

    def __init__(self, config: RPeakConfig, fs_hz: float, state: RPeakState | None = None) -> None:
        self._bank = RPeakBank(config, fs_hz, 1, state)
        self.state = self._bank.state
        self.delay_samples = self._bank.delay_samples
        self.max_delay_samples = self._bank.max_delay_samples

    def push(self, start: SampleIndex, raw_mv: FloatArray) -> list[RPeak]:
        """Take the samples that follow, shape (n_samples,); give the beats that are certain now."""
        peak = self._bank.peak
        return [peak(row) for row in self._bank.rows(start, raw_mv[np.newaxis])]

    def finish(self) -> list[RPeak]:
        """End the run, as before a gap; what was learnt is kept."""
        return self._bank.finish()[0]


def plan_of(config: RPeakConfig, fs_hz: float) -> FloatArray:
    """Give the parameters of the compiled loop; places are named in `ecgcore.qrs_places`."""
    plan = np.zeros(q.N_PLAN)
    plan[q.STEP] = fs_hz / q.CELL_HZ
    for place, duration_ms in (
        (q.SEARCH, _SEARCH_MS),
        (q.LEVEL_FROM, _LEVEL_FROM_MS),
        (q.LEVEL_TO, _LEVEL_TO_MS),
        (q.PARABOLA, _PARABOLA_MS),
    ):
        plan[place] = max(int(duration_ms * 1e-3 * fs_hz), 1)
    plan[q.THRESHOLD], plan[q.BACK] = config.threshold, config.searchback_threshold
    plan[q.OVERDUE], plan[q.OVERDUE_MAX] = config.overdue, config.overdue_max_s * q.CELL_HZ
    plan[q.EVEN : q.EVEN + q.HALF + 1], plan[q.ODD : q.ODD + q.HALF + 1] = _wavelet()
    return plan


def fresh_memory(fs_hz: float) -> tuple[FloatArray, Int64Array]:
    """Give memory and counts of a detector that has seen nothing."""
    n_raw = math.ceil(2.0 * (q.PIECE + 56) * fs_hz / q.CELL_HZ) + 8
    counts = np.zeros(q.N_COUNTS, np.int64)
    counts[q.END] = np.iinfo(np.int64).max
    return np.zeros(q.RAW + n_raw), counts


def _wavelet() -> tuple[FloatArray, FloatArray]:
    """Give the right halves of a Morlet wavelet, even and odd part; the even one has no mean."""
    times_s = np.arange(q.HALF + 1) / q.CELL_HZ
    bell = np.exp(-0.5 * (times_s / _WAVELET_SIGMA_S) ** 2)
    bell /= bell[0] + 2.0 * bell[1:].sum()
    phase = 2.0 * np.pi * _WAVELET_HZ * times_s
    even = bell * np.cos(phase)
    even -= bell * (even[0] + 2.0 * even[1:].sum())
    return even, bell * np.sin(phase)


@cache
def _network() -> Float32Array:
    """Give all weights in a row."""
    arrays = load("rpeak")
    layers = [arrays[f"{kind}{i}"].ravel() for i in range(3) for kind in ("w", "b")]
    return np.concatenate(layers).astype(np.float32)
