"""How QT varies from beat to beat and follows the rate."""

import math

import numpy as np

from ecgcore.events import NullReason
from ecgcore.jit import compiled
from ecgcore.measured import Value
from ecgcore.nn import BoolArray
from ecgcore.qt_config import DynamicsConfig
from ecgcore.types import FloatArray

_LN10 = math.log(10.0)


def qtvi(qt_ms: FloatArray, rr_ms: FloatArray) -> Value:
    """Give log10((SDQT^2 / QT^2) / (SDHR^2 / HR^2)), of beats of which both are known.

    Notes
    -----
    Berger 1997, with the series of heart rate, not of RR.
    """
    known = np.isfinite(qt_ms) & np.isfinite(rr_ms)
    if known.sum() < 2:
        return NullReason.TOO_FEW_BEATS
    qt_ms, hr = qt_ms[known], 6e4 / rr_ms[known]
    of_qt = np.var(qt_ms, ddof=1) / np.mean(qt_ms) ** 2
    of_hr = np.var(hr, ddof=1) / np.mean(hr) ** 2
    if of_qt <= 0.0 or of_hr <= 0.0:
        return NullReason.NOT_APPLICABLE
    return math.log10(of_qt / of_hr)


def short_term_variability_ms(qt_ms: FloatArray, follows: BoolArray, block: int) -> Value:
    """Give sum(abs(QT[i+1] - QT[i])) / (n sqrt 2), n = `block`: the median over blocks.

    Differences are formed between beats that follow each other, and lie in a row.
    """
    steps = np.abs(np.diff(qt_ms))[follows[1:]]
    steps = steps[np.isfinite(steps)]
    n_blocks = steps.size // block
    if not n_blocks:
        return NullReason.TOO_FEW_BEATS
    blocks = steps[: n_blocks * block].reshape(n_blocks, block)
    return float(np.median(blocks.mean(axis=1))) / math.sqrt(2.0)


@compiled
def filtered_rr_ms(
    rr_ms: FloatArray, times_s: FloatArray, lag_s: float, warm_up_s: float
) -> FloatArray:
    """Give what QT sees of the rate: RR that has done 90 % of its way after `lag_s`.

    A first-order filter in time that starts anew behind an interval that is not known (NaN); NaN
    until `warm_up_s` after a start, shape (n,).
    """
    found = np.full(rr_ms.size, np.nan)
    per_s = _LN10 / lag_s
    value, start_s = np.nan, 0.0
    for i in range(rr_ms.size):
        if np.isnan(rr_ms[i]):
            value = np.nan
            continue
        if np.isnan(value):
            value, start_s = rr_ms[i], times_s[i]
        value += (1.0 - math.exp(-rr_ms[i] * 1e-3 * per_s)) * (rr_ms[i] - value)
        if times_s[i] - start_s >= warm_up_s:
            found[i] = value
    return found


def regression(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Give slope and R2 of y on x; NaN where one of them never changes."""
    x, y = x - x.mean(), y - y.mean()
    xx, yy, xy = float(x @ x), float(y @ y), float(x @ y)
    if xx <= 0.0 or yy <= 0.0:
        return math.nan, math.nan
    return xy / xx, xy * xy / (xx * yy)


def qt_on_rr(
    qt_ms: FloatArray,
    rr_ms: FloatArray,
    times_s: FloatArray,
    config: DynamicsConfig,
) -> tuple[float, float, int] | NullReason:
    """Give slope, R2 and the beats of the regression of QT on filtered RR."""
    pairs = _pairs(qt_ms, rr_ms, times_s, config.hysteresis_s, config)
    if isinstance(pairs, NullReason):
        return pairs
    slope, r2 = regression(*pairs)
    if math.isnan(slope):
        return NullReason.NOT_APPLICABLE
    return slope, r2, pairs[0].size


def qt_lag_s(
    qt_ms: FloatArray,
    rr_ms: FloatArray,
    times_s: FloatArray,
    config: DynamicsConfig,
) -> Value:
    """Give the lag with which filtered RR explains QT best.

    Null where the rate hardly changes, where RR explains less than `lag_least_r2` of QT, or where
    the best lag is no summit between `lag_s`.
    """
    lags_s = np.geomspace(*config.lag_s, config.n_lags)
    r2 = np.zeros(lags_s.size)
    for k, lag_s in enumerate(lags_s):
        pairs = _pairs(qt_ms, rr_ms, times_s, float(lag_s), config)
        if pairs is NullReason.TOO_FEW_BEATS:
            return pairs
        if not isinstance(pairs, NullReason):
            r2[k] = np.nan_to_num(regression(*pairs)[1])
    best = int(np.argmax(r2))
    if best in (0, lags_s.size - 1) or r2[best] < config.lag_least_r2:
        return NullReason.NOT_APPLICABLE
    left, top, right = r2[best - 1 : best + 2]
    curve = left - 2.0 * top + right
    summit = 0.5 * (left - right) / curve if curve < 0.0 else 0.0
    return float(lags_s[best] * (lags_s[1] / lags_s[0]) ** summit)


def _pairs(
    qt_ms: FloatArray,
    rr_ms: FloatArray,
    times_s: FloatArray,
    lag_s: float,
    config: DynamicsConfig,
) -> tuple[FloatArray, FloatArray] | NullReason:
    """Give filtered RR and QT of the beats that have both."""
    seen_ms = filtered_rr_ms(rr_ms, times_s, lag_s, config.warm_up_s)
    known = np.isfinite(seen_ms) & np.isfinite(qt_ms)
    if known.sum() < config.least_pairs:
        return NullReason.TOO_FEW_BEATS
    seen_ms = seen_ms[known]
    if float(np.subtract(*np.percentile(seen_ms, [95.0, 5.0]))) < config.least_rr_span_ms:
        return NullReason.NOT_APPLICABLE
    return seen_ms, qt_ms[known]
