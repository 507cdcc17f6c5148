"""What a short recording is: normal, atrial fibrillation, another rhythm, or too noisy to say.

Three small forests over what the pipeline found, for challenges that label whole recordings; the
card of `ecgcore/models/recording.npz` says what they were fitted on. They are part of the
evaluation: no report rests on them. No figure is what the rhythm stage made of the beats: its
forest was grown on the recordings that these learn from, and would look better there than it is.
"""

from functools import cache

import numpy as np

from cloud.evaluation.analysis import UNREADABLE, Analysis
from cloud.evaluation.atrial_figures import N_ATRIAL_FIGURES, atrial_figures
from cloud.evaluation.beat_figures import (
    N_BEAT_FIGURES,
    OF_BEAT_CLASSES,
    beat_figures,
    rows_of,
)
from cloud.evaluation.episodes import merged
from ecgcore.beat_table import PLACE
from ecgcore.events import BeatWaves
from ecgcore.irregularity import LEAST_INTERVALS, N_RR_FIGURES, Forest, log_odds, rr_figures
from ecgcore.models import load
from ecgcore.types import FloatArray

FIBRILLATION, NOISY, OTHER = "fibrillation", "noisy", "other"
AF_LIMIT = 0.45
"""What the forest must give a recording of fibrillation; F1 of held-out ones is highest around it.
No probability: the forest was grown with those of fibrillation counted double."""
LEAST_BEATS = LEAST_INTERVALS + 1


def figures_of(found: Analysis, ecg_mv: FloatArray, fs_hz: float) -> FloatArray | None:
    """Put a recording into numbers; None with too few beats for it.

    Parameters
    ----------
    found : Analysis
    ecg_mv : FloatArray, shape (n_samples,)
        The signal that was analysed, without a gap.
    fs_hz : float

    Returns
    -------
    FloatArray or None, shape (N_FIGURES,)
    """
    if found.beats.samples.size < LEAST_BEATS:
        return None
    rows = rows_of(found, ecg_mv, fs_hz)
    return np.concatenate(
        (
            _of_all(found, ecg_mv.size, fs_hz),
            beat_figures(rows),
            atrial_figures(ecg_mv, rows[:, PLACE], fs_hz),
        )
    )


def _of_all(found: Analysis, n_samples: int, fs_hz: float) -> FloatArray:
    samples, classes = found.beats.samples, found.beats.classes
    rr_s = np.diff(samples) / fs_hz
    noise = sum(end - first for first, end in merged(found.spans_of(*UNREADABLE))) / n_samples
    own = [
        n_samples / fs_hz,
        samples.size * fs_hz / n_samples,
        noise,
        classes.count("S") / samples.size,
        classes.count("V") / samples.size,
        float(rr_s.max()),
        float(rr_s.min()),
        float(np.mean(found.sqi)) if found.sqi else 0.0,
        float(np.mean(np.array(found.sqi) < 0.5)) if found.sqi else 1.0,
        float(np.mean(found.confidence)) if found.confidence else 0.0,
    ]
    return np.concatenate((own, _of_waves(found.waves, fs_hz), rr_figures(rr_s)))


N_OF_ALL = 10 + 11 + N_RR_FIGURES
N_FIGURES = N_OF_ALL + N_BEAT_FIGURES + N_ATRIAL_FIGURES
OF_CLASSES = (3, 4, *(N_OF_ALL + each for each in OF_BEAT_CLASSES))
"""Places of the figures that rest on beat classes."""


def _of_waves(waves: tuple[BeatWaves, ...], fs_hz: float) -> FloatArray:
    p = [beat.p for beat in waves if beat.p is not None]
    pr_s = [(b.qrs.onset - b.p.onset) / fs_hz for b in waves if b.p is not None and b.qrs]
    qrs_s = [(b.qrs.offset - b.qrs.onset) / fs_hz for b in waves if b.qrs is not None]
    qt_s = [(b.t.offset - b.qrs.onset) / fs_hz for b in waves if b.t is not None and b.qrs]
    return np.array(
        [
            len(p) / len(waves),
            sum(each.confidence for each in p) / len(waves),
            len(qrs_s) / len(waves),
            len(qt_s) / len(waves),
            *_middle(pr_s),
            *_middle(qrs_s),
            *_middle(qt_s),
            np.mean([each.confidence for each in p]) if p else 0.0,
        ]
    )


def _middle(values: list[float]) -> tuple[float, float]:
    """Give the median and the range between the quarters, -1 of nothing."""
    if not values:
        return -1.0, -1.0
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float(middle), float(high - low)


def class_of_figures(values: FloatArray) -> str:
    """Say N, A, O or ~."""
    if log_odds(values, _forest(FIBRILLATION)) > np.log(AF_LIMIT / (1.0 - AF_LIMIT)):
        return "A"
    if log_odds(values, _forest(NOISY)) > 0.0:
        return "~"
    return "O" if log_odds(values, _forest(OTHER)) > 0.0 else "N"


@cache
def _forest(kind: str) -> Forest:
    return Forest.of(load("recording"), kind)
