"""Recordings drawn by hand: every beat, wave and level is where the test puts it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ecgcore.average import AverageBeat
from ecgcore.average_signal import AverageSignal
from ecgcore.beat_places import BeatPlaces
from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BeatWaves,
    Event,
    Measurement,
    NullReason,
    QualityScored,
    RhythmEnded,
    RhythmLabel,
    Wave,
)
from ecgcore.person import UNKNOWN, Person
from ecgcore.recorded import Recorded
from ecgcore.stored import Window
from ecgcore.types import FloatArray

FS_HZ = 1000.0
USUAL = {"p": (-200.0, -160.0, -120.0), "qrs": (-40.0, 0.0, 50.0), "t": (180.0, 280.0, 360.0)}
"""Onset, peak and offset of each wave against R, ms."""
AF_SHARE = 0.4
NAMES = {"N": BeatLabel.NORMAL, "S": BeatLabel.SUPRAVENTRICULAR, "V": BeatLabel.VENTRICULAR}
NAMES |= {"P": BeatLabel.PACED}


def waves_at(r: float, waves_ms: Mapping[str, tuple[float, ...]] = USUAL) -> BeatWaves:
    """Give waves at places against R; a fourth number is the height."""
    found = {}
    for name, (onset, peak, offset, *height) in waves_ms.items():
        found[name] = Wave(r + onset, r + peak, r + offset, height[0] if height else 0.2, 1.0)
    return BeatWaves(**found)


def recorded(
    beats_ms: Sequence[float],
    labels: str = "",
    waves_ms: Sequence[Mapping[str, tuple[float, ...]]] = (),
    leads: Sequence[str] = ("II",),
    lead_waves_ms: Mapping[str, Mapping[str, tuple[float, ...]]] | None = None,
    ecg_mv: FloatArray | None = None,
    breaks: Sequence[int] = (),
    rhythm: RhythmLabel | None = None,
    bad_s: Sequence[int] = (),
    average: AverageSignal | NullReason = NullReason.TOO_FEW_BEATS,
    person: Person = UNKNOWN,
) -> Recorded:
    """Give a recording.

    Parameters
    ----------
    labels : str
        One letter a beat; N where it ends.
    waves_ms : Sequence[Mapping]
        Of each beat; `USUAL` where it ends.
    lead_waves_ms : Mapping
        Waves of leads that are not those over all leads, the same in each beat.
    breaks : Sequence[int]
        Beats that end no interval, besides the first.
    bad_s : Sequence[int]
        Seconds that are not usable.
    """
    n_samples = round(beats_ms[-1]) + 1000 if ecg_mv is None else ecg_mv.shape[1]
    if ecg_mv is None:
        ecg_mv = np.zeros((len(leads), n_samples))
    events: list[Event] = []
    for k, at_ms in enumerate(beats_ms):
        rr_ms = None if k == 0 or k in breaks else at_ms - beats_ms[k - 1]
        over = waves_at(at_ms, waves_ms[k] if k < len(waves_ms) else USUAL)
        own = tuple(
            waves_at(at_ms, lead_waves_ms[lead]) if lead in (lead_waves_ms or {}) else over
            for lead in leads
        )
        label = NAMES[labels[k]] if k < len(labels) else BeatLabel.NORMAL
        beat = BeatDetected(round(at_ms), 0.0, at_ms, 1.0, 1.0, rr_ms, 1.0)
        events.append(BeatClassified(beat, label, 1.0, rr_ms, over, own))
    for second in range(-(-n_samples // 1000)):
        start, end = second * 1000, min((second + 1) * 1000, n_samples)
        events.append(QualityScored(start, end, 0.0 if second in bad_s else 1.0))
    if rhythm is not None:
        events.append(RhythmEnded(0, n_samples, rhythm, 1.0))
    sqi = 1.0 - len(bad_s) * 1000 / n_samples
    window = Window(0, n_samples, sqi, 1.0, len(beats_ms), (), ())
    return Recorded(ecg_mv, FS_HZ, tuple(leads), tuple(events), window, average, person)


def places(of: Recorded) -> BeatPlaces:
    """Give the beats as arrays."""
    return BeatPlaces(of, AF_SHARE)


def values(found: Sequence[Measurement]) -> dict[tuple[str, str | None], Measurement]:
    """Give what was measured by key and lead."""
    return {(each.key, each.lead): each for each in found}


def triangle(
    first_ms: float, top_ms: float, last_ms: float, height_mv: float, n: int = 800
) -> FloatArray:
    """Give one wave, a sample each ms."""
    at_ms = np.arange(float(n))
    return height_mv * np.interp(at_ms, [first_ms, top_ms, last_ms], [0.0, 1.0, 0.0], 0.0, 0.0)


POINTS_MS = (100.0, 200.0, 260.0, 300.0, 350.0, 430.0, 530.0, 590.0)
"""P onset and end, QRS onset, R, QRS end, T onset, peak and end, in samples of the beat."""


def averaged(
    leads: Mapping[str, FloatArray],
    points_ms: Sequence[float] = POINTS_MS,
    label: BeatLabel = BeatLabel.NORMAL,
) -> AverageSignal:
    """Give a representative beat out of its leads."""
    points = np.tile(np.array(points_ms, float), (len(leads), 1))
    beat = AverageBeat(np.array(list(leads.values())), 300, points, label, 9, 0.8)
    return AverageSignal(beat, FS_HZ, tuple(leads))


NO_P = (math.nan, math.nan, *POINTS_MS[2:])
