"""Breathing out of three modulations of the heart beat.

Breathing turns the heart's axis and changes the chest, so R waves grow and shrink and QRS areas
with them; and it modulates the sinus node. The amplitude of R, the area of QRS and the NN interval
of the usual beats are sampled evenly along a cubic spline, window by window, and the spectrum of
each between the slowest and the fastest breath is brought to a sum of 1. The mean of the three has
its peak at the breathing rate, if that is a rate at all: two of the three must have their own peak
within `apart_hz` of it, and the power must lie around it. Of several leads the spectra of
amplitude, and of area, are averaged first. The rate is the median over the windows that agree,
of which there must be enough.
"""

from typing import NamedTuple

import numpy as np

from ecgcore.breathing_config import BreathingConfig
from ecgcore.events import NullReason
from ecgcore.types import FloatArray, Int64Array

_N_FFT_S = 256.0
"""Spectra are sampled as finely as of a window so long."""
_WINDOW_MS = (-60.0, 60.0)
_LEVEL_MS = 12.0
_NEARLY = 0.95
"""So much of a window is one: a recording as long as a window has seldom beats from end to end."""
_LEAST_SPAN = 0.9
"""Of a window, from its first beat to its last."""


class Modulations(NamedTuple):
    """What breathing moves, beat by beat; NaN where it is not known."""

    times_s: FloatArray
    """shape (n,), rising"""
    amplitude_mv: FloatArray
    """shape (n_leads, n); of R"""
    area_mv_ms: FloatArray
    """shape (n_leads, n); of QRS, all counted as positive"""
    nn_ms: FloatArray
    """shape (n,)"""


class Breathing(NamedTuple):
    """What was found."""

    rate_hz: float
    n_windows: int
    """That agreed."""


def qrs_area_mv_ms(ecg_mv: FloatArray, samples: Int64Array, fs_hz: float) -> FloatArray:
    """Give the area under each QRS, over the level before it, shape (n_leads, n_beats).

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
    samples : Int64Array, shape (n_beats,)
        R peaks.
    """
    first, last = (round(ms * 1e-3 * fs_hz) for ms in _WINDOW_MS)
    places = samples[:, np.newaxis] + np.arange(first, last + 1)
    inside = (places[:, 0] >= 0) & (places[:, -1] < ecg_mv.shape[1])
    area = np.full((ecg_mv.shape[0], samples.size), np.nan)
    beats = ecg_mv[:, places[inside]]
    n_level = max(round(_LEVEL_MS * 1e-3 * fs_hz), 1)
    level = np.median(beats[:, :, :n_level], axis=2, keepdims=True)
    area[:, inside] = np.abs(beats - level).sum(axis=2) * 1e3 / fs_hz
    return area


def breathing_of(given: Modulations, config: BreathingConfig) -> Breathing | NullReason:
    """Find the breathing rate.

    Returns
    -------
    Breathing or NullReason
        `too_few_beats` where no window has enough usual beats, `not_applicable` where the
        modulations do not agree on a rate.
    """
    rates = [
        _rate_hz(given, first, last, config) for first, last in windows_of(given.times_s, config)
    ]
    judged = [rate for rate in rates if rate is not None]
    if not judged:
        return NullReason.TOO_FEW_BEATS
    agreed = [rate for rate in judged if np.isfinite(rate)]
    if len(agreed) < max(config.least_windows * len(judged), 1.0):
        return NullReason.NOT_APPLICABLE
    return Breathing(float(np.median(agreed)), len(agreed))


def windows_of(times_s: FloatArray, config: BreathingConfig) -> list[tuple[int, int]]:
    """Give the windows of a row of beats as (first, last exclusive); none reaches across a hole."""
    found: list[tuple[int, int]] = []
    borders = np.flatnonzero(np.diff(times_s) > config.hole_s) + 1
    for first, last in zip(np.r_[0, borders], np.r_[borders, times_s.size], strict=True):
        if last - first < 2:
            continue
        length_s = times_s[last - 1] - times_s[first]
        # The first and last beat lie up to an interval within their window.
        slack_s = 2.0 * length_s / (last - first - 1)
        if length_s + slack_s < _NEARLY * config.least_s:
            continue
        n = max(round(2.0 * (length_s + slack_s) / config.window_s) - 1, 1)
        starts_s = times_s[first] + np.linspace(
            0.0, max(length_s - config.window_s, 0.0), n if length_s > config.window_s else 1
        )
        ends = np.searchsorted(times_s, starts_s + config.window_s, side="right")
        begins = np.searchsorted(times_s, starts_s)
        found += [
            (int(begin), int(min(end, last))) for begin, end in zip(begins, ends, strict=True)
        ]
    return found


def _rate_hz(given: Modulations, first: int, last: int, config: BreathingConfig) -> float | None:
    """Give the rate of one window; NaN where there is no agreement, None where too few beats."""
    times_s = given.times_s[first:last]
    rows = np.vstack(
        [
            given.amplitude_mv[:, first:last],
            given.area_mv_ms[:, first:last],
            given.nn_ms[first:last],
        ]
    )
    n_leads = given.amplitude_mv.shape[0]
    known = np.isfinite(rows)
    if (
        known[-1].mean() < config.usual_share
        or times_s[-1] - times_s[0] < _LEAST_SPAN * config.least_s
    ):
        return None
    is_row = known.mean(axis=1) >= config.usual_share
    rows[~is_row] = 0.0
    for k in np.flatnonzero(is_row & ~known.all(axis=1)):
        rows[k] = np.interp(times_s, times_s[known[k]], rows[k, known[k]])
    even = evenly(times_s, rows, config.resample_hz)
    beat_hz = 1e3 / float(np.mean(given.nn_ms[first:last][known[-1]]))
    hz, shares = _shares(even, min(config.high_hz, config.most_of_rate * beat_hz), config)
    # A row without any change has no share.
    is_row &= np.isfinite(shares).all(axis=1)
    kinds = [slice(0, n_leads), slice(n_leads, 2 * n_leads), slice(2 * n_leads, None)]
    each = [shares[kind][is_row[kind]].mean(axis=0) for kind in kinds if is_row[kind].any()]
    if len(each) < config.least_agreeing:
        return float("nan")
    return _agreed_hz(hz, np.array(each), config)


def _agreed_hz(hz: FloatArray, each: FloatArray, config: BreathingConfig) -> float:
    """Give the peak of the mean spectrum; NaN where too few of them share it."""
    fused = each.mean(axis=0)
    at = int(np.argmax(fused))
    n_near = int((np.abs(hz[each.argmax(axis=1)] - hz[at]) <= config.apart_hz).sum())
    share = float(fused[np.abs(hz - hz[at]) <= config.around_hz].sum())
    # A peak at the very edge is the flank of something slower or faster.
    is_edge = at in (0, hz.size - 1)
    if n_near < config.least_agreeing or share < config.least_share or is_edge:
        return float("nan")
    return float(hz[at])


def evenly(times_s: FloatArray, rows: FloatArray, rate_hz: float) -> FloatArray:
    """Sample rows over rising times evenly along a cubic spline, shape (n_rows, n_even)."""
    from scipy.interpolate import CubicSpline

    at_s = np.arange(times_s[0], times_s[-1], 1.0 / rate_hz)
    even: FloatArray = CubicSpline(times_s, rows, axis=1)(at_s)
    return even


def _shares(
    even: FloatArray, high_hz: float, config: BreathingConfig
) -> tuple[FloatArray, FloatArray]:
    """Give frequencies of breathing and each row's share of power at them; NaN without any."""
    from scipy.signal import detrend

    n_fft = round(_N_FFT_S * config.resample_hz)
    waves = detrend(even, axis=1) * np.hanning(even.shape[1])
    power = np.abs(np.fft.rfft(waves, n_fft, axis=1)) ** 2
    hz = np.arange(n_fft // 2 + 1, dtype=float) * (config.resample_hz / n_fft)
    inside = (hz >= config.low_hz) & (hz <= high_hz)
    total = power[:, inside].sum(axis=1, keepdims=True)
    # What the spline leaves of a level row is no modulation.
    is_level = total <= 1e-16 * np.mean(even**2, axis=1, keepdims=True)
    shares: FloatArray = power[:, inside] / np.where(is_level, np.nan, total)
    return hz[inside], shares
