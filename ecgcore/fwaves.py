"""The waves of fibrillating atria: what is left of a lead when QRS and T are taken away.

Each beat has the median of its class taken off, laid over its R peak and cut where the next beat
begins. Across the QRS itself, of which too much stays, a line is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore.band_pass import band_passed
from ecgcore.events import BeatClassified, NullReason
from ecgcore.limits import Count, Hertz, Seconds, Stretch
from ecgcore.nn import BoolArray
from ecgcore.stats import known_medians
from ecgcore.types import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class FWaveConfig:
    """All parameters of f waves."""

    least_s: Stretch = 10.0
    least_beats: Count = 3
    """Of a class; the stretch of other beats is not looked at."""
    steady_hz: Hertz = 0.5
    """Wander below is taken off first, lest beats differ by it."""
    before_s: Seconds = 0.10
    after_s: Seconds = 0.50
    """What of a beat is taken off, around R."""
    qrs_s: Seconds = 0.06
    """On either side of R a line is drawn."""
    frequency_hz: tuple[Hertz, Hertz] = (3.0, 12.0)
    """The dominant frequency is looked for between these."""
    band_hz: tuple[Hertz, Hertz] = (3.0, 24.0)
    """What f waves and their harmonics are made of."""
    around_hz: Hertz = 0.5
    """Power so near to the dominant frequency, or a harmonic, belongs to it."""
    segment_s: Stretch = 4.0
    """Of Welch's spectrum."""


class FWaves(NamedTuple):
    """What is left of one lead; by catalogue keys."""

    fwave_df: float
    fwave_amp: float
    fwave_org: float


def f_waves(
    ecg_mv: FloatArray,
    beats: Sequence[BeatClassified],
    first: int,
    fs_hz: float,
    config: FWaveConfig,
) -> FWaves | NullReason:
    """Measure f waves.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
        One lead, without NaN.
    first : int
        Counter of its first sample.
    """
    from scipy.signal import welch

    if ecg_mv.size < config.least_s * fs_hz:
        return NullReason.TOO_SHORT
    steady = band_passed(ecg_mv, (config.steady_hz, 0.45 * fs_hz), fs_hz)
    left_mv, is_known = _left(steady, beats, first, fs_hz, config)
    if is_known.mean() < 0.5:
        return NullReason.TOO_FEW_BEATS
    waves_mv = band_passed(left_mv, config.band_hz, fs_hz)
    n_segment = round(config.segment_s * fs_hz)
    hz, power = welch(waves_mv, fs_hz, nperseg=n_segment, nfft=4 * n_segment)
    inside = (hz >= config.frequency_hz[0]) & (hz <= config.frequency_hz[1])
    total = float(power[(hz >= config.band_hz[0]) & (hz <= config.band_hz[1])].sum())
    if total <= 0.0:
        return NullReason.NOT_APPLICABLE
    dominant_hz = float(hz[inside][np.argmax(power[inside])])
    harmonics = dominant_hz * np.arange(1, int(config.band_hz[1] / dominant_hz) + 1)
    away = np.abs(hz[:, np.newaxis] - harmonics).min(axis=1)
    is_own = (away <= config.around_hz) & (hz >= config.band_hz[0]) & (hz <= config.band_hz[1])
    return FWaves(
        fwave_df=dominant_hz,
        fwave_amp=float(np.sqrt(np.mean(waves_mv[is_known] ** 2))),
        fwave_org=float(power[is_own].sum()) / total,
    )


def _left(
    ecg_mv: FloatArray,
    beats: Sequence[BeatClassified],
    first: int,
    fs_hz: float,
    config: FWaveConfig,
) -> tuple[FloatArray, BoolArray]:
    """Take the beats off a lead; tell as well which samples are left as they were measured."""
    before, after = round(config.before_s * fs_hz), round(config.after_s * fs_hz)
    inside = [beat for beat in beats if before <= beat.sample - first < ecg_mv.size]
    places = np.array([beat.sample - first for beat in inside], np.int64)
    ends = np.minimum(places + after, np.r_[places[1:] - before, ecg_mv.size])
    grid = places[:, np.newaxis] + np.arange(-before, after)
    is_own = grid < ends[:, np.newaxis]
    rows = ecg_mv[np.minimum(grid, ecg_mv.size - 1)]
    left_mv, is_known = ecg_mv.copy(), np.ones(ecg_mv.size, bool)
    for label in {beat.label for beat in inside}:
        of_class = np.array([beat.label is label for beat in inside])
        own = is_own[of_class]
        if of_class.sum() < config.least_beats:
            left_mv[grid[of_class][own]] = 0.0
            is_known[grid[of_class][own]] = False
            continue
        template = _median(np.where(own, rows[of_class], np.nan))
        left_mv[grid[of_class][own]] -= np.broadcast_to(template, own.shape)[own]
    _bridge(left_mv, is_known, places, round(config.qrs_s * fs_hz))
    return left_mv, is_known


def _median(rows: FloatArray) -> FloatArray:
    """Give the medians of columns, 0 where a column is all NaN."""
    has_any = np.isfinite(rows).any(axis=0)
    median = np.zeros(rows.shape[1])
    median[has_any] = known_medians(rows[:, has_any].T)
    return median


def _bridge(
    left_mv: FloatArray,
    is_known: BoolArray,
    places: Int64Array,
    reach: int,
) -> None:
    around = places[:, np.newaxis] + np.arange(-reach, reach + 1)
    is_qrs = np.zeros(left_mv.size, bool)
    is_qrs[np.clip(around, 0, left_mv.size - 1)] = True
    at = np.arange(left_mv.size)
    left_mv[is_qrs] = np.interp(at[is_qrs], at[~is_qrs], left_mv[~is_qrs])
    is_known &= ~is_qrs
