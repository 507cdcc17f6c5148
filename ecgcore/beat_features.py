"""What a beat is compared with to be classified: its neighbours, and the shapes seen before.

A beat waits for the next few: the pause after it, and whether the rhythm goes on, tell as much as
what came before. All figures are relative to the patient's normal shape and usual interval
(`ecgcore.beat_shapes`), so gain and patient do not matter, and none depends on what beats were
called before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore import beat_intervals, beat_shapes
from ecgcore.history import History, HistoryState
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.types import FloatArray

FEATURES = (
    "before_near",
    "before_far",
    "before_slow",
    "after_near",
    "after_far",
    "before_last",
    "after_before",
    "both_near",
    "last_near",
    "last2_near",
    "after2_near",
    "after3_near",
    "before_longer_of_last",
    "shorter_after_before",
    "near_s",
    "near_far",
    "irregularity_near",
    "irregularity_far",
    "early_near",
    "early_far",
    "qrs_alike",
    "qrs_alike_2_before",
    "qrs_alike_1_before",
    "qrs_alike_1_after",
    "qrs_alike_2_after",
    "qrs_difference",
    "size_ratio",
    "width_100ms",
    "width_ratio",
    "shape_width_ratio",
    "normal_width_100ms",
    "area_ratio",
    "area_size",
    "steepness_ratio",
    "steepness_size",
    "shape_share",
    "shape_is_normal",
    "normal_share",
    "shape_alike",
    "shape_early",
    "same_share",
    "same_before",
    "same_after",
    "previous_alike",
    "next_alike",
    "p_alike",
    "p_difference",
    "p_difference_own",
    "p_size_normal",
    "p_size",
    "p_size_ratio",
    "t_alike",
    "t_difference",
    "st_level",
    "t_level",
    "before_slow_far",
    "slow_near_far",
    "spread_far",
    "spread_far_late",
    "spread_far_early",
    "spread_near",
    "after_slow",
    "near_slow",
)
_AHEAD = 5
_WAIT_S = 7.0
# A beat is named up to 8 s late, and delineated 2 s later; then what lies before it is looked at.
_KEPT_S = 10.5


@dataclass(slots=True)
class BeatFeaturesState:
    """What is remembered of the patient."""

    ecg_mv: HistoryState = field(default_factory=HistoryState)
    """The last seconds of the lead that beats are found in."""
    waiting: list[DelineatedBeat] = field(default_factory=list)
    """The last beats of those below that have not come out."""
    intervals: FloatArray = field(default_factory=beat_intervals.no_intervals)
    """Before the last beats."""
    shapes: FloatArray = field(default_factory=beat_shapes.no_shapes)
    """The shapes of beats, and the last few beats themselves."""
    last: float | None = None
    """Place of the last beat of this run, samples."""


class MeasuredBeat(NamedTuple):
    """A beat and what it was compared by."""

    beat: DelineatedBeat
    shape_id: int
    features: FloatArray


class BeatFeatures:
    """Measures each beat once the next ones are there, or some seconds later."""

    max_delay_s = math.ceil(_WAIT_S) + 1

    def __init__(self, fs_hz: float, state: BeatFeaturesState | None = None) -> None:
        self.state = state or BeatFeaturesState()
        self._fs_hz = fs_hz
        self._kept = math.ceil(_KEPT_S * fs_hz)
        self._ecg_mv = History(self._kept, self.state.ecg_mv)
        self._wait = math.ceil(_WAIT_S * fs_hz)

    def push(self, second: SignalSecond, beats: Sequence[DelineatedBeat]) -> list[MeasuredBeat]:
        """Take the next second and the beats that came with it."""
        history, waiting = self._ecg_mv, self.state.waiting
        history.push(second.start, second.ecg_mv[second.lead])
        found = self._take(beats)
        while waiting and waiting[0].peak.sample < history.end - self._wait:
            found.append(self._release())
        return found

    def finish(self, beats: Sequence[DelineatedBeat]) -> list[MeasuredBeat]:
        """End the run: the beats held come out, intervals end."""
        found = self._take(beats)
        while self.state.waiting:
            found.append(self._release())
        self._ecg_mv.reset()
        self.state.last = None
        return found

    def _take(self, beats: Sequence[DelineatedBeat]) -> list[MeasuredBeat]:
        found = []
        for beat in beats:
            self._hold(beat)
            if len(self.state.waiting) > _AHEAD:
                found.append(self._release())
        return found

    def _hold(self, beat: DelineatedBeat) -> None:
        state, peak = self.state, beat.peak
        sample, offset = peak.sample, peak.offset
        r = sample + offset
        rr_s = math.nan if state.last is None else (r - state.last) / self._fs_hz
        state.last = r
        early = beat_intervals.hold(state.intervals, rr_s)
        start = self._ecg_mv.start
        raw_mv = self._ecg_mv.between(start, start + self._kept)
        shape_id = beat_shapes.hold(
            state.shapes, raw_mv, sample - start, offset, self._fs_hz, early
        )
        state.intervals[beat_intervals.SHAPE, -1] = shape_id
        state.waiting.append(beat)

    def _release(self) -> MeasuredBeat:
        state = self.state
        back, features = len(state.waiting), np.empty(len(FEATURES))
        beat_intervals.compare(state.intervals, back, features)
        shape_id = beat_shapes.compare(state.shapes, back, features)
        return MeasuredBeat(state.waiting.pop(0), shape_id, features)
