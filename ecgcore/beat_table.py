"""The last beats as rows of numbers, for the compiled loops that judge rhythm.

One row a beat, the newest last: where it lies, its interval, what kind, its P wave, and the signal
before its QRS, where atrial activity is.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BeatLabel
from ecgcore.history import History, HistoryState
from ecgcore.jit import compiled
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
SAMPLE = 6
"""The sample nearest to the R peak."""
QRS_MS = 7
"""Width of the QRS; NaN where it is not known."""
IS_CERTAIN = 8
"""0 for a fusion or an unknown beat, whose kind is only the likeliest, else 1."""
SEGMENT = 9
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
_UNCERTAIN = (BeatLabel.FUSION, BeatLabel.UNKNOWN)
# The segment ends before the QRS begins and reaches back over any P wave.
_FROM_S = 0.300
_CELL_S = 0.016
_HISTORY_S = 10.0
_WAITING = 64
_NO_SEGMENT = np.full(N_SEGMENT, np.nan)


@dataclass(slots=True)
class BeatTableState:
    """What is remembered."""

    room: FloatArray = field(default_factory=lambda: np.zeros((N_ROWS, N_COLUMNS)))
    """The last beats that are no noise, in its last rows."""
    n_rows: int = 0
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

    @property
    def rows(self) -> FloatArray:
        """The last beats, shape (n, N_COLUMNS); read it at once, it is not a copy."""
        return self.state.room[N_ROWS - self.state.n_rows :]

    def hear(self, second: SignalSecond) -> None:
        """Take the signal of a second and the peaks named in it."""
        self._history.push(second.start, second.ecg_mv[second.lead])
        state, reach = self.state, self._reach
        for peak in second.peaks:
            before_mv = self._history.between(peak.sample - reach, peak.sample)
            if before_mv.size == reach and len(state.places) < _WAITING:
                state.places.append(peak.sample)
                state.segments.append(segment_of(before_mv, reach, self._fs_hz))

    def push(self, beat: LabelledBeat) -> None:
        """Take a beat that was classified; noise is none."""
        state, peak = self.state, beat.peak
        segment = self._segment(peak.sample)
        if beat.label is BeatLabel.NOISE:
            return
        place = peak.sample + peak.offset
        before = state.room[-1, PLACE] if state.n_rows else math.nan
        p, qrs = beat.waves.p, beat.waves.qrs
        own = (
            place,
            (place - before) / self._fs_hz,
            _KINDS[beat.label],
            math.nan if qrs is None else 0.0 if p is None else p.confidence,
            math.nan if p is None else (place - p.peak) / self._fs_hz,
            peak.amplitude_mv,
            peak.sample,
            math.nan if qrs is None else 1e3 / self._fs_hz * (qrs.offset - qrs.onset),
            beat.label not in _UNCERTAIN,
        )
        _put(state.room, np.array(own, np.float64), segment)
        state.n_rows = min(state.n_rows + 1, N_ROWS)

    def recent_mv(self, length_s: float = _HISTORY_S) -> FloatArray:
        """Give the last signal, of at most `length_s`."""
        end = self._history.end
        return self._history.between(end - round(length_s * self._fs_hz), end)

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        state = self.state
        state.n_rows = 0
        state.places.clear()
        state.segments.clear()
        self._history.reset()

    def _segment(self, sample: SampleIndex) -> FloatArray:
        state = self.state
        found = _NO_SEGMENT
        while state.places and state.places[0] <= sample:
            place, segment = state.places.pop(0), state.segments.pop(0)
            found = segment if place == sample else _NO_SEGMENT
        return found


@compiled
def has_waves(rows: FloatArray, n: int) -> bool:
    """Tell whether the waves of any of the last `n` beats are known."""
    return bool(np.isfinite(rows[max(rows.shape[0] - n, 0) :, P]).any())


@compiled
def _put(room: FloatArray, own: FloatArray, segment: FloatArray) -> None:
    """Put a row, made of its own columns and the segment, behind the others; the oldest goes."""
    for i in range(N_ROWS - 1):
        for k in range(N_COLUMNS):
            room[i, k] = room[i + 1, k]
    room[-1, :SEGMENT] = own
    room[-1, SEGMENT:] = segment


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
    cells = np.empty(N_SEGMENT)
    for k in range(N_SEGMENT):
        first = int(np.floor(at - (_FROM_S - k * _CELL_S) * fs_hz))
        end = max(int(np.ceil(at - (_FROM_S - (k + 1) * _CELL_S) * fs_hz)), first + 1)
        cells[k] = ecg_mv[first:end].mean() if first >= 0 and end <= ecg_mv.size else np.nan
    return cells
