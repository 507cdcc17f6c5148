"""Alternans: what differs between even and odd beats, in ST and T and in the height of QRS.

Parity counts all beats of a recording, so a beat that is left out does not turn it round.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ecgcore.events import NullReason
from ecgcore.jit import compiled
from ecgcore.measured import Value
from ecgcore.nn import BoolArray
from ecgcore.qt_config import DynamicsConfig
from ecgcore.types import FloatArray, Int64Array

_FIRST = 8
"""Beats of a kind that a template begins as the median of."""


class Repolarisations(NamedTuple):
    """ST and T of the usual beats, freed of wander and smoothed."""

    st_t_uv: FloatArray
    """shape (n, n_places); NaN rows where a sample is missing"""
    numbers: Int64Array
    """shape (n,), rising; which of all beats they are"""
    times_s: FloatArray
    """shape (n,)"""

    def of(self, which: BoolArray) -> "Repolarisations":
        """Give some of the beats."""
        return Repolarisations(self.st_t_uv[which], self.numbers[which], self.times_s[which])

    def clean(self, most_noise_uv: float) -> "Repolarisations":
        """Leave out beats of which samples are missing, and those with more noise.

        The noise is the root mean square over ST and T of the difference from the like-numbered
        beat before, or after if that is nearer, over sqrt 2: alternans does not show in it, nor
        does a change that lasts.
        """
        known = self.of(np.atleast_1d(np.isfinite(self.st_t_uv).all(axis=1)))
        noise_uv = np.full(known.numbers.size, np.inf)
        for kind in (0, 1):
            own = known.numbers % 2 == kind
            apart = np.sqrt(np.mean(np.diff(known.st_t_uv[own], axis=0) ** 2, axis=1) / 2.0)
            around = np.r_[np.inf, apart, np.inf]
            noise_uv[own] = np.minimum(around[:-1], around[1:])[: int(own.sum())]
        return known.of(noise_uv <= most_noise_uv)


def smoothed(rows: FloatArray, width: int) -> FloatArray:
    """Smooth rows with a Hann window of `width` places; as long as before, less `width` - 1."""
    from scipy.ndimage import convolve1d

    window = np.hanning(width + 2)[1:-1]
    half = width // 2
    whole: FloatArray = convolve1d(rows, window / window.sum(), axis=1, mode="nearest")
    return whole[:, half : rows.shape[1] - (width - 1 - half)]


def moving_average_uv(
    given: Repolarisations, config: DynamicsConfig
) -> tuple[float, int] | NullReason:
    """Give T wave alternans by modified moving average: the greatest of the blocks, and its beats.

    Notes
    -----
    Nearing and Verrier 2002. A block counts if enough of its beats are usual ones.
    """
    if given.numbers.size < 2 * _FIRST:
        return NullReason.TOO_FEW_BEATS
    n_beats, given = given.numbers.size, given.clean(config.most_noise_uv)
    # Most beats are given up for their noise alone.
    reason = NullReason.TOO_FEW_BEATS if 2 * given.numbers.size > n_beats else NullReason.LOW_SQI
    if given.numbers.size < 2 * _FIRST:
        return reason
    block = ((given.times_s - given.times_s[0]) // config.mma_block_s).astype(np.int64)
    odd = given.numbers % 2
    if min((odd == 0).sum(), (odd == 1).sum()) < _FIRST // 2:
        return reason
    templates = [np.median(given.st_t_uv[odd == kind][:_FIRST], axis=0) for kind in (0, 1)]
    limits = (config.mma_share, *config.mma_limits_uv)
    found = _moved(given.st_t_uv, odd, block, np.stack(templates), limits)
    n_usual = np.bincount(block)
    # All beats from the first usual one of a block to that of the next.
    firsts = np.searchsorted(block, np.arange(n_usual.size))
    n_all = np.diff(np.r_[given.numbers[np.minimum(firsts, block.size - 1)], given.numbers[-1] + 1])
    length_s = given.times_s[-1] - given.times_s[0] + np.diff(given.times_s).mean()
    is_whole = np.arange(1, n_usual.size + 1) * config.mma_block_s <= length_s + 0.5
    good = is_whole & (n_usual >= config.mma_usual_share * n_all) & (n_usual >= _FIRST)
    if not good.any():
        return reason
    return float(found[good].max()), int(n_usual[good].sum())


@compiled
def _moved(
    beats_uv: FloatArray,
    odd: Int64Array,
    block: Int64Array,
    templates: FloatArray,
    limits: tuple[float, float, float],
) -> FloatArray:
    """Move the templates beat by beat; give their greatest difference at the end of each block."""
    share, least, most = limits
    found = np.zeros(block[-1] + 1)
    for i in range(beats_uv.shape[0]):
        for k in range(beats_uv.shape[1]):
            step = (beats_uv[i, k] - templates[odd[i], k]) / share
            size = min(max(abs(step), least), most)
            if step > 0.0:
                templates[odd[i], k] += size
            elif step < 0.0:
                templates[odd[i], k] -= size
        if i + 1 == beats_uv.shape[0] or block[i + 1] > block[i]:
            found[block[i]] = np.abs(templates[0] - templates[1]).max()
    return found


def spectral_uv(given: Repolarisations, config: DynamicsConfig) -> tuple[float, int] | NullReason:
    """Give T wave alternans by spectrum: the greatest of the windows, and the beats of one.

    Half the difference between even and odd beats, as root mean square over ST and T; 0 where it
    does not stand out of the noise (k below its limit).
    """
    clean = given.clean(config.most_noise_uv)
    found = [_spectral(rows, config) for rows in _windows(clean, config)]
    if not found:
        is_noise = 2 * clean.numbers.size <= given.numbers.size
        return NullReason.LOW_SQI if is_noise else NullReason.TOO_FEW_BEATS
    return max(found), config.spectral_beats


def _windows(given: Repolarisations, config: DynamicsConfig) -> Iterator[FloatArray]:
    """Give windows of successive beats, shape (spectral_beats, n_places)."""
    n = config.spectral_beats
    if not given.numbers.size:
        return
    for first in range(given.numbers[0], given.numbers[-1] - n + 2, config.spectral_step):
        start, end = np.searchsorted(given.numbers, (first, first + n))
        if end - start < config.spectral_usual_share * n:
            continue
        own = given.numbers[start:end] - first
        rows, values = np.empty((n, given.st_t_uv.shape[1])), given.st_t_uv[start:end]
        for kind in (0, 1):
            rows[kind::2] = values[own % 2 == kind].mean(axis=0)
        rows[own] = values
        yield rows


def _spectral(rows: FloatArray, config: DynamicsConfig) -> float:
    n = len(rows)
    power = np.abs(np.fft.rfft(rows - rows.mean(axis=0), axis=0)) ** 2 / n**2
    of_beats = power.mean(axis=1)
    cycles = np.fft.rfftfreq(n)
    low, high = config.spectral_noise
    noise = of_beats[(cycles >= low) & (cycles <= high)]
    above = float(of_beats[-1] - noise.mean())
    k = above / max(float(noise.std(ddof=1)), 1e-12)
    return above**0.5 if k >= config.spectral_least_k else 0.0


def qrs_alternans_pct(height_mv: FloatArray, numbers: Int64Array, config: DynamicsConfig) -> Value:
    """Give how far the mean QRS of even and of odd beats lie apart, over the mean of all.

    0 where that is less than `qrs_least_errors` standard errors: breathing moves QRS as well.
    """
    known = np.isfinite(height_mv)
    height_mv, odd = height_mv[known], numbers[known] % 2 == 1
    if height_mv.size < config.qrs_least_beats or not 1 < odd.sum() < odd.size - 1:
        return NullReason.TOO_FEW_BEATS
    mean = float(height_mv.mean())
    if mean <= 0.0:
        return NullReason.NOT_APPLICABLE
    apart = abs(float(height_mv[odd].mean() - height_mv[~odd].mean()))
    error = sum(float(of.var(ddof=1)) / of.size for of in (height_mv[odd], height_mv[~odd])) ** 0.5
    return 100.0 * apart / mean if apart >= config.qrs_least_errors * error else 0.0
