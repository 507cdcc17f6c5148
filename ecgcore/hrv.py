"""Heart-rate variability in the time domain (Task Force 1996), over normal intervals.

Intervals come with a mask; a difference is formed only between neighbours that are both normal.
"""

import numpy as np

from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray


def successive_differences_ms(rr_ms: FloatArray, normal: BoolArray) -> FloatArray:
    """Give NN[i+1] - NN[i] wherever both are normal neighbours, shape (<= n - 1,)."""
    both = normal[1:] & normal[:-1]
    differences: FloatArray = np.diff(rr_ms)[both]
    return differences


def sdnn_ms(rr_ms: FloatArray, normal: BoolArray) -> float:
    """Give the sample standard deviation (N - 1) of the normal intervals; needs two."""
    return float(np.std(rr_ms[normal], ddof=1))


def rmssd_ms(rr_ms: FloatArray, normal: BoolArray) -> float:
    """Give the root mean square of successive differences; needs one."""
    return float(np.sqrt(np.mean(successive_differences_ms(rr_ms, normal) ** 2)))


def pnn50_pct(rr_ms: FloatArray, normal: BoolArray) -> float:
    """Give differences beyond 50 ms (strictly) as a share of the number of NN, 0 to 100."""
    n_over = int(np.sum(np.abs(successive_differences_ms(rr_ms, normal)) > 50.0))
    return 100.0 * n_over / int(normal.sum())
