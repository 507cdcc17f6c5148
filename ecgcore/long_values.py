"""Biomarkers of a long stretch, read from its sums: rates, and variability of normal intervals."""

from collections.abc import Iterable

import numpy as np

from ecgcore.events import NullReason
from ecgcore.hrv_config import HrvConfig
from ecgcore.hrv_poincare import Poincare, poincare_of
from ecgcore.hrv_time import Geometry, geometry_of
from ecgcore.measured import Value
from ecgcore.nn_sums import NnSums
from ecgcore.omics import MIN_INTERVALS
from ecgcore.rate_sums import RateSums
from ecgcore.whole_sums import Sums

LONG_RATES = (
    *("hr_mean", "vent_rate", "rr_mean", "rr_min", "rr_max", "rr_longest", "rr_range"),
    *("hr_min", "hr_max"),
)
_OF_NN = (
    *("nn_mean", "sdnn", "rmssd", "ln_rmssd", "sdsd", "nn50", "nn20", "pnn50", "pnn20"),
    *("cvnn", "cvsd", "hr_range"),
)
LONG_VARIABILITY = (*_OF_NN, *Geometry._fields, *Poincare._fields, "sdann5", "sdnni5")


def long_rates(sums: RateSums) -> dict[str, Value]:
    """Give the rates, which all intervals count in."""
    if sums.rr.n < MIN_INTERVALS:
        return dict.fromkeys(LONG_RATES, NullReason.TOO_FEW_BEATS)
    rr_ms, (least_us, greatest_us) = sums.rr.mean / 1e3, sums.reach
    slow: Value
    fast: Value
    if sums.runs.greatest:
        slow, fast = (60e6 * sums.running / span_us for span_us in reversed(sums.runs))
    else:
        is_broken = sums.rr.n >= sums.running
        slow = fast = NullReason.GAP if is_broken else NullReason.TOO_FEW_BEATS
    return {
        "hr_mean": 60e3 / rr_ms,
        "vent_rate": 60e3 / rr_ms,
        "rr_mean": rr_ms,
        "rr_min": least_us / 1e3,
        "rr_max": greatest_us / 1e3,
        "rr_longest": greatest_us / 1e3,
        "rr_range": (greatest_us - least_us) / 1e3,
        "hr_min": slow,
        "hr_max": fast,
    }


def long_variability(
    sums: NnSums, duration_s: float, segment_s: float, config: HrvConfig
) -> dict[str, Value]:
    """Give the variability of normal intervals, by the same least data as a window's."""
    least = config.least
    if duration_s < least.short_s:
        return dict.fromkeys(LONG_VARIABILITY, NullReason.TOO_SHORT)
    if min(sums.nn.n, sums.steps.n + 1) < least.short_nn:
        return dict.fromkeys(LONG_VARIABILITY, NullReason.TOO_FEW_BEATS)
    found: dict[str, float] = {
        **_of_nn(sums),
        **_geometry(sums, config.histogram_bin_ms)._asdict(),
        **poincare_of(*(s.deviation / 1e3 / 2**0.5 for s in (sums.steps, sums.pairs)))._asdict(),
    }
    given = {k: v if np.isfinite(v) else NullReason.NOT_APPLICABLE for k, v in found.items()}
    return given | _segments(sums.segments.values(), duration_s, segment_s, config)


def _of_nn(sums: NnSums) -> dict[str, float]:
    n, mean_ms, sdnn_ms = sums.nn.n, sums.nn.mean / 1e3, sums.nn.deviation / 1e3
    rmssd_ms = sums.steps.root_mean_square / 1e3
    return {
        "nn_mean": mean_ms,
        "sdnn": sdnn_ms,
        "rmssd": rmssd_ms,
        "ln_rmssd": float(np.log(rmssd_ms)) if rmssd_ms else float("nan"),
        "sdsd": sums.steps.deviation / 1e3,
        "nn50": float(sums.n_far),
        "nn20": float(sums.n_near),
        "pnn50": 100.0 * sums.n_far / n,
        "pnn20": 100.0 * sums.n_near / n,
        "cvnn": sdnn_ms / mean_ms,
        "cvsd": rmssd_ms / mean_ms,
        "hr_range": 60e6 / sums.reach.least - 60e6 / sums.reach.greatest,
    }


def _geometry(sums: NnSums, bin_ms: float) -> Geometry:
    first = min(sums.histogram)
    counts = np.zeros(max(sums.histogram) - first + 1, np.int64)
    for place, n in sums.histogram.items():
        counts[place - first] = n
    return geometry_of(first, counts, bin_ms)


def _segments(
    segments: Iterable[Sums], duration_s: float, segment_s: float, config: HrvConfig
) -> dict[str, Value]:
    """Measure the segments that normal intervals cover well enough."""
    least = config.least
    good = [s for s in segments if s.n >= 2 and s.total >= 1e6 * least.segment_share * segment_s]
    few = NullReason.TOO_FEW_BEATS if len(good) < max(least.n_segments, 2) else None
    short = NullReason.TOO_SHORT
    means_ms = [each.mean / 1e3 for each in good]
    return {
        "sdann5": short if duration_s < least.long_s else few or float(np.std(means_ms, ddof=1)),
        "sdnni5": short
        if duration_s < least.n_segments * segment_s
        else few or float(np.mean([each.deviation / 1e3 for each in good])),
    }
