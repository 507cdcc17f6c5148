"""The Poincaré plot of intervals: its spread, and how unlike its two sides are.

Each point is an interval and the one that follows it. Points above the line of identity are
decelerations (Piskorski and Guzik 2011).
"""

from typing import NamedTuple

import numpy as np

from ecgcore.nn_series import NnSeries
from ecgcore.types import FloatArray


class Poincare(NamedTuple):
    """Spread across (sd1) and along (sd2) the line of identity, by catalogue keys."""

    sd1: float
    """The same as SDSD over the square root of 2: nothing independent."""
    sd2: float
    sd1_sd2: float
    poincare_s: float
    """Area of the ellipse."""
    csi: float
    cvi: float
    csi_mod: float


class Asymmetry(NamedTuple):
    """What decelerations (d) and accelerations (a) contribute, by catalogue keys."""

    hra_gi: float
    """Share of decelerations in the distances to the line of identity, %."""
    hra_si: float
    """In the angles to it, %."""
    hra_ai: float
    """In the areas of the sectors, %."""
    hra_pi: float
    """Share of points below the line among those off it, %."""
    c1d: float
    c1a: float
    sd1d: float
    sd1a: float
    c2d: float
    c2a: float
    sd2d: float
    sd2a: float
    cd: float
    ca: float


def poincare(nn: NnSeries) -> Poincare:
    """Measure the spread; needs two pairs of neighbours."""
    first, second = nn.pairs
    sd1 = float((first - second).std(ddof=1)) / 2**0.5
    sd2 = float((first + second).std(ddof=1)) / 2**0.5
    return poincare_of(sd1, sd2)


def poincare_of(sd1: float, sd2: float) -> Poincare:
    """Give all that rests on both spreads."""
    nan = float("nan")
    return Poincare(
        sd1=sd1,
        sd2=sd2,
        sd1_sd2=sd1 / sd2 if sd2 else nan,
        poincare_s=float(np.pi) * sd1 * sd2,
        csi=sd2 / sd1 if sd1 else nan,
        cvi=float(np.log10(16.0 * sd1 * sd2)) if sd1 * sd2 else nan,
        csi_mod=4.0 * sd2**2 / sd1 if sd1 else nan,
    )


def asymmetry(nn: NnSeries) -> Asymmetry:
    """Measure the asymmetry; needs two pairs of neighbours.

    Notes
    -----
    Points on the line are neither; of the spread along the line they count half to each side.
    Distances along are taken from the centroid.
    """
    x, y = nn.pairs
    across = (y - x) / 2**0.5
    along = (x - x.mean() + y - y.mean()) / 2**0.5
    is_up, is_down = across > 0.0, across < 0.0
    angle = np.abs(np.pi / 4.0 - np.arctan2(y, x))
    area = angle * (x**2 + y**2)
    n_off = int(is_up.sum() + is_down.sum())
    short_d, short_a = (
        float((across[side] ** 2).sum()) / (x.size - 1) for side in (is_up, is_down)
    )
    on = float((along[~(is_up | is_down)] ** 2).sum()) / (x.size - 1)
    long_d, long_a = (
        float((along[side] ** 2).sum()) / (x.size - 1) + 0.5 * on for side in (is_up, is_down)
    )
    return Asymmetry(
        hra_gi=_share_pct(np.abs(across), is_up),
        hra_si=_share_pct(angle, is_up),
        hra_ai=_share_pct(area, is_up),
        hra_pi=100.0 * int(is_down.sum()) / n_off if n_off else float("nan"),
        c1d=_part(short_d, short_a),
        c1a=_part(short_a, short_d),
        sd1d=short_d**0.5,
        sd1a=short_a**0.5,
        c2d=_part(long_d, long_a),
        c2a=_part(long_a, long_d),
        sd2d=long_d**0.5,
        sd2a=long_a**0.5,
        cd=_part(short_d + long_d, short_a + long_a),
        ca=_part(short_a + long_a, short_d + long_d),
    )


def _share_pct(
    values: FloatArray, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> float:
    total = float(values.sum())
    return 100.0 * float(values[chosen].sum()) / total if total else float("nan")


def _part(of: float, other: float) -> float:
    return of / (of + other) if of + other else float("nan")
