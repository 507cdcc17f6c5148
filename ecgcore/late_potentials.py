"""What is fast and small in the averaged QRS: its highest frequencies, and late potentials."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_signal import AverageSignal
from ecgcore.band_pass import band_passed, band_sections
from ecgcore.events import NullReason
from ecgcore.limits import Count, Factor, Hertz, Microvolts, Seconds
from ecgcore.measured import Value
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class LateConfig:
    """All parameters of the signal-averaged ECG."""

    least_fs_hz: Hertz = 1000.0
    fast_hz: tuple[Hertz, Hertz] = (150.0, 250.0)
    late_hz: tuple[Hertz, Hertz] = (40.0, 250.0)
    order: Count = 4
    last_s: Seconds = 0.04
    small_uv: Microvolts = 40.0
    noise_s: Seconds = 0.04
    """Length of the quietest stretch of ST and T, which the noise is told by."""
    search_s: Seconds = 0.06
    """The filtered QRS may begin and end so far outside the QRS."""
    piece_s: Seconds = 0.005
    above_sd: Factor = 3.0
    """It ends with the last piece whose mean is so many deviations over that of the noise."""
    most_noise_uv: Microvolts = 1.0
    """More noise hides late potentials (ESC/AHA/ACC 1991)."""


class LatePotentials(NamedTuple):
    """By catalogue keys."""

    saecg_fqrsd: float
    saecg_rms40: float
    saecg_las40: float


def fast_qrs_uv(signal: AverageSignal, lead: int, config: LateConfig) -> Value:
    """Give the root mean square of the QRS of one lead in the fast band."""
    if signal.fs_hz < config.least_fs_hz:
        return NullReason.FS_TOO_LOW
    if not signal.has(m.QRS_ON, m.QRS_OFF):
        return NullReason.NOT_APPLICABLE
    fast_mv = band_passed(signal.beat.ecg_mv[lead], config.fast_hz, signal.fs_hz, config.order)
    inside = fast_mv[signal.index(m.QRS_ON) : signal.index(m.QRS_OFF) + 1]
    return 1e3 * math.sqrt(float(np.mean(inside**2)))


def late_potentials(signal: AverageSignal, config: LateConfig) -> LatePotentials | NullReason:
    """Measure the filtered QRS of the vector magnitude (Simson 1981).

    The leads X, Y, Z are filtered towards the middle of the QRS from either side, so that the
    filter rings inwards and leaves the ends where they are.
    """
    if signal.fs_hz < config.least_fs_hz:
        return NullReason.FS_TOO_LOW
    if not signal.has_eight:
        return NullReason.LEAD_MISSING
    if not signal.has(m.QRS_ON, m.QRS_OFF):
        return NullReason.NOT_APPLICABLE
    size_uv = 1e3 * np.linalg.norm(_filtered(signal, config), axis=0)
    return measured_late(
        size_uv, signal.index(m.QRS_ON), signal.index(m.QRS_OFF), signal.fs_hz, config
    )


def _filtered(signal: AverageSignal, config: LateConfig) -> FloatArray:
    from scipy.signal import sosfilt

    band = band_sections(*config.late_hz, signal.fs_hz, config.order)
    xyz = signal.xyz_mv
    middle = (signal.index(m.QRS_ON) + signal.index(m.QRS_OFF)) // 2
    forward = sosfilt(band, xyz - xyz[:, :1], axis=1)
    backward = sosfilt(band, (xyz - xyz[:, -1:])[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([forward[:, :middle], backward[:, middle:]], axis=1)


def measured_late(
    size_uv: FloatArray, on: int, off: int, fs_hz: float, config: LateConfig
) -> LatePotentials | NullReason:
    """Measure a filtered vector magnitude, shape (n,), whose QRS lies about `on` to `off`."""
    reach, piece = round(config.search_s * fs_hz), max(round(config.piece_s * fs_hz), 1)
    noise = _quietest(size_uv[off + reach :], round(config.noise_s * fs_hz))
    if noise is None:
        return NullReason.TOO_SHORT
    mean_uv, sd_uv = noise
    if math.hypot(mean_uv, sd_uv) > config.most_noise_uv:
        return NullReason.LOW_SQI
    begin, end = max(on - reach, 0), min(off + reach, size_uv.size - piece)
    means = np.convolve(size_uv, np.full(piece, 1.0 / piece), "valid")[begin:end]
    loud = np.flatnonzero(means > mean_uv + config.above_sd * sd_uv)
    if not loud.size:
        return NullReason.NOT_APPLICABLE
    # The bound is the middle of the outermost piece.
    first, last = (begin + int(loud[k]) + piece // 2 for k in (0, -1))
    tail_uv = size_uv[max(last + 1 - round(config.last_s * fs_hz), 0) : last + 1]
    above = np.flatnonzero(size_uv[first : last + 1] >= config.small_uv)
    n_small = last - first - int(above[-1]) if above.size else last - first
    return LatePotentials(
        saecg_fqrsd=(last - first) * 1e3 / fs_hz,
        saecg_rms40=math.sqrt(float(np.mean(tail_uv**2))),
        saecg_las40=n_small * 1e3 / fs_hz,
    )


def _quietest(size_uv: FloatArray, n: int) -> tuple[float, float] | None:
    """Give mean and deviation of the quietest stretch of `n` samples; None if there is none."""
    if size_uv.size < n:
        return None
    stretches = np.lib.stride_tricks.sliding_window_view(size_uv, n)
    best = stretches[int(np.argmin(stretches.mean(axis=1)))]
    return float(best.mean()), float(best.std())
