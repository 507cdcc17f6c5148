"""The shapes of a patient's ventricular premature beats, and the average of the most frequent."""

from dataclasses import dataclass, field

import numpy as np

from ecgcore.average import AverageConfig, average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import GLOBAL
from ecgcore.beat_cuts import clusters, cut_beats
from ecgcore.events import BeatLabel, NullReason, RhythmLabel
from ecgcore.limits import Count, Share
from ecgcore.measured import Value
from ecgcore.recorded import Recorded

_OF_AVERAGE = {"pvc_qrs_dur": "qrs_dur", "pvc_axis": "qrs_axis"}
PVC_SHAPE = ("pvc_morphs", *_OF_AVERAGE)


@dataclass(frozen=True, slots=True)
class PvcConfig:
    """What makes a shape."""

    least_alike: Share = 0.85
    """Correlation of two beats' QRS complexes from which they have one shape (catalogue F89)."""
    most_shapes: Count = 10
    least_share: Share = 0.05
    """Of the ventricular beats; a shape of fewer is rather an artefact or a wrong class."""
    average: AverageConfig = field(default_factory=lambda: AverageConfig(least_correlation=0.9))


def measure_pvc(recorded: Recorded, config: PvcConfig) -> dict[str, tuple[Value, int]]:
    """Give each key's value with the number of beats behind it."""
    # What was taken for beats of fibrillating ventricles is none.
    vf = [each for each in recorded.rhythms if each.label is RhythmLabel.VF]
    beats = [
        beat
        for beat in recorded.beats
        if beat.label is BeatLabel.VENTRICULAR
        and not any(each.start <= beat.sample < each.end for each in vf)
    ]
    if not beats:
        return dict.fromkeys(PVC_SHAPE, (NullReason.NOT_APPLICABLE, 0))
    found = clusters(
        cut_beats(recorded.ecg_mv, beats, recorded.fs_hz), config.least_alike, config.most_shapes
    )
    n = int((found >= 0).sum())
    if n == 0:
        return dict.fromkeys(PVC_SHAPE, (NullReason.TOO_FEW_BEATS, 0))
    shares = np.bincount(found[found >= 0]) / n
    values: dict[str, tuple[Value, int]] = {
        "pvc_morphs": (float((shares >= config.least_share).sum()), n)
    }
    usual = [beat for beat, cluster in zip(beats, found, strict=True) if cluster == 0]
    average = average_beat(recorded.ecg_mv, 0, recorded.fs_hz, usual, config.average)
    for key, of_average in _OF_AVERAGE.items():
        if isinstance(average, NullReason):
            values[key] = average, 0
            continue
        signal = AverageSignal(average, recorded.fs_hz, recorded.leads)
        values[key] = GLOBAL[of_average](signal), average.n_beats
    return values
