"""What of a recording came through: how much of it can be used, its gaps, the device's clock."""

from collections.abc import Mapping

import numpy as np

from ecgcore.events import USABLE_SQI, BeatDetected, NullReason, QualityScored
from ecgcore.measured import Value
from ecgcore.nn import BoolArray
from ecgcore.recorded import Recorded
from ecgcore.types import Int64Array

LINK = ("coverage", "loss_frac", "gap_count", "longest_gap", "fs_est")
UNREACHED = ("clock_ppm", "latency_p50", "latency_p95", "activity")
"""They need the host's clock, times of arrival, an accelerometer: no recording has them."""
_LEAST_BEATS = 10
_NOMINAL = 1e-9
"""A clock that departs less from the nominal rate was never read."""


def measure_link(recorded: Recorded) -> Mapping[str, Value]:
    """Give every row of the table; a sample is missing that is so in any lead."""
    is_missing = np.atleast_1d(np.isnan(recorded.ecg_mv).any(axis=0))
    gaps = gap_lengths(is_missing)
    return {
        "coverage": _coverage(recorded),
        "loss_frac": float(is_missing.mean()),
        "gap_count": float(gaps.size),
        "longest_gap": float(gaps.max(initial=0)) / recorded.fs_hz,
        "fs_est": _fs_hz(recorded),
        **dict.fromkeys(UNREACHED, NullReason.NOT_APPLICABLE),
    }


def gap_lengths(is_missing: BoolArray) -> Int64Array:
    """Give how many samples each gap has, in order."""
    edges = np.flatnonzero(np.diff(np.r_[False, is_missing, False]))
    return np.diff(edges)[::2].astype(np.int64)


def _coverage(recorded: Recorded) -> float:
    seconds = recorded.of_kind(QualityScored)
    return sum(e.end - e.start for e in seconds if e.sqi >= USABLE_SQI) / recorded.n_samples


def _fs_hz(recorded: Recorded) -> Value:
    """Give the slope of samples over the device's time, by the beats, which carry both."""
    beats = recorded.of_kind(BeatDetected)
    if len(beats) < _LEAST_BEATS:
        return NullReason.TOO_FEW_BEATS
    places = np.array([beat.sample + beat.offset for beat in beats])
    times_s = np.array([beat.time_ms for beat in beats]) / 1e3
    times_s -= times_s.mean()
    fs_hz = float(times_s @ places) / float(times_s @ times_s)
    is_read = abs(fs_hz / recorded.fs_hz - 1.0) > _NOMINAL
    return fs_hz if is_read else NullReason.NOT_APPLICABLE
