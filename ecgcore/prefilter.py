"""Filtering a whole recording before anything is measured; the default leaves it as it is.

The stages of the pipeline filter for themselves what they need. This is for recordings that shall
be measured as another system would show them: zero-phase, so that no wave moves, and run by run, so
that nothing reaches across missing samples.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

import numpy as np
from annotated_types import Interval
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import butter, filtfilt, iirnotch, sosfiltfilt

from ecgcore.limits import Hertz, Seconds
from ecgcore.types import FloatArray

_MAINS_WIDTH_HZ = 2.0
_LEAST_S = 1.0
_Running: TypeAlias = Callable[[FloatArray, int], FloatArray]


class FilterMethod(StrEnum):
    """What is taken from a recording."""

    NONE = "none"
    BANDPASS = "bandpass"
    """All outside the band (Butterworth, forwards and backwards)."""
    MEDIAN_DECOMPOSITION = "median_decomposition"
    """The baseline: what two running medians leave, one over the QRS, one over the T wave."""
    MEAN_DECOMPOSITION = "mean_decomposition"
    """The same with running means; cheaper, and it bends ST under tall waves."""


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """How a recording is filtered (biomarkers, section 1a)."""

    method: FilterMethod = FilterMethod.NONE
    high_pass_hz: Hertz = 0.05
    low_pass_hz: Hertz = 150.0
    """Of the band-pass; 0.05 to 150 Hz is the diagnostic band of adults. Half the rate at most."""
    order: Annotated[int, Interval(ge=1, le=8)] = 2
    baseline_s: tuple[Seconds, Seconds] = (0.2, 0.6)
    """Lengths of the two running medians or means."""
    mains_hz: Annotated[float, Interval(ge=45.0, le=65.0)] | None = None
    """Where hum is notched out, 50 or 60; None: nowhere."""


def filtered(ecg_mv: FloatArray, fs_hz: float, config: FilterConfig) -> FloatArray:
    """Filter all leads of a recording.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
        NaN where there is no sample; it stays NaN.

    Returns
    -------
    FloatArray, shape (n_leads, n_samples)
        A run shorter than a second is left as it is.
    """
    if config.method is FilterMethod.NONE and config.mains_hz is None:
        return ecg_mv
    found = ecg_mv.copy()
    for lead in found:
        for run in _runs(lead, round(_LEAST_S * fs_hz)):
            lead[run] = _of_run(lead[run], fs_hz, config)
    return found


def _runs(lead: FloatArray, least: int) -> Iterator[slice]:
    is_there = np.r_[False, np.isfinite(lead), False]
    borders = np.flatnonzero(is_there[1:] != is_there[:-1])
    for first, last in zip(borders[::2], borders[1::2], strict=True):
        if last - first >= least:
            yield slice(int(first), int(last))


def _of_run(run_mv: FloatArray, fs_hz: float, config: FilterConfig) -> FloatArray:
    if config.mains_hz is not None and config.mains_hz < fs_hz / 2.0:
        b, a = iirnotch(config.mains_hz, config.mains_hz / _MAINS_WIDTH_HZ, fs_hz)
        run_mv = filtfilt(b, a, run_mv)
    match config.method:
        case FilterMethod.NONE:
            return run_mv
        case FilterMethod.BANDPASS:
            return _bandpass(run_mv, fs_hz, config)
        case FilterMethod.MEDIAN_DECOMPOSITION:
            return run_mv - _baseline(run_mv, fs_hz, config, _running_median)
        case FilterMethod.MEAN_DECOMPOSITION:
            return run_mv - _baseline(run_mv, fs_hz, config, _running_mean)


def _bandpass(run_mv: FloatArray, fs_hz: float, config: FilterConfig) -> FloatArray:
    if config.low_pass_hz < fs_hz / 2.0:
        sections = butter(config.order, config.low_pass_hz, "lowpass", fs=fs_hz, output="sos")
        run_mv = sosfiltfilt(sections, run_mv)
    if config.high_pass_hz > 0.0:
        sections = butter(config.order, config.high_pass_hz, "highpass", fs=fs_hz, output="sos")
        # As much of the run again on both sides as there is: the high-pass remembers long.
        run_mv = sosfiltfilt(sections, run_mv, padlen=run_mv.size - 1)
    return run_mv


def _baseline(
    run_mv: FloatArray, fs_hz: float, config: FilterConfig, running: _Running
) -> FloatArray:
    for length_s in config.baseline_s:
        run_mv = running(run_mv, 2 * round(length_s * fs_hz / 2.0) + 1)
    return run_mv


def _running_median(run_mv: FloatArray, length: int) -> FloatArray:
    return np.asarray(median_filter(run_mv, length, mode="nearest"), float)


def _running_mean(run_mv: FloatArray, length: int) -> FloatArray:
    return np.asarray(uniform_filter1d(run_mv, length, mode="nearest"), float)
