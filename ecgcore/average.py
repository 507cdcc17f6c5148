"""The representative beat: the median of the beats of the usual kind, with their usual points.

Beats of the most frequent class are laid over each other at their R peaks; those whose QRS is
unlike the median of all are left out, and the median of the rest is the beat. Where its waves begin
and end is the median of where those of the beats do, so one beat delineated badly moves nothing.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore import morph_places as m
from ecgcore.events import BeatClassified, BeatLabel, BeatWaves, NullReason
from ecgcore.limits import Count, Seconds, Share
from ecgcore.stats import known_medians
from ecgcore.types import FloatArray, SampleIndex

_MARGIN_S = 0.04


@dataclass(frozen=True, slots=True)
class AverageConfig:
    """How beats are averaged (biomarkers, section 1a)."""

    before_s: Seconds = 0.4
    after_s: Seconds = 0.7
    least_beats: Count = 3
    least_correlation: Share = 0.95
    """A beat whose QRS is less like the median of all, over all leads, is left out."""


class AverageBeat(NamedTuple):
    """The representative beat of a stretch."""

    ecg_mv: FloatArray
    """shape (n_leads, n_samples); each lead's median over the stretch of a beat is 0"""
    r: int
    """Index of the R peak."""
    points: FloatArray
    """shape (n_leads, 8); places by `ecgcore.morph_places`, NaN where most beats lack the wave"""
    label: BeatLabel
    """Of all the beats it stands for."""
    n_beats: int
    rr_s: float
    """Median interval before them; NaN if none is known."""


def average_beat(
    ecg_mv: FloatArray,
    start: SampleIndex,
    fs_hz: float,
    beats: Sequence[BeatClassified],
    config: AverageConfig,
) -> AverageBeat | NullReason:
    """Average the beats of a stretch.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
        NaN where there is no sample; beats with such a sample are left out.
    start : SampleIndex
        Counter of its first sample.
    """
    before, after = round(config.before_s * fs_hz), round(config.after_s * fs_hz)
    whole = [
        (beat, window)
        for beat in beats
        if (window := _window(ecg_mv, beat.sample - start, before, after)) is not None
    ]
    labels = Counter(beat.label for beat, _ in whole if beat.label is not BeatLabel.NOISE)
    if not labels:
        return NullReason.TOO_FEW_BEATS
    label = labels.most_common(1)[0][0]
    usual = [(beat, window) for beat, window in whole if beat.label is label]
    stack = np.stack([window for _, window in usual])
    stack -= np.median(stack, axis=2, keepdims=True)
    points = _points([beat for beat, _ in usual], before)
    alike = _correlations(_qrs(stack, points, round(_MARGIN_S * fs_hz))) >= config.least_correlation
    if alike.sum() < config.least_beats:
        return NullReason.TOO_FEW_BEATS
    kept = [beat for (beat, _), is_alike in zip(usual, alike, strict=True) if is_alike]
    rr_ms = np.array([beat.rr_ms for beat in kept], float)
    return AverageBeat(
        ecg_mv=np.ascontiguousarray(np.median(stack[alike], axis=0)),
        r=before,
        points=_points(kept, before),
        label=label,
        n_beats=len(kept),
        rr_s=float(np.nanmedian(rr_ms)) / 1e3 if np.isfinite(rr_ms).any() else float("nan"),
    )


def _window(ecg_mv: FloatArray, r: int, before: int, after: int) -> FloatArray | None:
    if r < before or r + after >= ecg_mv.shape[1]:
        return None
    window = ecg_mv[:, r - before : r + after + 1]
    return None if np.isnan(window).any() else window


def _qrs(stack: FloatArray, points: FloatArray, margin: int) -> FloatArray:
    """Cut beats down to their QRS, its mean removed; wander hardly shows within it."""
    on, off = points[0, m.QRS_ON], points[0, m.QRS_OFF]
    if math.isfinite(on) and math.isfinite(off):
        stack = stack[:, :, max(int(on) - margin, 0) : math.ceil(off) + margin + 1]
    cut: FloatArray = stack - stack.mean(axis=2, keepdims=True)
    return cut


def _correlations(stack: FloatArray) -> FloatArray:
    """Give how alike each beat is to the median of all, over all leads."""
    middle = np.median(stack, axis=0).ravel()
    each = stack.reshape(len(stack), -1)
    size = np.linalg.norm(each, axis=1) * np.linalg.norm(middle)
    # A line without any deflection is like nothing.
    found: FloatArray = np.divide(each @ middle, size, out=np.zeros(len(stack)), where=size > 0.0)
    return found


def _points(beats: Sequence[BeatClassified], r: int) -> FloatArray:
    """Give the usual points: bounds over all leads, the peak of T by lead."""
    overall = np.array([_bounds(beat.waves) for beat in beats])
    places = np.array([beat.beat.sample for beat in beats], float)
    n_leads = len(beats[0].lead_waves)
    points = np.empty((n_leads, m.N_POINTS))
    points[:] = r + _usual(overall - places[:, np.newaxis])
    for lead in range(n_leads):
        waves = [beat.lead_waves[lead] for beat in beats]
        peaks = np.array([np.nan if each.t is None else each.t.peak for each in waves])
        # Where a lead's own T wave is hardly there, that of all leads stands for it.
        own = _usual((peaks - places)[:, np.newaxis])[0]
        if np.isfinite(own) and np.isfinite(points[lead, m.T_ON]):
            points[lead, m.T_PEAK] = r + own
    return points


def _bounds(waves: BeatWaves) -> list[float]:
    points = [np.nan] * m.N_POINTS
    if waves.p is not None:
        points[m.P_ON], points[m.P_OFF] = waves.p.onset, waves.p.offset
    if waves.qrs is not None:
        points[m.QRS_ON], points[m.QRS_OFF] = waves.qrs.onset, waves.qrs.offset
        points[m.R] = waves.qrs.peak
    if waves.t is not None:
        points[m.T_ON], points[m.T_OFF] = waves.t.onset, waves.t.offset
        points[m.T_PEAK] = waves.t.peak
    return points


def _usual(places: FloatArray) -> FloatArray:
    """Give the medians of columns; NaN where fewer than half of the rows have a value."""
    n_known = np.isfinite(places).sum(axis=0)
    return np.where(2 * n_known >= len(places), known_medians(places.T), np.nan)
