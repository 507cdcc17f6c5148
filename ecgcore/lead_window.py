"""Spectrum and quality of one lead over a window, whatever beats there are.

All rest on the longest stretch without a missing sample. The spectrum is Welch's (1967): Hann
windows of 10 s, or of the stretch where that is shorter, which overlap by half. The frequencies
that stand for it, and its entropy, are those between 0.5 and 40 Hz. The curve that is kept of it is
the mean density of each whole hertz from 0 to 50.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ecgcore.average_signal import both, over
from ecgcore.events import NullReason
from ecgcore.measured import Said, Value
from ecgcore.nn import BoolArray
from ecgcore.types import FloatArray
from ecgcore.wavelet import N_LEVELS, energies_mv2

LEAST_S = 2.0
SEGMENT_S = 10.0
ECG_HZ = (0.5, 40.0)
MAINS_HZ = ((48.0, 52.0), (58.0, 62.0))
FLAT_S = 0.2
WANDER_STEP_S = 0.02
RAIL_S = 0.04
"""A limit that nobody told is where a signal stays so long at its very highest or lowest."""
CURVE_HZ = 50
"""The curve of power ends here; it has a value a hertz."""
BANDS_HZ: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "vlf": (0.05, 0.5),
        "lf": (0.5, 5.0),
        "mf": (5.0, 15.0),
        "mhf": (15.0, 40.0),
        "hf": (40.0, 100.0),
    }
)


@dataclass(frozen=True)
class LeadSignal:
    """A stretch of one lead without a missing sample."""

    ecg_mv: FloatArray
    """shape (n,)"""
    fs_hz: float
    rail_mv: float | None = None
    """Limit of the converter, either side of 0; None if it is not known."""

    @cached_property
    def density(self) -> tuple[FloatArray, FloatArray]:
        """Frequencies, Hz, and the power at each, mV^2/Hz."""
        n_segment = min(self.ecg_mv.size, round(SEGMENT_S * self.fs_hz))
        step = n_segment - n_segment // 2
        segments = sliding_window_view(self.ecg_mv, n_segment)[::step]
        window, scale = _hann(n_segment)
        away = segments - segments.mean(axis=1, keepdims=True)
        spectrum = np.fft.rfft(away * window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0) * (scale / self.fs_hz)
        # Each stands for its negative twin as well, which 0 and half the rate do not have.
        power[1 : (n_segment + 1) // 2] *= 2.0
        return np.arange(power.size) * (self.fs_hz / n_segment), power

    def power_mv2(self, band_hz: tuple[float, float]) -> Value:
        """Give the power in a half-open band; null beyond half the sampling rate."""
        if band_hz[1] > 0.5 * self.fs_hz:
            return NullReason.FS_TOO_LOW
        first, last = np.searchsorted(self.density[0], band_hz)
        return float(self._below_mv2[last] - self._below_mv2[first])

    @cached_property
    def _below_mv2(self) -> FloatArray:
        """Power below each frequency."""
        hz, power = self.density
        below: FloatArray = np.r_[0.0, np.cumsum(power)] * (hz[1] - hz[0])
        return below

    @cached_property
    def ecg_density(self) -> tuple[FloatArray, FloatArray]:
        """The same between 0.5 and 40 Hz."""
        hz, power = self.density
        inside = (hz >= ECG_HZ[0]) & (hz < ECG_HZ[1])
        return hz[inside], power[inside]

    @cached_property
    def moments(self) -> tuple[FloatArray, FloatArray]:
        """What each sample is away from the mean, and its square."""
        away = self.ecg_mv - self.ecg_mv.mean()
        return away, away * away

    @cached_property
    def shares(self) -> FloatArray | None:
        """That as shares of its sum; None if there is no power."""
        power = self.ecg_density[1]
        total = float(power.sum())
        return power / total if total > 0.0 else None

    @cached_property
    def energies_mv2(self) -> FloatArray:
        """Of each octave below half the rate, and of what is slower, shape (N_LEVELS + 1,)."""
        return energies_mv2(self.ecg_mv)

    @cached_property
    def is_flat(self) -> BoolArray:
        """Which samples lie in stretches of more than 200 ms without change."""
        return _is_held(self.ecg_mv, FLAT_S * self.fs_hz)

    @cached_property
    def is_rail(self) -> BoolArray | None:
        """Which samples lie at a limit of the converter; None if none can be told."""
        if self.rail_mv is not None:
            is_beyond: BoolArray = np.abs(self.ecg_mv) >= self.rail_mv
            return is_beyond
        low, high = float(self.ecg_mv.min()), float(self.ecg_mv.max())
        if low == high:
            return None
        is_extreme: BoolArray = (self.ecg_mv == low) | (self.ecg_mv == high)
        return is_extreme & _is_held(self.ecg_mv, RAIL_S * self.fs_hz)


Measure: TypeAlias = Callable[[LeadSignal], Value]


@lru_cache(maxsize=16)
def _hann(n: int) -> tuple[FloatArray, float]:
    """Give a periodic Hann window, and what makes its power one."""
    window: FloatArray = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)
    return window, 1.0 / float((window**2).sum())


def longest_span(ecg_mv: FloatArray) -> tuple[int, int]:
    """Give where the longest part of a lead, shape (n,), without NaN begins and ends."""
    borders = np.flatnonzero(np.isnan(ecg_mv))
    starts, ends = np.r_[0, borders + 1], np.r_[borders, ecg_mv.size]
    at = int(np.argmax(ends - starts))
    return int(starts[at]), int(ends[at])


def longest_stretch(ecg_mv: FloatArray) -> FloatArray:
    """Give that part."""
    first, end = longest_span(ecg_mv)
    return ecg_mv[first:end]


def measure_lead_window(
    ecg_mv: FloatArray,
    fs_hz: float,
    keys: Container[str] | None = None,
    rail_mv: float | None = None,
) -> dict[str, Said]:
    """Give every row of the table for one lead, or those of some keys.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_samples,)
        NaN where there is no sample.
    rail_mv : float, optional
        Limit of the converter, either side of 0.
    """
    wanted = [key for key in LEAD_WINDOW if keys is None or key in keys]
    stretch_mv = longest_stretch(ecg_mv)
    if stretch_mv.size < LEAST_S * fs_hz:
        is_short = ecg_mv.size < LEAST_S * fs_hz
        return dict.fromkeys(wanted, NullReason.TOO_SHORT if is_short else NullReason.GAP)
    signal = LeadSignal(stretch_mv, fs_hz, rail_mv)
    return {key: LEAD_WINDOW[key](signal) for key in wanted}


def _is_held(ecg_mv: FloatArray, longer_than: float) -> BoolArray:
    """Tell which samples lie in stretches without change of more than so many samples."""
    changes = np.flatnonzero(np.diff(ecg_mv)) + 1
    lengths = np.diff(np.r_[0, changes, ecg_mv.size])
    return np.repeat(lengths > longer_than, lengths)


def _curve(signal: LeadSignal) -> Said:
    """Give the mean density from each whole hertz to the next."""
    if signal.fs_hz < 2 * CURVE_HZ:
        return NullReason.FS_TOO_LOW
    hz, power = signal.density
    cell = hz.astype(np.int64)
    inside = cell < CURVE_HZ
    total = np.bincount(cell[inside], power[inside], CURVE_HZ)
    n = np.bincount(cell[inside], minlength=CURVE_HZ)
    return tuple(float(each) for each in total / n)


def _octave(level: int) -> Measure:
    return lambda signal: float(signal.energies_mv2[level])


def _band(name: str) -> Measure:
    return lambda signal: signal.power_mv2(BANDS_HZ[name])


def _ratio(one_hz: tuple[float, float], other_hz: tuple[float, float]) -> Measure:
    return lambda signal: both(signal.power_mv2(one_hz), signal.power_mv2(other_hz), over)


def _of_shares(value: Callable[[FloatArray, FloatArray], float]) -> Measure:
    """Something about frequencies and the share of power at each."""

    def measure(signal: LeadSignal) -> Value:
        if signal.shares is None:
            return NullReason.NOT_APPLICABLE
        return value(signal.ecg_density[0], signal.shares)

    return measure


def _edge(share: float) -> Measure:
    return _of_shares(lambda hz, shares: float(hz[np.searchsorted(np.cumsum(shares), share)]))


def _entropy(_: FloatArray, shares: FloatArray) -> float:
    there = shares[shares > 0.0]
    return float(-(there * np.log(there)).sum() / np.log(shares.size))


def _mains(signal: LeadSignal) -> Value:
    """Take the stronger of 50 and 60 Hz, of those below half the rate."""
    found = [_ratio(band, (5.0, 40.0))(signal) for band in MAINS_HZ]
    known = [value for value in found if not isinstance(value, NullReason)]
    return max(known) if known else found[0]


def _baseline(signal: LeadSignal) -> Value:
    share = _ratio((0.0, 1.0), (0.0, 40.0))(signal)
    return share if isinstance(share, NullReason) else 1.0 - share


@cache
def _low_pass(fs_hz: float) -> FloatArray:
    """Give a filter that leaves what is below 0.5 Hz."""
    from scipy.signal import butter

    sections: FloatArray = butter(2, ECG_HZ[0], fs=fs_hz, output="sos")
    return sections


def _wander_mv(signal: LeadSignal) -> Value:
    from scipy.signal import sosfiltfilt

    # Means of a fiftieth of a second hold all that is so slow.
    n = max(round(signal.fs_hz * WANDER_STEP_S), 1)
    means = signal.ecg_mv[: signal.ecg_mv.size // n * n].reshape(-1, n).mean(axis=1)
    low = sosfiltfilt(_low_pass(signal.fs_hz / n), means)
    return float(np.subtract(*np.percentile(low, [95.0, 5.0])))


def _skewness(signal: LeadSignal) -> Value:
    away, square = signal.moments
    variance = float(square.mean())
    return (
        float((square * away).mean()) / variance**1.5
        if variance > 0.0
        else NullReason.NOT_APPLICABLE
    )


def _kurtosis(signal: LeadSignal) -> Value:
    """Of a normal distribution it is 3."""
    square = signal.moments[1]
    variance = float(square.mean())
    return (
        float((square * square).mean()) / variance**2
        if variance > 0.0
        else NullReason.NOT_APPLICABLE
    )


def _flat(signal: LeadSignal) -> Value:
    return float(signal.is_flat.mean())


def _rail(signal: LeadSignal) -> Value:
    return NullReason.NOT_APPLICABLE if signal.is_rail is None else float(signal.is_rail.mean())


def _lead_off(signal: LeadSignal) -> Value:
    """Share of samples that are flat or at a limit: no device says more in a recording."""
    is_off = signal.is_flat if signal.is_rail is None else signal.is_flat | signal.is_rail
    return float(is_off.mean())


LEAD_WINDOW: Mapping[str, Callable[[LeadSignal], Said]] = MappingProxyType(
    {
        **{f"bp_{name}": _band(name) for name in BANDS_HZ},
        **{f"bp_rel_{name}": _ratio(band_hz, ECG_HZ) for name, band_hz in BANDS_HZ.items()},
        "f_dom": _of_shares(lambda hz, shares: float(hz[np.argmax(shares)])),
        "f_med": _edge(0.5),
        "f_centroid": _of_shares(lambda hz, shares: float(hz @ shares)),
        "sef95": _edge(0.95),
        "spectral_entropy": _of_shares(_entropy),
        "powerline_ratio": _mains,
        "wander_pp": _wander_mv,
        "k_sqi": _kurtosis,
        "s_sqi": _skewness,
        "p_sqi": _ratio((5.0, 15.0), (5.0, 40.0)),
        "bas_sqi": _baseline,
        "flat_frac": _flat,
        "rail_frac": _rail,
        "leadoff_frac": _lead_off,
        "psd": _curve,
        **{f"wavelet_e{level + 1}": _octave(level) for level in range(N_LEVELS)},
    }
)
