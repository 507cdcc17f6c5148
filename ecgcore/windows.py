"""Tumbling windows: which stretches of signal are complete, and what they measured.

Window k of kind W covers the counters ``[k W, (k + 1) W)``, W whole seconds. It closes once no
beat of it can come any more: with the first beat after its end, with a gap that reaches its end,
or `late_s` after its end. Windows without a single sample do not exist.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.events import BeatClassified, BeatLabel, QualityReason, WindowClosed, WindowKind
from ecgcore.intervals import BeatIntervals
from ecgcore.omics import WindowSignal, measure_window
from ecgcore.quality import SecondScored
from ecgcore.types import SampleIndex

SECONDS = {WindowKind.S10: 10, WindowKind.S60: 60}


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """When windows close."""

    late_s: int
    """No beat is classified later than this after its peak."""


class TimedSecond(NamedTuple):
    """A second that was judged, with the device times of its ends."""

    scored: SecondScored
    start_ms: float
    end_ms: float


class WindowBeat(NamedTuple):
    """What a window keeps of a beat."""

    sample: SampleIndex
    rr_ms: float | None
    amplitude_mv: float
    is_normal: bool
    intervals: BeatIntervals


@dataclass(slots=True)
class WindowState:
    """What the open windows hold."""

    ends: dict[WindowKind, SampleIndex] = field(default_factory=dict)
    """End of the open window of each kind; absent until a second comes."""
    beats: list[WindowBeat] = field(default_factory=list)
    seconds: list[TimedSecond] = field(default_factory=list)


class WindowMeter:
    """Collects beats and judged seconds; closes and measures windows."""

    def __init__(
        self, config: WindowConfig, fs_hz: float, state: WindowState | None = None
    ) -> None:
        self.state = state or WindowState()
        self._sample_ms = 1e3 / fs_hz
        self._second = round(fs_hz)
        self._late = config.late_s * self._second

    def push_second(self, second: TimedSecond) -> list[WindowClosed]:
        """Take the next judged second."""
        for kind in SECONDS:
            if kind not in self.state.ends:
                length = self._length(kind)
                self.state.ends[kind] = (second.scored.start // length + 1) * length
        self.state.seconds.append(second)
        return self.close_before(second.scored.end - self._late)

    def push_beat(self, beat: BeatClassified, intervals: BeatIntervals) -> list[WindowClosed]:
        """Take the next beat: all windows that end at or before it are complete.

        What turned out to be noise is not counted.
        """
        closed = self.close_before(beat.sample)
        if beat.label is not BeatLabel.NOISE:
            is_normal = beat.label is BeatLabel.NORMAL
            amplitude_mv = beat.beat.amplitude_mv
            self.state.beats.append(
                WindowBeat(beat.sample, beat.rr_ms, amplitude_mv, is_normal, intervals)
            )
        return closed

    def push_gap(self, end: SampleIndex) -> list[WindowClosed]:
        """Close what ends inside a gap that reaches to `end`; forget windows wholly inside it."""
        closed = self.close_before(end)
        for kind in list(self.state.ends):
            if self.state.ends[kind] <= end:
                del self.state.ends[kind]
        return closed

    def close_before(self, end: SampleIndex) -> list[WindowClosed]:
        """Close the windows that end at or before `end`, earliest first, then shortest."""
        closed = []
        while due := [kind for kind in SECONDS if self._is_due(kind, end)]:
            kind = min(due, key=lambda kind: self.state.ends[kind])
            closed.append(self._close(kind))
        return closed

    def _length(self, kind: WindowKind) -> int:
        return SECONDS[kind] * self._second

    def _is_due(self, kind: WindowKind, limit: SampleIndex) -> bool:
        end = self.state.ends.get(kind, limit + 1)
        return end <= limit and bool(self._seconds_of(end - self._length(kind), end))

    def _seconds_of(self, start: SampleIndex, end: SampleIndex) -> list[TimedSecond]:
        return [s for s in self.state.seconds if start <= s.scored.start < end]

    def _close(self, kind: WindowKind) -> WindowClosed:
        end = self.state.ends[kind]
        start = end - self._length(kind)
        seconds = self._seconds_of(start, end)
        beats = [beat for beat in self.state.beats if start <= beat.sample < end]
        signal = self._signal(kind, seconds, beats)
        self.state.ends[kind] = end + self._length(kind)
        self._forget()
        first, last = seconds[0], seconds[-1]
        return WindowClosed(
            kind=kind,
            start=start,
            end=end,
            start_ms=first.start_ms - (first.scored.start - start) * self._sample_ms,
            end_ms=last.end_ms + (end - last.scored.end) * self._sample_ms,
            sqi=signal.sqi,
            coverage=signal.coverage,
            n_beats=len(beats),
            measurements=measure_window(signal),
            quality_reasons=_reasons(seconds),
        )

    def _signal(
        self, kind: WindowKind, seconds: list[TimedSecond], beats: list[WindowBeat]
    ) -> WindowSignal:
        scores = [second.scored for second in seconds]
        length = self._length(kind)
        return WindowSignal(
            duration_s=float(SECONDS[kind]),
            rr_ms=np.array([np.nan if b.rr_ms is None else b.rr_ms for b in beats], float),
            amplitude_mv=np.array([beat.amplitude_mv for beat in beats], float),
            is_normal_beat=np.array([beat.is_normal for beat in beats], bool),
            intervals=tuple(beat.intervals for beat in beats),
            noise_mv=np.array([score.noise_mv for score in scores], float),
            sqi=sum(score.sqi * (score.end - score.start) for score in scores) / length,
            coverage=sum(score.end - score.start for score in scores) / length,
        )

    def _forget(self) -> None:
        """Drop what lies before every open window."""
        oldest = min(end - self._length(kind) for kind, end in self.state.ends.items())
        self.state.beats = [beat for beat in self.state.beats if beat.sample >= oldest]
        self.state.seconds = [s for s in self.state.seconds if s.scored.start >= oldest]


def _reasons(seconds: list[TimedSecond]) -> tuple[QualityReason, ...]:
    """Give each reason once, the most frequent first."""
    named = [reason for second in seconds for reason in second.scored.reasons]
    return tuple(sorted(set(named), key=lambda reason: (-named.count(reason), reason)))
