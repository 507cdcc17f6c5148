"""Indices of how irregular all intervals are, normal or not, as in atrial fibrillation.

They are shown beside the rhythm; what names it is the forest of `ecgcore.irregularity`.
"""

from typing import NamedTuple

import numpy as np

from ecgcore.hrv_entropy import entropy_of, matches
from ecgcore.types import FloatArray, Int64Array

LEAST_MATCHES = 5
"""Pairs that agree over two intervals at least; the tolerance grows until they do."""
_R_MS, _R_STEP_MS, _R_MOST_MS = 30.0, 5.0, 1000.0
_BINS = 16
_TRIM = 16
"""One in so many of the longest and of the shortest intervals is left out of the entropy."""


class AfIrregularity(NamedTuple):
    """By catalogue keys."""

    af_cosen: float
    af_nrmssd: float
    """RMSSD over the mean interval."""
    af_tpr: float
    """Share of intervals that are longer or shorter than both neighbours."""
    af_shannon: float
    """0 to 1."""


def af_irregularity(rr_ms: FloatArray) -> AfIrregularity:
    """Measure all intervals; NaN where lost samples break the row. Needs some two dozen.

    Notes
    -----
    Normalised RMSSD, turning-point ratio and entropy after Dash et al. 2009: sixteen even bins
    from the shortest to the longest interval once the eighth part at the ends is left out,
    over the entropy of sixteen full bins. A level row has the entropy 0.
    """
    known = np.isfinite(rr_ms)
    steps_ms = np.diff(rr_ms)
    mean_ms = float(rr_ms[known].mean())
    formed = steps_ms[np.isfinite(steps_ms)]
    turns = steps_ms[1:] * steps_ms[:-1]
    turns = turns[np.isfinite(turns)]
    return AfIrregularity(
        af_cosen=coefficient_of_sample_entropy(rr_ms),
        af_nrmssd=float(np.sqrt((formed**2).mean())) / mean_ms if formed.size else float("nan"),
        af_tpr=float((turns < 0.0).mean()) if turns.size else float("nan"),
        af_shannon=_entropy(rr_ms[known]),
    )


def coefficient_of_sample_entropy(rr_ms: FloatArray) -> float:
    """Give SampEn(m = 1) + ln(2 r) - ln(mean RR) (Lake and Moorman 2011).

    Notes
    -----
    r is 30 ms, or as many steps of 5 ms more as it takes to find `LEAST_MATCHES`; NaN where 1 s
    does not do.
    """
    known = np.isfinite(rr_ms)
    run: Int64Array = np.cumsum(~known)[known]
    x = rr_ms[known]
    r_ms = _R_MS
    over_one, over_two = matches(x, run, 1, r_ms)
    while over_two < LEAST_MATCHES:
        r_ms += _R_STEP_MS
        if r_ms > _R_MOST_MS:
            return float("nan")
        over_one, over_two = matches(x, run, 1, r_ms)
    return entropy_of(over_one, over_two) + float(np.log(2.0 * r_ms / x.mean()))


def _entropy(rr_ms: FloatArray) -> float:
    ordered = np.sort(rr_ms)
    trim = ordered.size // _TRIM
    kept = ordered[trim : ordered.size - trim]
    range_ms = kept[-1] - kept[0]
    if not range_ms:
        return 0.0
    place = np.minimum((_BINS * (kept - kept[0]) / range_ms).astype(np.int64), _BINS - 1)
    counts = np.bincount(place)
    share = counts[counts > 0] / kept.size
    return float(-(share * np.log(share)).sum() / np.log(_BINS))
