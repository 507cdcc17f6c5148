"""Heart-rate variability in the frequency domain (Task Force 1996), over normal intervals.

A *piece* is a row of normal intervals without lost samples and without a hole longer than a
premature beat with its pause. Pieces are sampled evenly along a cubic spline, cut into segments
and their spectra averaged; nothing is formed from one piece to the next. Segments are as long as
the slowest band that the longest piece allows asks for, and pieces too short for it are left out.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ecgcore.hrv_config import Band, Detrend, HrvConfig, PsdMethod
from ecgcore.jit import compiled
from ecgcore.nn_series import NnSeries
from ecgcore.types import FloatArray

HIGHEST_HZ = 0.5
LEAST_NN = 8
"""Intervals of a piece, and of a segment of it."""
_BETA_BINS = 20
"""Evenly on the logarithmic axis, lest the fast end outweigh the slow one."""
_PAD = 4
"""Spectra are sampled this much finer than segments are long, so that bands end where they say."""


class Spectrum(NamedTuple):
    """One-sided power density."""

    frequency_hz: FloatArray
    """shape (n,), from 0, evenly"""
    density_ms2_hz: FloatArray
    """shape (n,)"""
    piece_s: float
    """Length of the longest piece, with an interval more at either end."""

    def power_ms2(self, band: Band) -> float:
        """Integrate over a band, each value standing for the cell around it."""
        half_hz = 0.5 * self.frequency_hz[1]
        begin_hz = np.maximum(self.frequency_hz - half_hz, max(band.low_hz, 0.0))
        end_hz = np.minimum(self.frequency_hz + half_hz, band.high_hz)
        return float((self.density_ms2_hz * np.maximum(end_hz - begin_hz, 0.0)).sum())

    def peak_hz(self, band: Band) -> float:
        """Give the frequency of most power in a band; NaN without any."""
        inside = np.flatnonzero(self._inside(band))
        if not inside.size or not self.density_ms2_hz[inside].any():
            return float("nan")
        return float(self.frequency_hz[inside[np.argmax(self.density_ms2_hz[inside])]])

    def slope(self, band: Band) -> float:
        """Give the slope of log power against log frequency over a band."""
        edges = np.geomspace(band.low_hz, band.high_hz, _BETA_BINS + 1)
        place = np.searchsorted(edges, self.frequency_hz, side="right") - 1
        inside = (place >= 0) & (place < _BETA_BINS)
        count = np.bincount(place[inside], minlength=_BETA_BINS)
        total = np.bincount(place[inside], self.density_ms2_hz[inside], minlength=_BETA_BINS)
        used = (count > 0) & (total > 0.0)
        if used.sum() < _BETA_BINS // 2:
            return float("nan")
        middle = np.log10(edges[:-1] * edges[1:])[used] / 2.0
        apart = middle - middle.mean()
        level = np.log10(total[used] / count[used])
        return float((apart * level).sum() / (apart**2).sum())

    def _inside(self, band: Band) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return (self.frequency_hz >= band.low_hz) & (self.frequency_hz < band.high_hz)


class FrequencyDomain(NamedTuple):
    """By catalogue keys."""

    ulf: float
    vlf: float
    lf: float
    hf: float
    vhf: float
    tp: float
    lf_nu: float
    """LF as a share of LF and HF, 0 to 100."""
    hf_nu: float
    lf_n: float
    """LF as a share of the total power, 0 to 100."""
    hf_n: float
    lf_hf: float
    lf_peak: float
    hf_peak: float
    ln_hf: float
    ln_lf: float
    beta_slope: float


def frequency_domain(spectrum: Spectrum, config: HrvConfig) -> FrequencyDomain:
    """Measure the bands of a spectrum."""
    hf_band = config.hf_band
    lf, hf = spectrum.power_ms2(config.lf), spectrum.power_ms2(hf_band)
    total = spectrum.power_ms2(config.total)
    return FrequencyDomain(
        ulf=spectrum.power_ms2(config.ulf),
        vlf=spectrum.power_ms2(config.vlf),
        lf=lf,
        hf=hf,
        vhf=spectrum.power_ms2(config.vhf),
        tp=total,
        lf_nu=100.0 * _over(lf, lf + hf),
        hf_nu=100.0 * _over(hf, lf + hf),
        lf_n=100.0 * _over(lf, total),
        hf_n=100.0 * _over(hf, total),
        lf_hf=_over(lf, hf),
        lf_peak=spectrum.peak_hz(config.lf),
        hf_peak=spectrum.peak_hz(hf_band),
        ln_hf=float(np.log(hf)) if hf > 0.0 else float("nan"),
        ln_lf=float(np.log(lf)) if lf > 0.0 else float("nan"),
        beta_slope=spectrum.slope(config.beta),
    )


def _over(value: float, by: float) -> float:
    return value / by if by > 0.0 else float("nan")


def longest_piece_s(nn: NnSeries, config: HrvConfig) -> float:
    """Give the length of the longest piece, with an interval more at either end."""
    return max((_reach_s(piece) for piece in _pieces(nn, config.max_bridge_s)), default=0.0)


def spectrum_of(nn: NnSeries, config: HrvConfig) -> Spectrum | None:
    """Give the spectrum of normal intervals; None where no piece is long enough for HF."""
    least = config.least
    pieces = _pieces(nn, config.max_bridge_s)
    longest_s = max((_reach_s(piece) for piece in pieces), default=0.0)
    if longest_s < least.hf_s:
        return None
    levels_s = (least.long_s, least.vlf_s, least.lf_s, least.hf_s)
    level_s = next(level for level in levels_s if longest_s >= level)
    used = [piece for piece in pieces if _reach_s(piece) >= level_s]
    # Up to where LF is given a window is as long as it may be.
    segment_s = max(level_s, config.window_s)
    n_most = max(int((piece.end_ms[-1] - piece.end_ms[0]) * _per_ms(config)) + 1 for piece in used)
    n_segment = min(round(segment_s * config.resample_hz), n_most)
    n_fft = 1 << (_PAD * n_segment - 1).bit_length()
    step_hz = config.resample_hz / n_fft
    frequency_hz = step_hz * np.arange(int(HIGHEST_HZ / step_hz) + 2, dtype=float)
    total, weight = np.zeros(frequency_hz.size), 0.0
    for piece in used:
        for density, n in _densities(piece, n_segment, n_fft, frequency_hz, config):
            total += n * density
            weight += n
    if not weight:
        return None
    return Spectrum(frequency_hz, total / weight, longest_s)


def _per_ms(config: HrvConfig) -> float:
    return config.resample_hz / 1e3


def _pieces(nn: NnSeries, max_bridge_s: float) -> list[NnSeries]:
    hole_ms = nn.end_ms[1:] - nn.nn_ms[1:] - nn.end_ms[:-1]
    ends = np.flatnonzero((nn.stretch[1:] != nn.stretch[:-1]) | (hole_ms > 1e3 * max_bridge_s))
    bounds = [0, *(int(end) + 1 for end in ends), nn.n]
    return [
        NnSeries(nn.nn_ms[a:b], nn.end_ms[a:b], nn.run[a:b], nn.stretch[a:b])
        for a, b in pairwise(bounds)
        if b - a >= LEAST_NN
    ]


def _reach_s(piece: NnSeries) -> float:
    """Give how long a recording it may fill: beats leave up to an interval at either end."""
    span_ms = piece.end_ms[-1] - piece.end_ms[0] + piece.nn_ms[0]
    return float(span_ms + 2.0 * piece.nn_ms.mean()) / 1e3


def _densities(
    piece: NnSeries, n_segment: int, n_fft: int, frequency_hz: FloatArray, config: HrvConfig
) -> Iterator[tuple[FloatArray, int]]:
    """Give the density of each segment of a piece, and its weight."""
    n = int((piece.end_ms[-1] - piece.end_ms[0]) * _per_ms(config)) + 1
    length = min(n_segment, n)
    # Spread evenly, so that neighbours overlap by half or more and no end is left over.
    n_segments = 1 + -(-2 * (n - length) // length)
    starts = np.linspace(0, n - length, n_segments).astype(np.int64)
    if config.psd is PsdMethod.LOMB:
        time_s = (piece.end_ms - piece.end_ms[0]) / 1e3
        for start in starts:
            begin_s, end_s = start / config.resample_hz, (start + length) / config.resample_hz
            inside = (time_s >= begin_s) & (time_s < end_s)
            if inside.sum() < LEAST_NN:
                continue
            values = _level(piece.nn_ms[inside], time_s[inside], config.detrend)
            yield lomb_density(time_s[inside], values, frequency_hz), length
        return
    even = _sampled(piece, n, config)
    at = np.arange(length, dtype=float)
    density = _ar_density if config.psd is PsdMethod.AR else _periodogram
    for start in starts:
        values = _level(even[start : start + length], at, config.detrend)
        yield density(values, n_fft, config)[: frequency_hz.size], length


def _sampled(piece: NnSeries, n: int, config: HrvConfig) -> FloatArray:
    """Give `n` evenly sampled intervals along a spline through the ends of intervals."""
    # Costly to import, and of use for spectra alone.
    from scipy.interpolate import CubicSpline

    at_ms = piece.end_ms[0] + np.arange(n) / _per_ms(config)
    even: FloatArray = CubicSpline(piece.end_ms, piece.nn_ms)(at_ms)
    return even


def _level(values: FloatArray, at: FloatArray, detrend: Detrend) -> FloatArray:
    level: FloatArray = values - values.mean()
    if detrend is Detrend.LINEAR:
        apart = at - at.mean()
        level = level - apart * ((apart * level).sum() / (apart**2).sum())
    return level


def _periodogram(values: FloatArray, n_fft: int, config: HrvConfig) -> FloatArray:
    """Give the one-sided density of a segment under a Hann window."""
    n = values.size
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)
    power: FloatArray = np.abs(np.fft.rfft(values * window, n_fft)) ** 2
    power *= 2.0 / (config.resample_hz * float((window**2).sum()))
    return power


def _ar_density(values: FloatArray, n_fft: int, config: HrvConfig) -> FloatArray:
    """Give the one-sided density of an autoregressive model fitted by Burg's method."""
    coefficients, variance = burg(values, config.ar_order)
    response = np.abs(np.fft.rfft(coefficients, n_fft)) ** 2
    density: FloatArray = 2.0 * variance / config.resample_hz / response
    return density


def burg(values: FloatArray, order: int) -> tuple[FloatArray, float]:
    """Fit an autoregressive model: coefficients from 1 on, and the variance of what drives it."""
    coefficients = np.ones(1)
    variance = float((values**2).mean())
    ahead, behind = values[1:], values[:-1]
    for _ in range(order):
        energy = float((ahead**2).sum() + (behind**2).sum())
        reflection = -2.0 * float((ahead * behind).sum()) / energy if energy else 0.0
        padded = np.concatenate((coefficients, [0.0]))
        coefficients = padded + reflection * padded[::-1]
        variance *= 1.0 - reflection**2
        ahead, behind = (
            (ahead + reflection * behind)[1:],
            (behind + reflection * ahead)[:-1],
        )
    return coefficients, variance


@compiled
def lomb_density(time_s: FloatArray, values: FloatArray, frequency_hz: FloatArray) -> FloatArray:
    """Give the one-sided density of unevenly placed values of mean 0 (Lomb 1976, Scargle 1982).

    Scaled so that its integral is the variance; nothing at frequency 0.
    """
    n = time_s.size
    spacing_s = (time_s[n - 1] - time_s[0]) / (n - 1)
    density = np.zeros(frequency_hz.size)
    for k in range(frequency_hz.size):
        omega = 2.0 * np.pi * frequency_hz[k]
        if omega == 0.0:
            continue
        sine = cosine = 0.0
        for i in range(n):
            sine += np.sin(2.0 * omega * time_s[i])
            cosine += np.cos(2.0 * omega * time_s[i])
        shift = 0.5 * np.arctan2(sine, cosine)
        of_cos = of_sin = cos_square = sin_square = 0.0
        for i in range(n):
            c, s = np.cos(omega * time_s[i] - shift), np.sin(omega * time_s[i] - shift)
            of_cos += values[i] * c
            of_sin += values[i] * s
            cos_square += c * c
            sin_square += s * s
        power = of_cos * of_cos / cos_square
        if sin_square > 0.0:
            power += of_sin * of_sin / sin_square
        density[k] = spacing_s * power
    return density
