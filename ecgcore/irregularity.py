"""How much intervals look like those of atrial fibrillation.

A logistic model over figures of irregularity that do not depend on the rate, the share of
ventricular beats and the share of beats with a P wave (``models/af.npz``; its card says what it was
fitted on). Where the waves are not known, the P share is given as NaN and a model without it used.
"""

from functools import cache

import numpy as np

from ecgcore.models import load
from ecgcore.types import FloatArray

FIGURES = (
    "nrmssd",
    "median_step",
    "turning_points",
    "entropy",
    "share_of_large_steps",
    "ventricular_share",
    "p_share",
)


def figures(rr_s: FloatArray, ventricular_share: float, p_share: float) -> FloatArray:
    """Measure some consecutive intervals, shape (n,), n >= 4; gives shape (7,)."""
    mean = float(np.mean(rr_s))
    steps = np.diff(rr_s)
    size = np.abs(steps) / mean
    turns = steps[1:] * steps[:-1] < 0.0
    # Ratio of each interval to the mean, in 16 bins around 1: AF fills many of them evenly.
    counts, _ = np.histogram(rr_s / mean, bins=16, range=(0.4, 1.6))
    share = counts[counts > 0] / max(counts.sum(), 1)
    entropy = float(-(share * np.log2(share)).sum()) / 4.0
    return np.array(
        [
            min(float(np.sqrt(np.mean(size**2))), 1.0),
            min(float(np.median(size)), 0.5),
            float(np.mean(turns)),
            entropy,
            float(np.mean(size > 0.06)),
            ventricular_share,
            p_share,
        ]
    )


def irregularity(rr_s: FloatArray, ventricular_share: float, p_share: float) -> float:
    """Give the probability of atrial fibrillation, 0 to 1."""
    values = figures(rr_s, ventricular_share, p_share)
    model = _model()
    kind = "rr" if np.isnan(p_share) else "waves"
    if kind == "rr":
        values = values[:-1]
    squared = np.concatenate((values, values**2))
    logit = float(squared @ model[f"{kind}_weights"] + model[f"{kind}_bias"][0])
    return 1.0 / (1.0 + float(np.exp(-np.clip(logit, -30.0, 30.0))))


@cache
def _model() -> dict[str, FloatArray]:
    return load("af")
