"""NN intervals: which intervals between beats are normal."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ecgcore.types import FloatArray

BoolArray = NDArray[np.bool_]
_TOLERANCE = 0.2


def is_normal(rr_ms: FloatArray, tolerance: float = _TOLERANCE, reach: int = 5) -> BoolArray:
    """Tell which intervals lie within `tolerance` of their local median.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n,)
        NaN where no interval exists; never normal.
    reach : int
        Intervals on either side that the median is taken over.

    Notes
    -----
    The 20 % rule of the Task Force's Holter practice; ectopic beats and their pauses fall out.
    """
    known = np.isfinite(rr_ms)
    normal = np.zeros(rr_ms.shape, bool)
    if not known.any():
        return normal
    padded = np.pad(rr_ms, reach, constant_values=np.nan)
    # NaN sorts behind all numbers; each window holds at least the interval itself.
    around = np.sort(sliding_window_view(padded, 2 * reach + 1)[known], axis=1)
    n_around = np.isfinite(around).sum(axis=1)
    row = np.arange(n_around.size)
    middle = (around[row, (n_around - 1) // 2] + around[row, n_around // 2]) / 2.0
    normal[known] = np.abs(rr_ms[known] - middle) <= tolerance * middle
    return normal


def nn_mask(rr_ms: FloatArray, is_sinus: BoolArray, tolerance: float = _TOLERANCE) -> BoolArray:
    """Tell which intervals are NN: normal in length, between two beats of class N.

    The beat before the first is not known; it is taken to be of class N.

    Parameters
    ----------
    rr_ms : FloatArray, shape (n_beats,)
        The interval that ends at each beat.
    is_sinus : BoolArray, shape (n_beats,)
        Whether the beat is of class N.
    """
    is_between_sinus = is_sinus & np.r_[True, is_sinus[:-1]][: rr_ms.size]
    found: BoolArray = is_normal(rr_ms, tolerance) & is_between_sinus
    return found
