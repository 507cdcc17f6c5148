"""Whether some seconds of signal look like ventricular flutter or fibrillation.

A near-sinusoidal oscillation cancels when the signal is added to itself half a period later (the
leakage of Kuo and Dillman 1978); QRS complexes with a baseline between them do not.
"""

import numpy as np

from ecgcore.jit import compiled
from ecgcore.types import FloatArray


@compiled
def leakage(ecg_mv: FloatArray, fs_hz: float) -> tuple[float, float, float]:
    """Give the leakage (0 sine to 1), mean frequency (Hz) and mean size (mV) of shape (n,) signal.

    The signal is brought to cells of 20 ms and freed of its slow part first, so that neither
    muscle noise nor wander counts.
    """
    cell = max(round(0.02 * fs_hz), 1)
    n = ecg_mv.size // cell
    x, total = np.empty(n), np.zeros(n + 1)
    for i in range(n):
        value = 0.0
        for k in range(i * cell, (i + 1) * cell):
            value += ecg_mv[k]
        x[i] = value / cell
        total[i + 1] = total[i] + x[i]
    rate_hz = fs_hz / cell
    reach = int(rate_hz) // 2
    y = np.empty(n)
    size = change = 0.0
    for i in range(n):
        low, high = max(i - reach, 0), min(i + reach + 1, n)
        y[i] = x[i] - (total[high] - total[low]) / (high - low)
        size += abs(y[i])
        if i > 0:
            change += abs(y[i] - y[i - 1])
    if size <= 0.0 or change <= 0.0:
        return 1.0, 0.0, 0.0
    half = max(int(np.pi * size / change + 0.5), 1)
    if half >= n // 2:
        return 1.0, 0.0, 0.0
    over = under = 0.0
    for i in range(half, n):
        over += abs(y[i] + y[i - half])
        under += abs(y[i]) + abs(y[i - half])
    return over / under, rate_hz / (2.0 * half), size / n
