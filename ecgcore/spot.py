"""Numbers of a stretch that no closed window covers, straight from its stored beats."""

from collections.abc import Sequence

import numpy as np

from ecgcore.compose import StoredBeat, Window
from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.statements import USABLE_SQI

_MIN_INTERVALS = 2
_NOT_MEASURED = {
    "sdnn": Dimension.FUNCTIONAL,
    "rmssd": Dimension.FUNCTIONAL,
    "p_dur": Dimension.STRUCTURAL,
    "pr_int": Dimension.STRUCTURAL,
    "qrs_dur": Dimension.STRUCTURAL,
    "qt_int": Dimension.STRUCTURAL,
    "qtc_fridericia": Dimension.STRUCTURAL,
}


def measure_span(
    start: int, end: int, parts: Sequence[Window], beats: Sequence[StoredBeat], start_ns: int
) -> Window:
    """Make one window out of its parts.

    Parameters
    ----------
    start, end : int
        Counters; what no part covers counts as missing.
    beats : Sequence[StoredBeat]
        Beats inside, in order.
    start_ns : int
        UTC of `start`; an interval that began before it is left out.
    """
    length = end - start
    sqi = min(sum(p.sqi * (p.end - p.start) for p in parts) / length, 1.0)
    coverage = min(sum(p.coverage * (p.end - p.start) for p in parts) / length, 1.0)
    reasons = dict.fromkeys(reason for part in parts for reason in part.quality_reasons)
    return Window(
        start=start,
        end=end,
        sqi=sqi,
        coverage=coverage,
        n_beats=len(beats),
        measurements=_measurements(beats, start_ns, sqi),
        quality_reasons=tuple(reasons),
    )


def _measurements(
    beats: Sequence[StoredBeat], start_ns: int, sqi: float
) -> tuple[Measurement, ...]:
    rr_ms = np.array(
        [b.rr_ms for b in beats if b.rr_ms is not None and b.utc_ns - b.rr_ms * 1e6 >= start_ns]
    )
    reason = _null_reason(rr_ms.size, sqi)
    values = {} if reason else _intervals(rr_ms)
    found = [
        Measurement(key, values.get(key), unit, Dimension.STRUCTURAL, rr_ms.size, sqi, reason)
        for key, unit in _INTERVAL_UNITS.items()
    ]
    count = Measurement("qrs_count", float(len(beats)), "1", Dimension.STRUCTURAL, len(beats), sqi)
    missing = [
        Measurement(key, None, "ms", dim, 0, sqi, NullReason.NOT_MEASURED)
        for key, dim in _NOT_MEASURED.items()
    ]
    return (*found, count, *missing)


def _null_reason(n_intervals: int, sqi: float) -> NullReason | None:
    if sqi < USABLE_SQI:
        return NullReason.LOW_SQI
    return NullReason.TOO_FEW_BEATS if n_intervals < _MIN_INTERVALS else None


_INTERVAL_UNITS = {
    "hr_mean": "/min",
    "rr_mean": "ms",
    "rr_median": "ms",
    "rr_min": "ms",
    "rr_max": "ms",
    "rr_longest": "ms",
}


def _intervals(rr_ms: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> dict[str, float]:
    mean = float(rr_ms.mean())
    return {
        "hr_mean": 60_000 / mean,
        "rr_mean": mean,
        "rr_median": float(np.median(rr_ms)),
        "rr_min": float(rr_ms.min()),
        "rr_max": float(rr_ms.max()),
        "rr_longest": float(rr_ms.max()),
    }
