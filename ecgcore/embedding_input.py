"""What an encoder sees of a lead: its band, its rate, windows of one length, one scale.

An encoder's card names these; nothing here knows the encoder. A gain or an offset of the signal
changes nothing of what comes out, a missing sample leaves out every window it lies in.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgcore.types import FloatArray

SegmentArray = NDArray[np.float32]

_MOST_DENOMINATOR = 1000
"""A ratio of rates is taken as a fraction of numbers up to this."""
_TINY_MV = 1e-4
"""A window that varies less is no ECG."""


@dataclass(frozen=True, slots=True)
class EmbeddingInputConfig:
    """How a signal is made ready; a card gives these values."""

    fs_hz: float = 100.0
    """Rate of what the encoder sees."""
    length_s: float = 10.0
    """Of a window."""
    step_s: float = 10.0
    """From window to window; a last one ends with the signal if half of it would be left over."""
    low_hz: float = 0.5
    high_hz: float = 40.0
    scale: Literal["rms", "ranks"] = "rms"
    """rms: in root mean squares of the window; ranks: from -1, its lowest sample, to 1."""
    clip_rms: float = 8.0
    """Limit of what comes out, in root mean squares of the window."""
    beat_before_s: float = 0.44
    beat_after_s: float = 0.68
    """Of the window around an R peak."""

    @property
    def n_samples(self) -> int:
        """Of a window."""
        return round(self.length_s * self.fs_hz)

    @property
    def n_beat_samples(self) -> int:
        """Of the window around an R peak."""
        return round(self.beat_before_s * self.fs_hz) + round(self.beat_after_s * self.fs_hz)


@dataclass(frozen=True, slots=True)
class Segments:
    """Windows of one lead."""

    starts_s: FloatArray
    """shape (n,)"""
    values: SegmentArray
    """shape (n, n_samples); root mean square about 1."""


def resampled(ecg_mv: FloatArray, fs_hz: float, config: EmbeddingInputConfig) -> FloatArray:
    """Give a lead within the band and at the rate of the encoder.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n,)
        NaN where there is no sample; each stretch without NaN is filtered on its own.
    fs_hz : float
        More than twice `low_hz`.

    Returns
    -------
    FloatArray, shape (about n * config.fs_hz / fs_hz,)
        Sample k lies k / config.fs_hz after the first; NaN where there is no sample.
    """
    n_out = int(ecg_mv.size * config.fs_hz / fs_hz)
    out = np.full(n_out, np.nan)
    is_there = np.isfinite(ecg_mv)
    borders = np.flatnonzero(np.diff(is_there)) + 1
    for first, end in zip([0, *borders], [*borders, ecg_mv.size], strict=True):
        if first == end or not is_there[first]:
            continue
        # On the grid of the whole lead, from the first of its places inside the stretch.
        at = int(np.ceil(first * config.fs_hz / fs_hz))
        stretch = _stretch(ecg_mv[first:end], fs_hz, config, at / config.fs_hz - first / fs_hz)
        out[at : at + stretch.size] = stretch[: n_out - at]
    return out


def _stretch(
    ecg_mv: FloatArray, fs_hz: float, config: EmbeddingInputConfig, shift_s: float
) -> FloatArray:
    from scipy.signal import resample_poly, sosfiltfilt

    sections = _band(fs_hz, config)
    reach = min(round(fs_hz), ecg_mv.size - 1)
    inside = sosfiltfilt(sections, ecg_mv - ecg_mv.mean(), padlen=reach)
    ratio = Fraction(config.fs_hz / fs_hz).limit_denominator(_MOST_DENOMINATOR)
    if abs(shift_s) > 0.0:
        places = np.arange(inside.size, dtype=float)
        inside = np.interp(places + shift_s * fs_hz, places, inside)
    if ratio == 1:
        return np.asarray(inside)
    return np.asarray(resample_poly(inside, ratio.numerator, ratio.denominator))


@cache
def _band(fs_hz: float, config: EmbeddingInputConfig) -> FloatArray:
    from scipy.signal import butter

    edges = (config.low_hz, min(config.high_hz, 0.45 * fs_hz))
    return np.asarray(butter(2, edges, "band", fs=fs_hz, output="sos"))


def segments_of(ecg_mv: FloatArray, fs_hz: float, config: EmbeddingInputConfig) -> Segments:
    """Cut a lead, shape (n,), into the windows an encoder sees."""
    signal = resampled(ecg_mv, fs_hz, config)
    starts = starts_of(signal.size, config)
    windows = signal[starts[:, None] + np.arange(config.n_samples)]
    scale = scales_of(windows)
    usable = np.isfinite(scale)
    return Segments(
        starts[usable] / config.fs_hz,
        scaled(windows[usable], scale[usable], config),
    )


def starts_of(n_samples: int, config: EmbeddingInputConfig) -> NDArray[np.int64]:
    """Give where windows start, in samples of the encoder's rate."""
    length = config.n_samples
    if n_samples < length:
        return np.zeros(0, np.int64)
    starts = np.arange(0, n_samples - length + 1, round(config.step_s * config.fs_hz))
    left = n_samples - int(starts[-1]) - length
    return np.append(starts, n_samples - length) if 2 * left >= length else starts


def scales_of(windows: FloatArray) -> FloatArray:
    """Give the root mean square of each window, shape (n,); NaN where it is no ECG.

    What stands out by more than five times is left out, so that an artefact does not hide the rest.
    """
    squares = windows**2
    rms = np.sqrt(squares.mean(axis=1))
    inner = np.sqrt(np.minimum(squares, (5.0 * rms[:, None]) ** 2).mean(axis=1))
    return np.where(inner >= _TINY_MV, inner, np.nan)


def scaled(windows: FloatArray, scale: FloatArray, config: EmbeddingInputConfig) -> SegmentArray:
    """Divide windows, shape (n, n_samples), by their scales, shape (n,), or give ranks."""
    if config.scale == "ranks":
        ranks = windows.argsort(axis=1, kind="stable").argsort(axis=1)
        return np.asarray(2.0 * ranks / (windows.shape[1] - 1) - 1.0, np.float32)
    values = windows / scale[:, None]
    return np.clip(values, -config.clip_rms, config.clip_rms).astype(np.float32)


def beats_of(
    ecg_mv: FloatArray, fs_hz: float, places_s: FloatArray, config: EmbeddingInputConfig
) -> tuple[SegmentArray, NDArray[np.bool_]]:
    """Cut a lead into windows around R peaks, scaled as the 10 s around each are.

    Parameters
    ----------
    places_s : FloatArray, shape (n_beats,)
        Of R peaks.

    Returns
    -------
    SegmentArray, shape (n_whole, config.n_beat_samples)
        Of the beats whose window is whole.
    NDArray of bool, shape (n_beats,)
        Which these are.
    """
    signal = resampled(ecg_mv, fs_hz, config)
    at = np.round(places_s * config.fs_hz).astype(np.int64)
    first = at - round(config.beat_before_s * config.fs_hz)
    is_inside = (first >= 0) & (first + config.n_beat_samples <= signal.size)
    windows = signal[first[is_inside, None] + np.arange(config.n_beat_samples)]
    around = np.clip(
        at[is_inside] - config.n_samples // 2, 0, max(signal.size - config.n_samples, 0)
    )
    reach = np.arange(min(config.n_samples, signal.size))
    scale = _present_scales(signal[around[:, None] + reach])
    usable = np.isfinite(scale) & np.isfinite(windows).all(axis=1)
    is_whole = is_inside.copy()
    is_whole[is_inside] = usable
    return scaled(windows[usable], scale[usable], config), is_whole


def _present_scales(windows: FloatArray) -> FloatArray:
    """Give the scales of windows some samples of which are missing."""
    present = np.isfinite(windows)
    share = np.maximum(present.mean(axis=1), 1e-9)
    return np.asarray(scales_of(np.where(present, windows, 0.0)) / np.sqrt(share))
