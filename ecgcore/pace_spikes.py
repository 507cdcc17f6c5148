"""Spikes of a pacemaker before the beats: how many, and how long before the QRS.

The ventricle's spike is the one that made a beat a paced one (`ecgcore.pacing`); the atrium's is
looked for before it, about as sharp. With an atrial spike the ventricle's does not stand out of
what lies before the beat, so a beat that is not called paced is looked at once more without that;
it counts where the two spikes are as far apart as in the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.events import BeatClassified, BeatLabel, NullReason
from ecgcore.limits import Count, Milliseconds, Share
from ecgcore.measured import Value
from ecgcore.models import load
from ecgcore.pacing import MIN_FS_HZ, score_of, sharpest
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray

_ANY = (0.0, np.inf)
"""Limits of a search for the sharpest deflection there is."""
_BEFORE_S, _AFTER_S = 0.7, 0.2
"""What of the signal around the R peak is looked at."""
_BLANK_FROM_S, _BLANK_TO_S = 0.52, (0.18, 0.07)
"""What of it, before the R peak, may hold an atrial spike but not the ventricular one: R may lie on
that or behind it."""


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
    """How far a spike may lie apart in two leads."""
    steady_ms: Milliseconds = 6.0
    """How far the time between the two spikes may lie from the usual one."""
    most_beats: Count = 500
    """So many are looked at, evenly over the recording."""


@dataclass(frozen=True, slots=True)
class _Spikes:
    n: int
    to_qrs_ms: float
    """From the last spike to QRS onset; NaN without an onset."""
    apart_ms: float
    """From the first to the last; NaN where there is one."""


def spikes_of(recorded: Recorded, config: PaceSpikeConfig) -> tuple[Value, Value]:
    """Give the usual number of spikes before a beat, and from the last of them to QRS onset in ms.

    Both are those of beats with spikes where these are the most; else there are none. The time is 0
    where QRS begins with the spike: the onset that is found may lie before it, as the spike is part
    of what is seen of the QRS.
    """
    if recorded.fs_hz < MIN_FS_HZ:
        return NullReason.FS_TOO_LOW, NullReason.FS_TOO_LOW
    beats = recorded.beats[:: -(-len(recorded.beats) // config.most_beats) or 1]
    if not beats:
        return NullReason.TOO_FEW_BEATS, NullReason.TOO_FEW_BEATS
    found = _sure([(beat, _before(recorded, beat, config)) for beat in beats], config)
    if 2 * len(found) < len(beats):
        return 0.0, NullReason.NOT_APPLICABLE
    # The lower of two middle ones: a number of spikes is whole.
    count = sorted(each.n for each in found)[(len(found) - 1) // 2]
    known = [each.to_qrs_ms for each in found if not np.isnan(each.to_qrs_ms)]
    return float(count), float(np.median(known)) if known else NullReason.NOT_APPLICABLE


def _sure(
    beats: Sequence[tuple[BeatClassified, _Spikes | None]], config: PaceSpikeConfig
) -> list[_Spikes]:
    """Keep the spikes of beats called paced, and those that lie as far apart as is usual."""
    apart_ms = [each.apart_ms for _, each in beats if each is not None and each.n > 1]
    usual_ms = float(np.median(apart_ms)) if apart_ms else np.nan
    return [
        each
        for beat, each in beats
        if each is not None
        and (beat.label is BeatLabel.PACED or abs(each.apart_ms - usual_ms) <= config.steady_ms)
    ]


def _before(recorded: Recorded, beat: BeatClassified, config: PaceSpikeConfig) -> _Spikes | None:
    """Find the spikes before a beat; one that is not called paced has two or none."""
    fs_hz = recorded.fs_hz
    first = beat.sample - round(_BEFORE_S * fs_hz) - 1
    if first < 0:
        return None
    window = recorded.ecg_mv[:, first : beat.sample + round(_AFTER_S * fs_hz) + 1]
    if np.isnan(window).any():
        return None
    window, r = np.ascontiguousarray(window), beat.sample - first + beat.beat.offset
    is_paced = beat.label is BeatLabel.PACED
    spike = _ventricular(window, r, fs_hz) if is_paced else _beside_atrial(window, r, fs_hz)
    if spike is None:
        return None
    atrial = atrial_before(window, spike, fs_hz, config)
    if atrial is None and not is_paced:
        return None
    qrs = beat.waves.qrs
    to_qrs = np.nan if qrs is None else max(qrs.onset - first - spike, 0.0)
    apart = np.nan if atrial is None else float(spike - atrial)
    return _Spikes(1 if atrial is None else 2, to_qrs * 1e3 / fs_hz, apart * 1e3 / fs_hz)


def _ventricular(
    window: FloatArray, r: float, fs_hz: float, least_score: float = -np.inf
) -> int | None:
    """Give the sample of the spike before an R peak, by `ecgcore.pacing`."""
    score, place_ms = score_of(window, (0, window.shape[1]), r, fs_hz, load("pacing")["weights"])
    return round(r + place_ms * 1e-3 * fs_hz) if score > least_score else None


def _beside_atrial(window: FloatArray, r: float, fs_hz: float) -> int | None:
    """Give the same where a line is drawn over what an atrial spike may be in."""
    first = max(round(r - _BLANK_FROM_S * fs_hz), 0)
    for to_s in _BLANK_TO_S:
        last, seen = round(r - to_s * fs_hz), window.copy()
        line = np.linspace(window[:, first], window[:, last], last - first + 1)
        seen[:, first : last + 1] = line.T
        spike = _ventricular(seen, r, fs_hz, 0.0)
        if spike is not None:
            return spike
    return None


def atrial_before(
    ecg_mv: FloatArray, spike: int, fs_hz: float, config: PaceSpikeConfig
) -> int | None:
    """Give the sample of an atrial spike before the ventricle's; None if there is none.

    A quarter of the leads, two if there are, must show it at one moment.
    """
    ms = 1e-3 * fs_hz
    first = max(round(spike - config.atrial_from_ms * ms), 0)
    end = max(round(spike - config.atrial_to_ms * ms), 0)
    near, width_ms = round(config.same_moment_ms * ms), config.most_width_ms
    places = []
    for lead in ecg_mv:
        own = sharpest(lead, spike - near, spike + near + 1, fs_hz, width_ms, _ANY)[0]
        sharpness, place = sharpest(lead, first, end, fs_hz, width_ms, _ANY)[:2]
        if own > 0.0 and sharpness >= config.least_share * own:
            places.append(place)
    agreeing = [sum(abs(one - other) <= near for other in places) for one in places]
    if max(agreeing, default=0) < max(min(2, len(ecg_mv)), len(ecg_mv) / 4):
        return None
    return int(places[int(np.argmax(agreeing))])
