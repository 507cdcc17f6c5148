"""Beats cut out on one grid, all leads at once, and gathered by the shape of their QRS."""

from collections.abc import Sequence

import numpy as np

from ecgcore.beat_shapes import FROM_S, GRID_HZ, N_GRID, QRS_AT, T_AT, cut_out
from ecgcore.events import BeatClassified
from ecgcore.jit import compiled
from ecgcore.types import FloatArray, Int64Array

_MARGIN_S = 0.01
_SHIFT = 3
_LEAST_POWER = 1e-12


def cut_beats(ecg_mv: FloatArray, beats: Sequence[BeatClassified], fs_hz: float) -> FloatArray:
    """Cut beats out on a grid of 125 Hz from 0.28 s before the R peak to 0.35 s after it.

    Returns
    -------
    FloatArray, shape (n_beats, n_leads, 80)
        In mV, the mean of each taken off; NaN where a sample is missing.
    """
    peaks = np.array([beat.sample for beat in beats], np.int64)
    offsets = np.array([beat.beat.offset for beat in beats], float)
    cuts = np.full((len(beats), len(ecg_mv), N_GRID), np.nan)
    before = round((-FROM_S + _MARGIN_S) * fs_hz)
    after = round((FROM_S + N_GRID / GRID_HZ + _MARGIN_S) * fs_hz)
    _cut_all(np.ascontiguousarray(ecg_mv), peaks, offsets, fs_hz, before, after, cuts)
    return cuts


@compiled
def _cut_all(
    ecg_mv: FloatArray,
    peaks: Int64Array,
    offsets: FloatArray,
    fs_hz: float,
    before: int,
    after: int,
    cuts: FloatArray,
) -> None:
    n = ecg_mv.shape[1]
    for i in range(peaks.size):
        if peaks[i] < before or peaks[i] + after >= n:
            continue
        for lead in range(ecg_mv.shape[0]):
            cut_out(ecg_mv[lead], peaks[i], offsets[i], fs_hz, cuts[i, lead])


def clusters(cuts: FloatArray, least_alike: float, most: int) -> Int64Array:
    """Gather beats by leader clustering of their QRS complexes.

    Parameters
    ----------
    cuts : FloatArray, shape (n_beats, n_leads, 80)
        As `cut_beats` gives them.
    least_alike : float
        Correlation over all leads with the mean of a cluster's beats so far, at the best shift up
        to 24 ms, from which a beat belongs to it.
    most : int
        Clusters; what would found one more joins the one it is most alike.

    Returns
    -------
    Int64Array, shape (n_beats,)
        0 for the cluster of most beats, 1 for the next; -1 where a sample is missing.
    """
    qrs = np.ascontiguousarray(cuts[:, :, QRS_AT - _SHIFT : T_AT + _SHIFT])
    found = np.full(len(cuts), -1, np.int64)
    _lead(qrs, least_alike, most, found)
    counts = np.bincount(found[found >= 0], minlength=1)
    rank = np.empty(counts.size, np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(counts.size)
    found[found >= 0] = rank[found[found >= 0]]
    return found


@compiled
def _lead(qrs: FloatArray, least_alike: float, most: int, found: Int64Array) -> None:
    n_leads, width = qrs.shape[1], qrs.shape[2]
    means = np.zeros((most, n_leads, width))
    counts = np.zeros(most, np.int64)
    n = 0
    for i in range(qrs.shape[0]):
        if np.isnan(qrs[i]).any():
            continue
        best, at = -2.0, 0
        for k in range(n):
            alike = _alike(means[k], qrs[i])
            if alike > best:
                best, at = alike, k
        if best < least_alike and n < most:
            at = n
            n += 1
        found[i] = at
        counts[at] += 1
        means[at] += (qrs[i] - means[at]) / counts[at]


@compiled
def _alike(mean: FloatArray, beat: FloatArray) -> float:
    """Give the best correlation over all leads, each lead's mean taken off."""
    best = -1.0
    width = mean.shape[1] - 2 * _SHIFT
    for shift in range(2 * _SHIFT + 1):
        common = power_a = power_b = 0.0
        for lead in range(mean.shape[0]):
            a = mean[lead, _SHIFT : _SHIFT + width]
            b = beat[lead, shift : shift + width]
            middle_a, middle_b = a.mean(), b.mean()
            for k in range(width):
                one, other = a[k] - middle_a, b[k] - middle_b
                common += one * other
                power_a += one * one
                power_b += other * other
        if power_a * power_b > _LEAST_POWER:
            best = max(best, common / np.sqrt(power_a * power_b))
    return best
