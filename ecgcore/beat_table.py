"""The last beats as rows of numbers, for the compiled loops that judge rhythm.

One row a beat, the newest last: where it lies, its interval, what kind, its P wave, and the signal
before its QRS, where atrial activity is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatLabel
from ecgcore.history import History, HistoryState
from ecgcore.jit import compiled
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat, SignalSecond
from ecgcore.types import FloatArray, SampleIndex

PLACE = 0
"""Counter of the R peak, with its fraction."""
RR = 1
"""Interval that ends at the beat, s; NaN where there is none."""
KIND = 2
"""`NORMAL`, `SUPRAVENTRICULAR`, `VENTRICULAR` (F as well) or `PACED`."""
P = 3
"""Confidence of the P wave, 0 where there is none; NaN where the waves are not known."""
PR = 4
"""From the P peak to R, s; NaN where there is no P wave."""
R_MV = 5
SEGMENT = 6
"""From here on the signal before the QRS, mV; NaN where it is not known."""
N_SEGMENT = 15
N_COLUMNS = SEGMENT + N_SEGMENT
N_ROWS = 64

NORMAL, SUPRAVENTRICULAR, VENTRICULAR, PACED = 0.0, 1.0, 2.0, 3.0
_KINDS = {
    BeatLabel.NORMAL: NORMAL,
    BeatLabel.UNKNOWN: NORMAL,
    BeatLabel.SUPRAVENTRICULAR: SUPRAVENTRICULAR,
    BeatLabel.VENTRICULAR: VENTRICULAR,
    BeatLabel.FUSION: VENTRICULAR,
    BeatLabel.PACED: PACED,
}
# The segment ends before the QRS begins and reaches back over any P wave.
_FROM_S = 0.300
_CELL_S = 0.016
_HISTORY_S = 10.0
_WAITING = 64
_NOTHING = np.full(N_COLUMNS, np.nan)


@dataclass(slots=True)
class BeatTableState:
    """What is remembered."""

    rows: FloatArray = field(default_factory=lambda: np.empty((0, N_COLUMNS)))
    """The last `N_ROWS` beats that are no noise."""
    last_place: float | None = None
    history: HistoryState = field(default_factory=HistoryState)
    places: list[SampleIndex] = field(default_factory=list)
    segments: list[FloatArray] = field(default_factory=list)
    """Of the peaks that are named but not yet classified, at most 64."""


class BeatTable:
    """Keeps the rows; the signal of a beat is taken when its peak is named."""

    def __init__(self, fs_hz: float, state: BeatTableState | None = None) -> None:
        self.state = state or BeatTableState()
        self._fs_hz = fs_hz
        self._reach = math.ceil((_FROM_S + 0.01) * fs_hz)
        self._history = History(round(_HISTORY_S * fs_hz), self.state.history)

    def hear(self, second: SignalSecond) -> None:
        """Take the signal of a second and the peaks named in it."""
        self._history.push(second.start, second.ecg_mv[second.lead])
        for peak in second.peaks:
            self._keep(peak)

    def push(self, labelled: Sequence[LabelledBeat]) -> None:
        """Take beats that were classified; noise is none."""
        for beat in labelled:
            segment = self._segment(beat.peak.sample)
            if beat.label is not BeatLabel.NOISE:
                row = row_of(beat, self.state.last_place, segment, self._fs_hz)
                self.state.last_place = float(row[PLACE])
                self.state.rows = _with_row(self.state.rows, row)

    def recent_mv(self, length_s: float = _HISTORY_S) -> FloatArray:
        """Give the last signal, of at most `length_s`."""
        end = self._history.end
        return self._history.between(end - round(length_s * self._fs_hz), end)

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        state = self.state
        state.rows, state.last_place = np.empty((0, N_COLUMNS)), None
        state.places.clear()
        state.segments.clear()
        self._history.reset()

    def _keep(self, peak: RPeak) -> None:
        state = self.state
        first = peak.sample - self._reach
        if first < self._history.start or len(state.places) >= _WAITING:
            return
        ecg_mv = self._history.between(first, peak.sample)
        state.places.append(peak.sample)
        state.segments.append(segment_of(ecg_mv, self._reach, self._fs_hz))

    def _segment(self, sample: SampleIndex) -> FloatArray | None:
        state = self.state
        found = None
        while state.places and state.places[0] <= sample:
            place, segment = state.places.pop(0), state.segments.pop(0)
            found = segment if place == sample else None
        return found


def row_of(
    beat: LabelledBeat, last_place: float | None, segment: FloatArray | None, fs_hz: float
) -> FloatArray:
    """Put a beat into numbers, shape (N_COLUMNS,)."""
    row = _NOTHING.copy()
    place = beat.peak.sample + beat.peak.offset
    p = beat.waves.p
    row[PLACE] = place
    row[RR] = math.nan if last_place is None else (place - last_place) / fs_hz
    row[KIND] = _KINDS[beat.label]
    if beat.waves.qrs is not None:
        row[P] = 0.0 if p is None else p.confidence
    if p is not None:
        row[PR] = (place - p.peak) / fs_hz
    row[R_MV] = beat.peak.amplitude_mv
    if segment is not None:
        row[SEGMENT:] = segment
    return row


@compiled
def has_waves(rows: FloatArray, n: int) -> bool:
    """Tell whether the waves of any of the last `n` beats are known."""
    return bool(np.isfinite(rows[max(rows.shape[0] - n, 0) :, P]).any())


@compiled
def _with_row(rows: FloatArray, row: FloatArray) -> FloatArray:
    """Put a row behind the others; the oldest goes."""
    n_kept = min(rows.shape[0], N_ROWS - 1)
    found = np.empty((n_kept + 1, row.size))
    found[:n_kept] = rows[rows.shape[0] - n_kept :]
    found[n_kept] = row
    return found


@compiled
def segment_of(ecg_mv: FloatArray, at: int, fs_hz: float) -> FloatArray:
    """Give the mean signal of each cell before a QRS, shape (N_SEGMENT,).

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
        Signal around the beat.
    at : int
        Index of the R peak in it; the segment is NaN if it begins before the signal.
    """
    cells = np.empty(15)
    for k in range(15):
        first = int(np.floor(at - (_FROM_S - k * _CELL_S) * fs_hz))
        end = max(int(np.ceil(at - (_FROM_S - (k + 1) * _CELL_S) * fs_hz)), first + 1)
        cells[k] = ecg_mv[first:end].mean() if first >= 0 and end <= ecg_mv.size else np.nan
    return cells
