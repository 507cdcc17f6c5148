"""NN intervals: which intervals between beats are normal."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ecgcore.types import FloatArray

BoolArray = NDArray[np.bool_]


def is_normal(rr_ms: FloatArray, tolerance: float = 0.2, reach: int = 5) -> BoolArray:
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
    if not np.isfinite(rr_ms).any():
        return np.zeros(rr_ms.shape, bool)
    padded = np.pad(rr_ms, reach, constant_values=np.nan)
    around = sliding_window_view(padded, 2 * reach + 1)
    # A window around a missing interval may be all NaN, which is no reason to warn.
    known = np.isfinite(rr_ms)
    normal = np.zeros(rr_ms.shape, bool)
    middle = np.nanmedian(around[known], axis=1)
    normal[known] = np.abs(rr_ms[known] - middle) <= tolerance * middle
    return normal
