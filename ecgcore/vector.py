"""The heart's electrical vector: axes in the frontal plane, and X, Y, Z out of twelve leads.

X points to the left, Y to the feet, Z to the back.
"""

import math
from enum import StrEnum

import numpy as np

from ecgcore.types import FloatArray

EIGHT = ("V1", "V2", "V3", "V4", "V5", "V6", "I", "II")
"""The leads that all others of the twelve follow from."""
KORS = np.array(
    [
        [-0.13, 0.05, -0.01, 0.14, 0.06, 0.54, 0.38, -0.07],
        [0.06, -0.02, -0.05, 0.06, -0.17, 0.13, -0.07, 0.93],
        [-0.43, -0.06, -0.14, -0.20, -0.11, 0.31, 0.11, -0.23],
    ]
)
"""Kors et al. 1990, by regression on Frank leads; shape (3, 8), columns as `EIGHT`."""
INVERSE_DOWER = np.array(
    [
        [-0.172, -0.074, 0.122, 0.231, 0.239, 0.194, 0.156, -0.010],
        [0.057, -0.019, -0.106, -0.022, 0.041, 0.048, -0.227, 0.887],
        [-0.229, -0.310, -0.246, -0.063, 0.055, 0.108, 0.022, 0.102],
    ]
)
"""Edenbrandt and Pahlm 1988; shape (3, 8), columns as `EIGHT`."""


class Transform(StrEnum):
    """How X, Y and Z are made of eight leads."""

    KORS = "kors"
    DOWER = "dower"
    """The inverse of Dower's."""

    @property
    def matrix(self) -> FloatArray:
        """Shape (3, 8), columns as `EIGHT`."""
        return KORS if self is Transform.KORS else INVERSE_DOWER


def frontal_axis_deg(in_i: float, in_avf: float) -> float:
    """Give the axis in the frontal plane from net areas (or heights) in I and aVF.

    Returns
    -------
    float
        -180 to 180, 0 to the left, 90 to the feet; NaN if both are 0.

    Notes
    -----
    aVF is an augmented lead, shorter by cos 30 degrees, hence the 2 / sqrt 3.
    """
    if in_i == 0.0 and in_avf == 0.0:
        return math.nan
    deg = math.degrees(math.atan2(2.0 / math.sqrt(3.0) * in_avf, in_i))
    return 180.0 if deg == -180.0 else deg


def xyz_of(eight_mv: FloatArray, matrix: FloatArray = KORS) -> FloatArray:
    """Give X, Y, Z, shape (3, n), out of the leads `EIGHT`, shape (8, n)."""
    xyz: FloatArray = matrix @ eight_mv
    return xyz


def angle_deg(one: FloatArray, other: FloatArray) -> float:
    """Give the angle between two vectors, 0 to 180; NaN if one has no length."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    if size == 0.0:
        return math.nan
    return math.degrees(math.acos(min(max(float(one @ other) / size, -1.0), 1.0)))


def folded_deg(one_deg: float, other_deg: float) -> float:
    """Give the smallest difference between two directions, 0 to 180."""
    away = abs(one_deg - other_deg) % 360.0
    return min(away, 360.0 - away)


def azimuth_deg(xyz: FloatArray) -> float:
    """Give the direction in the horizontal plane, 0 to the left, 90 to the back."""
    return math.degrees(math.atan2(float(xyz[2]), float(xyz[0])))


def elevation_deg(xyz: FloatArray) -> float:
    """Give how far a vector points downward, -90 to 90; NaN if it has no length."""
    size = float(np.linalg.norm(xyz))
    return math.nan if size == 0.0 else math.degrees(math.asin(float(xyz[1]) / size))


def loop_shares(loop: FloatArray) -> FloatArray:
    """Give the singular values of a loop around its mean, shape (3,), largest first.

    Parameters
    ----------
    loop : FloatArray, shape (3, n)
    """
    centred = loop - loop.mean(axis=1, keepdims=True)
    values: FloatArray = np.linalg.svd(centred, compute_uv=False)
    return np.pad(values, (0, 3 - values.size))


def loop_area(loop: FloatArray) -> float:
    """Give the area of a loop in the plane that it lies in best, shape (3, n).

    Its end is joined to its start; what is run round the other way counts less.
    """
    centred = loop - loop.mean(axis=1, keepdims=True)
    plane = np.linalg.svd(centred, full_matrices=False)[0][:, :2]
    x, y = plane.T @ centred
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
