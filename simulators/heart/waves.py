"""What an activation looks like: Gaussians of a dipole in the body, seen by each lead.

Each wave is a Gaussian of time, as in the model of McSharry et al. 2003, with an amplitude along
three axes (x to the left, y to the feet, z to the back, in mV). A lead sees the dipole along its
own direction: the coefficients are those of Dower, Machado and Osborne (Clin Cardiol 3:87, 1980);
III, aVR, aVL and aVF follow from I and II. QRS keeps its width at any rate; the end of T follows
the interval by its cube root (Fridericia 1920).
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.types import FloatArray, Lead
from simulators.heart.activations import Activation, What

REACH_S = 0.75
"""No wave is felt further from its activation than this."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The waves of one kind of activation."""

    at_s: FloatArray
    """shape (n_waves,), from the activation"""
    width_s: FloatArray
    """shape (n_waves,), standard deviation"""
    axis_mv: FloatArray
    """shape (3, n_waves)"""


def _shape(*waves: tuple[float, float, tuple[float, float, float]]) -> Shape:
    at_s, width_s, axis_mv = zip(*waves, strict=True)
    return Shape(np.array(at_s), np.array(width_s), np.array(axis_mv).T)


_P = _shape((0.0, 0.022, (0.10, 0.11, -0.03)))
_QRS = _shape(
    (-0.027, 0.0080, (-0.12, -0.06, -0.22)),
    (0.0, 0.0105, (1.25, 0.95, 0.25)),
    (0.028, 0.0090, (-0.22, -0.12, 0.55)),
)
_T = _shape((0.27, 0.045, (0.32, 0.26, -0.16)))
_WIDE = _shape(
    (-0.040, 0.026, (0.25, 0.35, -0.30)),
    (0.0, 0.034, (1.55, -0.85, -0.60)),
    (0.060, 0.030, (-0.35, 0.20, 0.30)),
)
_WIDE_T = _shape((0.29, 0.060, (-0.62, 0.36, 0.24)))
_PARTS = {
    What.ATRIA: (_P, None),
    What.NORMAL: (_QRS, _T),
    What.SUPRAVENTRICULAR: (_QRS, _T),
    What.VENTRICULAR: (_WIDE, _WIDE_T),
}
_SEEN_BY = {
    Lead.I: (0.632, -0.235, 0.059),
    Lead.II: (0.235, 1.066, -0.132),
    Lead.V1: (-0.515, 0.157, -0.917),
    Lead.V2: (0.044, 0.164, -1.387),
    Lead.V3: (0.882, 0.098, -1.277),
    Lead.V4: (1.213, 0.127, -0.601),
    Lead.V5: (1.125, 0.127, -0.086),
    Lead.V6: (0.831, 0.076, 0.230),
    # A strap under the breast: across the chest, and a little down.
    Lead.CHEST: (0.75, 0.10, -0.10),
}


def lead_matrix(leads: tuple[Lead, ...]) -> FloatArray:
    """Give how each lead sees the dipole, shape (n_leads, 3)."""
    one, two = (np.array(_SEEN_BY[lead]) for lead in (Lead.I, Lead.II))
    limb = {
        Lead.III: two - one,
        Lead.AVR: -(one + two) / 2,
        Lead.AVL: one - two / 2,
        Lead.AVF: two - one / 2,
    }
    return np.array([limb[lead] if lead in limb else _SEEN_BY[lead] for lead in leads])


def turned(degrees: FloatArray) -> FloatArray:
    """Give the rotation of the frontal plane (x, y) by an angle, shape (3, 3, n).

    To lie on the left side turns the heart's axis about as much as the body.
    """
    angle = np.radians(degrees)
    rotation = np.zeros((3, 3, angle.size))
    rotation[0, 0] = rotation[1, 1] = np.cos(angle)
    rotation[0, 1], rotation[1, 0] = -np.sin(angle), np.sin(angle)
    rotation[2, 2] = 1.0
    return rotation


def dipole_mv(fired: list[Activation], time_s: FloatArray) -> FloatArray:
    """Give the dipole of all activations at the times asked for, shape (3, n)."""
    total = np.zeros((3, time_s.size))
    for activation in fired:
        depolarised, repolarised = _PARTS[activation.what]
        total += _waves(depolarised, time_s - activation.time_s, 1.0)
        if repolarised is not None:
            stretch = min(max(activation.rr_s, 0.3), 1.2) ** (1 / 3)
            total += _waves(repolarised, time_s - activation.time_s, stretch)
    return total


def _waves(shape: Shape, since_s: FloatArray, stretch: float) -> FloatArray:
    apart_s = since_s - stretch * shape.at_s[:, np.newaxis]
    width_s = (stretch * shape.width_s)[:, np.newaxis]
    return np.asarray(shape.axis_mv @ np.exp(-0.5 * (apart_s / width_s) ** 2))
