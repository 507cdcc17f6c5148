"""Representative beats drawn by hand: triangles in twelve leads, at 1000 Hz."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ecgcore.average import AverageBeat
from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import TWELVE
from ecgcore.events import BeatLabel
from ecgcore.types import FloatArray

FS_HZ = 1000.0
N_MS = 800
POINTS_MS = (100.0, 200.0, 260.0, 300.0, 350.0, 430.0, 510.0, 590.0)
"""P 100 to 200, QRS 260 to 350, T 430 to 590 ms."""
Triangle = tuple[float, float, float, float]
"""First, top and last ms, and the height in mV."""
USUAL: tuple[Triangle, ...] = (
    (100, 150, 200, 0.1),
    (260, 300, 340, 1.0),
    (430, 510, 590, 0.4),
)
# Factors of P, QRS and T of a heart at rest.
P = {"I": 0.6, "II": 1.0, "V1": 0.3, "V2": 0.4, "V3": 0.5, "V4": 0.6, "V5": 0.6, "V6": 0.5}
QRS = {"I": 0.8, "II": 0.9, "V1": -0.5, "V2": -0.7, "V3": 0.4, "V4": 1.0, "V5": 1.3, "V6": 1.0}
T = {"I": 0.5, "II": 0.8, "V1": 0.3, "V2": 0.8, "V3": 0.9, "V4": 1.0, "V5": 0.9, "V6": 0.7}


def drawn(waves: Sequence[Triangle]) -> FloatArray:
    """Give the sum of triangles."""
    at_ms = np.arange(float(N_MS))
    parts = [
        height * np.interp(at_ms, [first, top, last], [0.0, 1.0, 0.0])
        for first, top, last, height in waves
    ]
    total: FloatArray = np.sum(parts, axis=0)
    return total


def beat_of(
    leads: Mapping[str, FloatArray],
    points_ms: Sequence[float] = POINTS_MS,
    label: BeatLabel = BeatLabel.NORMAL,
    rr_s: float = 0.8,
) -> AverageSignal:
    """Give a beat with the leads as they are."""
    ecg_mv = np.array(list(leads.values()))
    points = np.tile(np.array(points_ms), (len(leads), 1))
    return AverageSignal(AverageBeat(ecg_mv, 300, points, label, 9, rr_s), FS_HZ, tuple(leads))


def heart() -> dict[str, FloatArray]:
    """Give twelve leads of a heart at rest, whose loops are straight lines."""
    parts = [drawn([wave]) for wave in USUAL]
    eight = {lead: P[lead] * parts[0] + QRS[lead] * parts[1] + T[lead] * parts[2] for lead in P}
    return twelve(eight)


def twelve(eight: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Add the limb leads that follow from I and II."""
    in_i, in_ii = eight["I"], eight["II"]
    made = {"III": in_ii - in_i, "aVR": -(in_i + in_ii) / 2}
    made |= {"aVL": in_i - in_ii / 2, "aVF": in_ii - in_i / 2}
    return {lead: {**eight, **made}[lead] for lead in TWELVE}


def changed(leads: Mapping[str, FloatArray], **waves: Sequence[Triangle]) -> dict[str, FloatArray]:
    """Give the beat with some leads drawn anew."""
    return {**leads, **{lead: drawn(own) for lead, own in waves.items()}}


NO_P_MS = (math.nan, math.nan, *POINTS_MS[2:])
