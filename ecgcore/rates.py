"""Rates of the ventricles beat by beat, and what premature beats do to the intervals."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ecgcore.beat_places import BeatPlaces
from ecgcore.beat_statistics import BeatStatisticsConfig, told
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.limits import Count, Share
from ecgcore.measured import Value, measurement_of
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class RatesConfig:
    """Limits."""

    running_rr: Count = 8
    """Intervals that the least and the greatest rate are means over."""
    premature: Share = 0.80
    """A premature beat ends an interval shorter than this share of the usual one."""
    usual_nn: Count = 8
    """NN intervals before it that the usual one is the median of."""


def measure_rates(
    beats: BeatPlaces, config: RatesConfig, statistics: BeatStatisticsConfig
) -> Iterator[Measurement]:
    """Give the rates over the window, that of single beats, and coupling and pauses."""
    recorded = beats.recorded
    rr_ms = recorded.rr_ms
    yield from measure_window_rates(rr_ms, recorded.unusable, recorded.sqi, config)
    nn_ms = rr_ms[beats.is_nn]
    yield from told("hr_inst", 60000.0 / nn_ms, beats.no_beats, beats, statistics)
    is_premature = premature_of(beats, config)
    absent = NullReason.AF if beats.is_af else NullReason.NOT_APPLICABLE
    for key, given_ms in zip(
        ("coupling_int", "comp_pause"), around(beats, is_premature), strict=True
    ):
        yield from told(key, given_ms, absent, beats, statistics)


WINDOW_RATES = ("vent_rate", "rr_range", "hr_min", "hr_max")
"""What the rates of a window are."""


def measure_window_rates(
    rr_ms: FloatArray, unusable: NullReason | None, sqi: float, config: RatesConfig
) -> Iterator[Measurement]:
    """Give the rates of a window that all intervals count in, shape (n_beats,)."""
    known_ms = rr_ms[np.isfinite(rr_ms)]
    few = NullReason.TOO_FEW_BEATS if known_ms.size < 2 else None
    values: dict[str, Value] = {
        "vent_rate": few or 60000.0 / float(np.mean(known_ms)),
        "rr_range": few or float(np.ptp(known_ms)),
        **running_rates(rr_ms, config.running_rr),
    }
    for key, value in values.items():
        yield measurement_of(key, unusable or value, known_ms.size, sqi, None)


def running_rates(rr_ms: FloatArray, n: int) -> dict[str, Value]:
    """Give the least and greatest rate of the means over `n` intervals without a gap among them."""
    runs_ms = sliding_window_view(rr_ms, n).mean(axis=1) if rr_ms.size >= n else np.empty(0)
    runs_ms = runs_ms[np.isfinite(runs_ms)]
    if not runs_ms.size:
        is_broken = np.isfinite(rr_ms).sum() >= n
        reason = NullReason.GAP if is_broken else NullReason.TOO_FEW_BEATS
        return {"hr_min": reason, "hr_max": reason}
    return {"hr_min": 60000.0 / float(runs_ms.max()), "hr_max": 60000.0 / float(runs_ms.min())}


def premature_of(beats: BeatPlaces, config: RatesConfig) -> BoolArray:
    """Tell which beats are ectopic and come early, shape (n_beats,); none in fibrillation."""
    recorded = beats.recorded
    rr_ms = recorded.rr_ms
    is_ectopic = recorded.is_label(BeatLabel.SUPRAVENTRICULAR)
    is_ectopic |= recorded.is_label(BeatLabel.VENTRICULAR)
    if beats.is_af:
        return np.zeros(rr_ms.size, bool)
    found = is_ectopic & beats.is_accepted
    nn_at = np.flatnonzero(beats.is_nn)
    for at in np.flatnonzero(found):
        last = int(np.searchsorted(nn_at, at))
        usual = rr_ms[nn_at[max(last - config.usual_nn, 0) : last]]
        # A comparison with NaN is false.
        found[at] = usual.size > 0 and rr_ms[at] < config.premature * np.median(usual)
    return found


def around(beats: BeatPlaces, is_premature: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Give the intervals from a usual beat to a premature one, and from one to a usual beat."""
    rr_ms = beats.recorded.rr_ms
    # In pairs and runs only the first is coupled, and only the last has a pause.
    coupling = is_premature[1:] & beats.is_usual[:-1]
    pause = is_premature[:-1] & beats.is_usual[1:]
    coupling_ms, pause_ms = rr_ms[1:][coupling], rr_ms[1:][pause]
    return coupling_ms[np.isfinite(coupling_ms)], pause_ms[np.isfinite(pause_ms)]
