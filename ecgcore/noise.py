"""Noise of an ECG that needs no delineation.

Parabolas are fitted through 100 ms stretches; the pooled residual of the quieter half of them
stands in for the TP segment, because a QRS makes a stretch loud while drift and the slopes of a
T wave are followed. White noise comes out 20 % low at 130 Hz and 6 % at 1000 Hz.
"""

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray


@compiled
def noise_rms_mv(raw_mv: FloatArray, fs_hz: float) -> float:
    """Give the noise of a stretch of raw ECG, shape (n_samples,); NaN below 100 ms."""
    stretch = max(round(0.1 * fs_hz), 4)
    n_stretches = raw_mv.size // stretch
    variances = np.empty(n_stretches)
    x = np.arange(stretch) - 0.5 * (stretch - 1)
    bow = x * x - np.mean(x * x)
    for s in range(n_stretches):
        piece = raw_mv[s * stretch : (s + 1) * stretch]
        y = piece - np.mean(piece)
        explained = np.sum(x * y) ** 2 / np.sum(x * x) + np.sum(bow * y) ** 2 / np.sum(bow * bow)
        variances[s] = max(np.sum(y * y) - explained, 0.0) / (stretch - 3)
    if n_stretches == 0:
        return np.nan
    variances.sort()
    return float(np.sqrt(np.mean(variances[: (n_stretches + 1) // 2])))
