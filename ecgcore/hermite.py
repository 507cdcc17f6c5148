"""The QRS as a sum of six Hermite functions.

The functions are orthonormal, centred where the energy of the QRS is, and as wide as makes them
give most of it; the QRS is scaled to an energy of 1, so the sum of the squared coefficients is the
share of its shape that they tell (Soernmo 1981, Lagerholm 2000).
"""

import math
from dataclasses import dataclass

import numpy as np

from ecgcore.limits import Count, Milliseconds
from ecgcore.types import FloatArray

N_FUNCTIONS = 6


@dataclass(frozen=True, slots=True)
class HermiteConfig:
    """Which widths are tried."""

    narrowest_ms: Milliseconds = 5.0
    widest_ms: Milliseconds = 60.0
    n_widths: Count = 40


def functions(places: FloatArray, width: float | FloatArray) -> FloatArray:
    """Give the Hermite functions at places, shape (6, n); orthonormal over all integers.

    Of several widths, shape (n_widths, 1), those of each: shape (6, n_widths, n).
    """
    x = places / width
    found = np.empty((N_FUNCTIONS, *x.shape))
    found[0] = np.exp(-0.5 * x**2) / np.sqrt(width * math.sqrt(math.pi))
    found[1] = math.sqrt(2.0) * x * found[0]
    for k in range(2, N_FUNCTIONS):
        found[k] = math.sqrt(2.0 / k) * x * found[k - 1] - math.sqrt((k - 1) / k) * found[k - 2]
    return found


def coefficients(qrs_mv: FloatArray, fs_hz: float, config: HermiteConfig) -> FloatArray | None:
    """Give the six coefficients of a QRS over the level before it; None if it is flat."""
    energy = float(qrs_mv @ qrs_mv)
    if energy <= 0.0:
        return None
    places = np.arange(qrs_mv.size, dtype=float)
    places -= float(qrs_mv**2 @ places) / energy
    widths = np.geomspace(config.narrowest_ms, config.widest_ms, config.n_widths) * 1e-3 * fs_hz
    tried = functions(places, widths[:, np.newaxis]) @ qrs_mv / math.sqrt(energy)
    found: FloatArray = tried[:, int(np.argmax((tried**2).sum(axis=0)))]
    return found
