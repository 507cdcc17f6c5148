"""Recordings of beats that are put where they are wanted, with all that a pipeline would tell."""

from collections.abc import Mapping, Sequence

import numpy as np

from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BeatWaves,
    Event,
    NullReason,
    QualityScored,
    RhythmEnded,
    RhythmLabel,
    Wave,
    WaveForm,
)
from ecgcore.occasion import UNKNOWN_OCCASION, Occasion
from ecgcore.recorded import Recorded
from ecgcore.stored import Window
from ecgcore.types import FloatArray

FS_HZ = 250.0
LABELS = {
    "N": BeatLabel.NORMAL,
    "V": BeatLabel.VENTRICULAR,
    "W": BeatLabel.VENTRICULAR,
    "S": BeatLabel.SUPRAVENTRICULAR,
    "P": BeatLabel.PACED,
}
"""W is a ventricular beat of another shape than V."""
QRS_MS = {"N": 80.0, "V": 160.0, "W": 160.0, "S": 80.0, "P": 140.0}
# Height in mV, place after R and width (sd) in s.
SHAPES: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "N": ((0.12, -0.16, 0.022), (1.0, 0.0, 0.011), (-0.2, 0.03, 0.010), (0.28, 0.24, 0.045)),
    "V": ((1.4, 0.0, 0.030), (-0.7, 0.06, 0.025), (-0.3, 0.26, 0.050)),
    "W": ((-1.2, 0.0, 0.035), (0.5, 0.09, 0.030), (0.3, 0.26, 0.050)),
    "S": ((1.0, 0.0, 0.011), (-0.2, 0.03, 0.010), (0.28, 0.24, 0.045)),
    "P": ((-1.0, 0.0, 0.030), (0.3, 0.26, 0.050)),
}
Span = tuple[float, float, RhythmLabel]
"""From second to second."""


def steps_of(text: str) -> list[float]:
    """Give the interval before each beat: premature ones come early, with a pause after them."""
    steps, before = [], "N"
    for letter in text.upper():
        early = letter in "VWS"
        steps.append(0.5 if early else 1.1 if before in "VWS" else 0.8)
        before = letter
    return steps


def recorded_of(
    text: str,
    steps: Sequence[float] | None = None,
    rhythms: Sequence[Span] = (),
    *,
    pr_ms: Sequence[float] | float = 150.0,
    leads: Sequence[str] = ("II",),
    occasion: Occasion = UNKNOWN_OCCASION,
    sqi: float = 1.0,
    past: Mapping[str, tuple[float, ...]] | None = None,
    seconds: int | None = None,
) -> Recorded:
    """Make a recording of beats by their letters; a small one has no P wave.

    The first beat is at 1 s. Without `rhythms` all of it is sinus rhythm.
    """
    steps = steps_of(text) if steps is None else steps
    at_s = 1.0 + np.cumsum([0.0, *steps[1:]])[: len(text)]
    n_seconds = seconds or int((at_s[-1] if at_s.size else 0.0) + 2.0)
    n = round(n_seconds * FS_HZ)
    ecg_mv = np.zeros(n)
    times_s = np.arange(n) / FS_HZ
    for letter, beat_s in zip(text.upper(), at_s, strict=True):
        near = slice(round((beat_s - 0.5) * FS_HZ), round((beat_s + 0.6) * FS_HZ))
        for height_mv, place_s, width_s in SHAPES[letter]:
            ecg_mv[near] += height_mv * np.exp(
                -0.5 * ((times_s[near] - beat_s - place_s) / width_s) ** 2
            )
    pr = [pr_ms] * len(text) if isinstance(pr_ms, float) else pr_ms
    beats = [
        _beat(float(at_s[k]), float(steps[k]) if k else None, letter, pr[k], len(leads))
        for k, letter in enumerate(text)
    ]
    spans = rhythms or ((0.0, float(n_seconds), RhythmLabel.SINUS_RHYTHM),)
    events: list[Event] = [
        *(QualityScored(round(k * FS_HZ), round((k + 1) * FS_HZ), sqi) for k in range(n_seconds)),
        *beats,
        *(RhythmEnded(round(a * FS_HZ), round(b * FS_HZ), label, 0.9) for a, b, label in spans),
    ]
    return Recorded(
        ecg_mv=_leads(ecg_mv, len(leads)),
        fs_hz=FS_HZ,
        leads=tuple(leads),
        events=tuple(events),
        window=Window(0, n, sqi, 1.0, len(beats)),
        average=NullReason.TOO_FEW_BEATS,
        occasion=occasion,
        past=past or {},
    )


def _leads(ecg_mv: FloatArray, n_leads: int) -> FloatArray:
    return np.stack([ecg_mv / (k + 1) for k in range(n_leads)])


def _beat(
    at_s: float, rr_s: float | None, letter: str, pr_ms: float, n_leads: int
) -> BeatClassified:
    place = at_s * FS_HZ
    sample, sample_ms = round(place), 1e3 / FS_HZ
    qrs = QRS_MS[letter.upper()] / sample_ms
    onset = place - 0.4 * qrs
    has_p = letter == "N"
    p_at = onset - pr_ms / sample_ms
    waves = BeatWaves(
        p=Wave(p_at, p_at + 10.0, p_at + 20.0, 0.1, 0.9, WaveForm.UPRIGHT) if has_p else None,
        qrs=Wave(onset, place, onset + qrs, 1.0, 0.9),
        t=Wave(place + 40.0, place + 60.0, place + 85.0, 0.3, 0.9),
    )
    beat = BeatDetected(
        sample,
        place - sample,
        1e3 * at_s,
        sample_ms,
        1.0,
        None if rr_s is None else 1e3 * rr_s,
        0.9,
    )
    return BeatClassified(beat, LABELS[letter.upper()], 0.9, beat.rr_ms, waves, (waves,) * n_leads)
