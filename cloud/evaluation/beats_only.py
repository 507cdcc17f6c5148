"""Rhythm from beats alone, for archives that keep no signal."""

import numpy as np

from cloud.evaluation.analysis import FoundRhythm
from cloud.evaluation.matching import Beats
from ecgcore.events import BeatLabel, BeatWaves, RhythmEnded
from ecgcore.rhythm import RhythmConfig, RhythmTracker
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat, SignalSecond


def rhythms_of_beats(beats: Beats, fs_hz: float) -> tuple[FoundRhythm, ...]:
    """Push the beats through the rhythm stage, a second at a time, as if the signal were good."""
    tracker = RhythmTracker(RhythmConfig(), fs_hz, 1)
    second = round(fs_hz)
    samples = beats.samples
    events = []
    for start in range(0, int(samples[-1]) + 1, second):
        low, high = np.searchsorted(samples, [start, start + second])
        labelled = [_labelled(int(samples[at]), beats.classes[at]) for at in range(low, high)]
        peaks = tuple(each.peak for each in labelled)
        silence = SignalSecond(start, np.zeros((1, second)), peaks, 1.0)
        events += tracker.push(silence, labelled)
    events += tracker.finish([])
    return tuple(
        FoundRhythm((event.start, event.end), event.label)
        for event in events
        if isinstance(event, RhythmEnded)
    )


def _labelled(sample: int, letter: str) -> LabelledBeat:
    peak = RPeak(sample, 0.0, 1.0, 1.0, sample)
    return LabelledBeat(peak, BeatWaves(), (BeatWaves(),), BeatLabel(letter), 1.0)
