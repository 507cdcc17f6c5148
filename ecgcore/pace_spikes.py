"""Spikes of a pacemaker before the beats: how many, and how long before the QRS.

The ventricle's is the one that made the beat a paced one (`ecgcore.pacing`); the atrium's is looked
for before it, about as sharp.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.events import BeatClassified, BeatLabel, NullReason
from ecgcore.limits import Milliseconds, Seconds, Share
from ecgcore.measured import Value
from ecgcore.models import load
from ecgcore.pacing import MIN_FS_HZ, score_of, sharpest
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class PaceSpikeConfig:
    """Where an atrial spike is looked for; our own limits."""

    atrial_from_ms: Milliseconds = 320.0
    atrial_to_ms: Milliseconds = 60.0
    """Before the ventricle's spike."""
    least_share: Share = 0.3
    """Of the ventricle's sharpness."""
    most_width_ms: Milliseconds = 20.0
    same_moment_ms: Milliseconds = 4.0
    ventricular_from_s: Seconds = 0.7
    after_s: Seconds = 0.2
    """What of the signal around the R peak is looked at."""


def spikes_of(recorded: Recorded, config: PaceSpikeConfig) -> tuple[Value, Value]:
    """Give the usual number of spikes before a beat, and from the last of them to QRS onset in ms.

    Both are those of paced beats where these are the most; else there are none. The time is 0 where
    QRS begins with the spike: the onset that is found may lie before it, as the spike is part of
    what is seen of the QRS.
    """
    if recorded.fs_hz < MIN_FS_HZ:
        return NullReason.FS_TOO_LOW, NullReason.FS_TOO_LOW
    beats = recorded.beats
    if not beats:
        return NullReason.TOO_FEW_BEATS, NullReason.TOO_FEW_BEATS
    paced = [beat for beat in beats if beat.label is BeatLabel.PACED]
    found = [spikes for beat in paced if (spikes := _before(recorded, beat, config)) is not None]
    if not found or 2 * len(paced) < len(beats):
        return 0.0, NullReason.NOT_APPLICABLE
    counts, times_ms = np.array(found).T
    known = times_ms[np.isfinite(times_ms)]
    # The lower of two middle ones: a number of spikes is whole.
    count = float(np.sort(counts)[(counts.size - 1) // 2])
    return count, float(np.median(known)) if known.size else NullReason.NOT_APPLICABLE


def _before(
    recorded: Recorded, beat: BeatClassified, config: PaceSpikeConfig
) -> tuple[float, float] | None:
    """Give the number of spikes before a beat, and the time from the last to QRS onset."""
    fs_hz = recorded.fs_hz
    first = max(beat.sample - round(config.ventricular_from_s * fs_hz) - 1, 0)
    window = recorded.ecg_mv[:, first : beat.sample + round(config.after_s * fs_hz) + 1]
    if np.isnan(window).any():
        return None
    window, r = np.ascontiguousarray(window), beat.sample - first + beat.beat.offset
    score, place_ms = score_of(window, (0, window.shape[1]), r, fs_hz, load("pacing")["weights"])
    if not np.isfinite(score):
        return None
    spike = round(r + place_ms * 1e-3 * fs_hz)
    qrs = beat.waves.qrs
    onset = np.nan if qrs is None else max(qrs.onset - first - spike, 0.0) * 1e3 / fs_hz
    return 1.0 + has_atrial(window, spike, fs_hz, config), float(onset)


def has_atrial(ecg_mv: FloatArray, spike: int, fs_hz: float, config: PaceSpikeConfig) -> bool:
    """Tell whether a quarter of the leads, and two if there are, show a spike at one moment."""
    ms = 1e-3 * fs_hz
    first, end = round(spike - config.atrial_from_ms * ms), round(spike - config.atrial_to_ms * ms)
    near = round(config.same_moment_ms * ms)
    places = []
    for lead in ecg_mv:
        limits = (0.0, np.inf)
        own = sharpest(lead, spike - near, spike + near + 1, fs_hz, config.most_width_ms, limits)[0]
        sharpness, place = sharpest(
            lead, max(first, 0), max(end, 0), fs_hz, config.most_width_ms, limits
        )[:2]
        if own > 0.0 and sharpness >= config.least_share * own:
            places.append(place)
    agreeing = max((sum(abs(p - q) <= near for q in places) for p in places), default=0)
    return agreeing >= max(min(2, len(ecg_mv)), len(ecg_mv) / 4)
