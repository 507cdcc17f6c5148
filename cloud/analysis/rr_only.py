"""Rhythm from beats alone, for archives that keep no signal."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ecgcore.events import BeatLabel, BeatWaves, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.rhythm import RhythmConfig, RhythmTracker
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat, SignalSecond

Stretch = tuple[float, float, RhythmLabel, float]
"""Start and end in seconds, what it is, and how sure that is."""
_GRID_HZ = 1000
_HOLE_S = 10.0
"""Without a beat for so long the beats are missing rather than the heart standing still."""


def rhythms_of(beats: Iterable[tuple[float, BeatLabel]]) -> Iterator[Stretch]:
    """Push beats through the rhythm stage, second by second, as if the signal were good.

    Parameters
    ----------
    beats : Iterable[tuple[float, BeatLabel]]
        Seconds, rising, and class.

    Yields
    ------
    Stretch
        Of each rhythm when it ends; none reaches over 10 s without a beat.
    """
    run: _Run | None = None
    for time_s, label in beats:
        if run is not None and time_s - run.last_s > _HOLE_S:
            yield from run.finish()
            run = None
        run = run or _Run(time_s)
        yield from run.push(time_s, label)
    if run is not None:
        yield from run.finish()


class _Run:
    """Beats without a hole between them, cut into whole seconds."""

    def __init__(self, start_s: float) -> None:
        self.last_s = start_s
        self._second = math.floor(start_s)
        self._waiting: list[LabelledBeat] = []
        self._tracker = RhythmTracker(RhythmConfig(), float(_GRID_HZ), 1)

    def push(self, time_s: float, label: BeatLabel) -> Iterator[Stretch]:
        while self._second + 1 <= time_s:
            yield from self._close(_GRID_HZ)
        self.last_s = time_s
        sample = round(time_s * _GRID_HZ)
        peak = RPeak(sample, time_s * _GRID_HZ - sample, 1.0, 1.0, sample)
        self._waiting.append(LabelledBeat(peak, BeatWaves(), (BeatWaves(),), label, 1.0))

    def finish(self) -> Iterator[Stretch]:
        n_samples = round((self.last_s - self._second) * _GRID_HZ) + 1
        yield from self._close(n_samples)
        yield from _ended(self._tracker.finish([]))

    def _close(self, n_samples: int) -> Iterator[Stretch]:
        beats, self._waiting = self._waiting, []
        second = SignalSecond(
            self._second * _GRID_HZ,
            np.zeros((1, n_samples)),
            tuple(beat.peak for beat in beats),
            1.0,
        )
        self._second += 1
        yield from _ended(self._tracker.push(second, beats))


def _ended(events: Iterable[RhythmBegan | RhythmEnded]) -> Iterator[Stretch]:
    for event in events:
        if isinstance(event, RhythmEnded):
            yield event.start / _GRID_HZ, event.end / _GRID_HZ, event.label, event.confidence
