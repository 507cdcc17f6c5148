"""What the beats of a short recording say of fibrillation, all of them and by stretches.

The figures of `ecgcore.irregularity`, which a stream judges 32 beats by, over the whole recording
and as they go through it: fibrillation that comes and goes, or an even rhythm with a restless
stretch, shows in what is highest and lowest.
"""

import numpy as np

from cloud.evaluation.analysis import Analysis
from ecgcore.beat_table import (
    KIND,
    N_COLUMNS,
    NORMAL,
    PLACE,
    PR,
    R_MV,
    RR,
    SEGMENT,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    P,
    segment_of,
)
from ecgcore.irregularity import FIGURES, LEAST_INTERVALS, N_FIGURES, figures
from ecgcore.types import FloatArray

N_STRETCH_FIGURES = 12
N_BEAT_FIGURES = 4 * N_FIGURES + N_STRETCH_FIGURES
_BY_CLASS = (
    "ventricular_share",
    "supraventricular_share",
    "clean_share",
    "clean_nrmssd",
    "clean_median_step",
)
OF_BEAT_CLASSES = tuple(N_FIGURES * k + FIGURES.index(name) for k in range(4) for name in _BY_CLASS)
"""Places of the figures that rest on beat classes."""
WINDOW = 32
STEP = 4
_STRETCH = 8
_KINDS = {"S": SUPRAVENTRICULAR, "V": VENTRICULAR, "F": VENTRICULAR}


def places_of(found: Analysis) -> FloatArray:
    """Give where the R peaks lie, samples, with their fractions where they are known."""
    pairs = zip(found.beats.samples, found.waves, strict=True)
    return np.array(
        [float(at) if waves.qrs is None else waves.qrs.peak for at, waves in pairs], np.float64
    )


def rows_of(found: Analysis, ecg_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Put beats into rows as `ecgcore.beat_table` does, shape (n_beats, N_COLUMNS).

    Columns that `ecgcore.irregularity` does not look at stay NaN.
    """
    rows = np.full((found.beats.samples.size, N_COLUMNS), np.nan)
    rows[:, PLACE] = places_of(found)
    rows[1:, RR] = np.diff(rows[:, PLACE]) / fs_hz
    rows[:, KIND] = [_KINDS.get(each, NORMAL) for each in found.beats.classes]
    for row, at, waves in zip(rows, found.beats.samples, found.waves, strict=True):
        row[SEGMENT:] = segment_of(ecg_mv, int(at), fs_hz)
        if waves.qrs is not None:
            row[P] = 0.0 if waves.p is None else waves.p.confidence
            row[R_MV] = waves.qrs.amplitude_mv
        if waves.p is not None:
            row[PR] = (row[PLACE] - waves.p.peak) / fs_hz
    known_mv = rows[np.isfinite(rows[:, R_MV]), R_MV]
    rows[np.isnan(rows[:, R_MV]), R_MV] = np.median(known_mv) if known_mv.size else 0.0
    return rows


def beat_figures(rows: FloatArray) -> FloatArray:
    """Measure all beats, then mean, highest and lowest of their windows, then their stretches.

    Parameters
    ----------
    rows : FloatArray, shape (n, N_COLUMNS)
        More than `ecgcore.irregularity.LEAST_INTERVALS` of them.
    """
    ends = sorted({*range(LEAST_INTERVALS + 1, len(rows), STEP), len(rows)})
    windows = np.array([figures(rows[max(end - WINDOW, 0) : end].copy()) for end in ends])
    through = windows.mean(axis=0), windows.max(axis=0), windows.min(axis=0)
    return np.concatenate((figures(rows.copy()), *through, stretch_figures(rows[1:, RR])))


def stretch_figures(rr_s: FloatArray) -> FloatArray:
    """Measure how the intervals of short stretches differ, and how all of them are spread.

    Parameters
    ----------
    rr_s : FloatArray, shape (n,), s
        At least `ecgcore.irregularity.LEAST_INTERVALS`.

    Returns
    -------
    FloatArray, shape (N_STRETCH_FIGURES,)
        Lowest, first quartile, median and highest of the stretches' coefficients of variation, and
        lowest, median and highest of their median steps; skewness, kurtosis of the steps, median
        (s), and the shares of short and of long ones.
    """
    middle_s = float(np.median(rr_s))
    steps = np.diff(rr_s) / middle_s
    each = _stretches(rr_s)
    variation = each.std(axis=1) / each.mean(axis=1)
    median_step = np.median(_stretches(np.abs(steps)), axis=1)
    return np.array(
        [
            *np.quantile(variation, (0.0, 0.25, 0.5, 1.0)),
            *np.quantile(median_step, (0.0, 0.5, 1.0)),
            np.mean(((rr_s - rr_s.mean()) / (rr_s.std() + 1e-3)) ** 3),
            np.mean(steps**4) / (np.mean(steps**2) ** 2 + 1e-9),
            middle_s,
            np.mean(rr_s < 0.85 * middle_s),
            np.mean(rr_s > 1.15 * middle_s),
        ]
    )


def _stretches(values: FloatArray) -> FloatArray:
    length = min(_STRETCH, values.size)
    return np.lib.stride_tricks.sliding_window_view(values, length)
