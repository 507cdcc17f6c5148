"""What lies before the QRS complexes of a short recording, over all its beats.

P waves look alike from beat to beat and stand out from what varies; the waves of fibrillation
differ each time. Unlike `ecgcore.beat_table`, which is for streams, this may look at the whole
recording, filtered without delay.
"""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from ecgcore.types import FloatArray

N_ATRIAL_FIGURES = 10
LEAST_COMPLEXES = 5
_BAND_HZ = (0.67, 40.0)
_FROM_S, _TO_S = 0.30, 0.06
"""Before R: over any P wave, to before the QRS begins."""
_QRS_S = 0.1
_TINY = 1e-9


def atrial_figures(ecg_mv: FloatArray, r: FloatArray, fs_hz: float) -> FloatArray:
    """Measure what lies before the QRS complexes, and those.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_samples,)
    r : FloatArray, shape (n_beats,)
        Where the R peaks lie, samples.
    fs_hz : float

    Returns
    -------
    FloatArray, shape (N_ATRIAL_FIGURES,)
        How the median of the stretches before QRS compares with what they differ from it, its
        height, the quartiles of how alike they are to it and how alike they are to one another,
        how much they differ, and where it is highest; how alike the QRS complexes are and how
        high, mV. Heights but the last are shares of the QRS's. Zeros with too few beats.
    """
    ecg_mv = sosfiltfilt(butter(2, _BAND_HZ, "band", fs=fs_hz, output="sos"), ecg_mv)
    before = _cut(ecg_mv, r, -round(_FROM_S * fs_hz), -round(_TO_S * fs_hz))
    qrs = _cut(ecg_mv, r, -round(_QRS_S * fs_hz), round(_QRS_S * fs_hz))
    if min(len(before), len(qrs)) < LEAST_COMPLEXES:
        return np.zeros(N_ATRIAL_FIGURES)
    qrs_mv = float(np.median(np.ptp(qrs, axis=1))) + _TINY
    level = _straightened(before)
    middle = np.median(level, axis=0)
    apart_mv = float(np.median(np.sqrt(np.mean((level - middle) ** 2, axis=1)))) + _TINY
    even = qrs - qrs.mean(axis=1, keepdims=True)
    return np.array(
        [
            np.sqrt(np.mean(middle**2)) / apart_mv,
            np.ptp(middle) / qrs_mv,
            *np.quantile(_alike(level, middle), (0.25, 0.5, 0.75)),
            _alike_to_one_another(level),
            apart_mv / qrs_mv,
            np.argmax(middle) / middle.size,
            np.median(_alike(even, np.median(even, axis=0))),
            qrs_mv,
        ]
    )


def _cut(ecg_mv: FloatArray, r: FloatArray, first: int, end: int) -> FloatArray:
    """Give the stretches around each R peak, shape (n, end - first); those cut off are left out."""
    at = np.round(r).astype(int)
    at = at[(at + first >= 0) & (at + end <= ecg_mv.size)]
    return np.asarray(ecg_mv[at[:, None] + np.arange(first, end)])


def _straightened(rows: FloatArray) -> FloatArray:
    """Take the mean and the slope out of each row: wander is no wave."""
    slope = np.linspace(-1.0, 1.0, rows.shape[1])
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows - np.outer(rows @ slope / (slope @ slope), slope))


def _alike(rows: FloatArray, one: FloatArray) -> FloatArray:
    """Correlate each row with one; all are around zero."""
    sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.asarray(rows @ one / (sizes + _TINY))


def _alike_to_one_another(rows: FloatArray) -> float:
    unit = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + _TINY)
    return float(np.median((unit @ unit.T)[np.triu_indices(len(unit), 1)]))
