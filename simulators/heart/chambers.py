"""Waves without beats: fibrillating and fluttering atria, fibrillating ventricles.

All are closed functions of time with phases from the seed. Fibrillation of the atria is a wave of
about 6 Hz whose frequency and height come and go (Stridh and Sörnmo, IEEE Trans Biomed Eng 48:105,
2001, the same with a sum of harmonics); flutter is a saw-tooth of the atrial rate, negative in the
inferior leads; fibrillation of the ventricles is a coarse wave of 4 to 6 Hz, waxing and waning.
"""

import numpy as np

from ecgcore.types import FloatArray
from simulators.scenario.rhythms import (
    AtrialFibrillation,
    AtrialFlutter,
    Rhythm,
    VentricularFibrillation,
)

_TURN = 2 * np.pi
# Seen in V1 and the inferior leads, hardly in I.
_ATRIA_AXIS = np.array([0.35, 0.8, -0.9])
_FLUTTER_AXIS = np.array([0.5, -1.0, -0.4])
_VENTRICLES_AXIS = np.array([1.0, 0.7, -0.5])
_FADE_S = 0.15


def chamber_mv(
    rhythm: Rhythm, start_s: float, end_s: float, time_s: FloatArray, phase: float
) -> FloatArray | None:
    """Give the dipole of a rhythm's own waves, shape (3, n); None if it has none.

    Parameters
    ----------
    start_s, end_s : float
        Where the rhythm is in force; the waves fade in and out there.
    phase : float
        0 to 1, from the seed.
    """
    match rhythm:
        case AtrialFibrillation(f_mv=mv):
            wave, axis = mv * _fibrillation(time_s, phase), _ATRIA_AXIS
        case AtrialFlutter(f_mv=mv, atrial_bpm=bpm):
            wave, axis = mv * _saw_tooth((time_s - start_s) * bpm / 60), _FLUTTER_AXIS
        case VentricularFibrillation(mv=mv):
            wave, axis = mv * _coarse(time_s, phase), _VENTRICLES_AXIS
        case _:
            return None
    faded = wave * envelope(time_s, start_s, end_s, _FADE_S)
    return np.asarray(axis[:, np.newaxis] * faded)


def envelope(time_s: FloatArray, start_s: float, end_s: float, fade_s: float) -> FloatArray:
    """Give 1 inside and 0 outside of a span, with half a cosine inside of its ends."""
    into = np.clip((time_s - start_s) / fade_s, 0, 1)
    left = np.clip((end_s - time_s) / fade_s, 0, 1)
    return np.asarray(0.25 * (1 - np.cos(np.pi * into)) * (1 - np.cos(np.pi * left)))


def _fibrillation(time_s: FloatArray, phase: float) -> FloatArray:
    angle = _TURN * (6.1 * time_s + 0.9 * np.sin(_TURN * (0.23 * time_s + phase)) + 3 * phase)
    height = 1 + 0.35 * np.sin(_TURN * (0.31 * time_s + 2 * phase))
    second = 0.45 * np.sin(2 * angle + 1.1) + 0.5 * np.sin(_TURN * (7.3 * time_s + 5 * phase))
    return np.asarray(height * (np.sin(angle) + second))


def _saw_tooth(turns: FloatArray) -> FloatArray:
    orders = np.arange(1, 5)[:, np.newaxis]
    return np.asarray((np.sin(_TURN * orders * turns) / orders).sum(axis=0))


def _coarse(time_s: FloatArray, phase: float) -> FloatArray:
    angle = _TURN * (4.9 * time_s + 1.1 * np.sin(_TURN * (0.19 * time_s + phase)) + 7 * phase)
    height = 1 + 0.3 * np.sin(_TURN * (0.43 * time_s + 3 * phase))
    return np.asarray(height * np.sin(angle) + 0.25 * np.sin(_TURN * (3.7 * time_s + 2 * phase)))
