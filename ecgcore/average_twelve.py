"""The representative beat lead by lead, with the limb leads made that follow from I and II."""

import math

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_leads import CHEST, LIMB
from ecgcore.average_signal import AverageSignal
from ecgcore.events import BeatLabel, NullReason
from ecgcore.morphology import level_of
from ecgcore.types import FloatArray

TWELVE = (*LIMB, *CHEST)
_MEDIAN_OF_NORMAL = 0.6745
"""Median of the absolute values of a normal variable of standard deviation 1."""
_OF_I_AND_II = {"III": (-1.0, 1.0), "aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0)}


def twelve_of(signal: AverageSignal) -> AverageSignal:
    """Add the limb leads that are missing, where I and II are there."""
    missing = tuple(lead for lead in _OF_I_AND_II if lead not in signal.leads)
    if not missing or not {"I", "II"} <= set(signal.leads):
        return signal
    beat, in_ii = signal.beat, signal.leads.index("II")
    made = np.array([_OF_I_AND_II[lead] for lead in missing]) @ np.stack(
        [beat.ecg_mv[signal.leads.index("I")], beat.ecg_mv[in_ii]]
    )
    points = np.tile(beat.points[in_ii], (len(missing), 1))
    whole = beat._replace(
        ecg_mv=np.vstack([beat.ecg_mv, made]), points=np.vstack([beat.points, points])
    )
    return AverageSignal(whole, signal.fs_hz, signal.leads + missing, signal.transform)


def over_level(signal: AverageSignal, lead: str) -> FloatArray:
    """Give a lead over the level before its QRS, shape (n_samples,); needs QRS onset."""
    ecg_mv = signal.beat.ecg_mv[signal.leads.index(lead)]
    over: FloatArray = ecg_mv - level_of(ecg_mv, signal.index(m.QRS_ON), signal.fs_hz)
    return over


def qrs_of(signal: AverageSignal, lead: str) -> FloatArray:
    """Give the QRS of a lead, onset and end included, over the level before it."""
    qrs: FloatArray = over_level(signal, lead)[signal.index(m.QRS_ON) : signal.index(m.QRS_OFF) + 1]
    return qrs


def has_qrs(signal: AverageSignal) -> bool:
    """Tell whether there is a QRS of three samples or more."""
    return signal.has(m.QRS_ON, m.QRS_OFF) and signal.index(m.QRS_ON) + 2 < signal.index(m.QRS_OFF)


def n_of(ms: float, fs_hz: float) -> int:
    """Give a time in samples, one at least."""
    return max(round(ms * 1e-3 * fs_hz), 1)


def missing(signal: AverageSignal, leads: tuple[str, ...]) -> NullReason | None:
    """Say why nothing can be told from the QRS in some leads, if so."""
    if not set(leads) <= set(signal.leads):
        return NullReason.LEAD_MISSING
    return None if has_qrs(signal) else NullReason.NOT_APPLICABLE


def no_p(signal: AverageSignal, leads: tuple[str, ...] = ()) -> NullReason | None:
    """Say why there is no P wave to speak of in some leads, if so."""
    if not set(leads) <= set(signal.leads):
        return NullReason.LEAD_MISSING
    if signal.beat.label is BeatLabel.PACED:
        return NullReason.PACED
    is_there = signal.has(m.P_ON, m.P_OFF) and signal.index(m.P_ON) + 2 < signal.index(m.P_OFF)
    return None if is_there else NullReason.NO_P_WAVE


def refused(signal: AverageSignal, leads: tuple[str, ...]) -> NullReason | None:
    """Say why nothing can be told from the heart's own QRS in some leads, if so."""
    return NullReason.PACED if signal.beat.label is BeatLabel.PACED else missing(signal, leads)


def noise_mv(ecg_mv: FloatArray) -> float:
    """Give the noise of a beat by how its samples leave the line through their neighbours.

    The standard deviation, were it white; most of a beat is smooth, so the median tells.
    """
    bends = np.abs(np.diff(ecg_mv, 2))
    return float(np.median(bends)) / (_MEDIAN_OF_NORMAL * math.sqrt(6.0)) if bends.size else 0.0
