"""QT corrected by the person's own dependence on the rate."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore.beat_places import OFF, ON, OVER_LEADS, QRS, BeatPlaces, T
from ecgcore.events import NullReason
from ecgcore.limits import Count, Milliseconds, Share
from ecgcore.nn import is_normal
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class QtIndividualConfig:
    """What a fit needs before it is believed."""

    least_pairs: Count = 400
    least_span_ms: Milliseconds = 200.0
    """Longest less shortest RR."""
    least_r2: Share = 0.5
    nn_tolerance: Share = 0.2
    """An RR further from its neighbours' median than this share is left out."""


class QtFit(NamedTuple):
    """QT = `at_1s_ms` RR^`exponent`, RR in seconds."""

    at_1s_ms: float
    exponent: float
    r2: float


def fitted(qt_ms: FloatArray, rr_ms: FloatArray) -> QtFit:
    """Fit log QT to log RR by least squares; both of shape (n,), n >= 3, RR not all alike.

    QT at one second is the geometric mean of all QT, each corrected by the exponent.
    """
    x, y = np.log(rr_ms / 1e3), np.log(qt_ms)
    x_away, y_away = x - x.mean(), y - y.mean()
    slope = float(x_away @ y_away / (x_away @ x_away))
    spread = float(y_away @ y_away)
    r2 = slope * float(x_away @ y_away) / spread if spread > 0.0 else 0.0
    return QtFit(float(np.exp(y.mean() - slope * x.mean())), slope, r2)


def qtc_individual(beats: BeatPlaces, config: QtIndividualConfig) -> tuple[float | NullReason, int]:
    """Give QTc over the window and the pairs of QT and RR before it that it rests on."""
    recorded = beats.recorded
    if recorded.unusable is not None:
        return recorded.unusable, 0
    if beats.is_af:
        return NullReason.AF, 0
    rr_ms, own = recorded.rr_ms, beats.places[OVER_LEADS]
    qt_ms = (own[:, T, OFF] - own[:, QRS, ON]) * 1e3 / recorded.fs_hz
    used = beats.is_nn & is_normal(rr_ms, config.nn_tolerance) & np.isfinite(qt_ms)
    n = int(used.sum())
    if n < config.least_pairs:
        return (beats.no_beats if not beats.is_usual.any() else NullReason.TOO_FEW_BEATS), 0
    if np.ptp(rr_ms[used]) < config.least_span_ms:
        return NullReason.NOT_APPLICABLE, 0
    fit = fitted(qt_ms[used], rr_ms[used])
    if fit.r2 < config.least_r2 or fit.exponent <= 0.0:
        return NullReason.NOT_APPLICABLE, 0
    return fit.at_1s_ms, n
