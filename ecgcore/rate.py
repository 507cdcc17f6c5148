"""The name of an orderly rhythm: by its rate, its P waves and how even it is."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ecgcore.beat_table import IS_CERTAIN, KIND, NORMAL, PR, QRS_MS, RR, SAMPLE, P
from ecgcore.events import RhythmLabel
from ecgcore.jit import compiled
from ecgcore.limits import Milliseconds, PerMinute, Share
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class RateConfig:
    """Limits (report.md 4.1)."""

    brady_bpm: PerMinute = 60.0
    tachy_bpm: PerMinute = 100.0
    svt_bpm: PerMinute = 150.0
    """A regular narrow rhythm this fast without P waves is taken for SVT."""
    junctional_bpm: tuple[PerMinute, PerMinute] = (40.0, 100.0)
    """An even rhythm of narrow beats with hardly a P wave; accelerated from 60 on."""
    junctional_p: Share = 0.1
    """Share of beats with a P wave that it may have."""
    sinus_arrhythmia_ms: Milliseconds = 120.0
    """Longest less shortest PP or RR (catalogue F93)."""


class Recent(NamedTuple):
    """What the last beats have in common."""

    n_beats: int
    n_intervals: int
    mean_s: float
    """Of the intervals, as the rest; NaN without one."""
    is_even: bool
    span_ms: float
    """The longest less the shortest; 0 for few or where a beat is not normal."""
    p_share: float
    """Share of beats with a P wave; NaN where their waves are not known."""
    is_narrow: bool
    """Normal beats of a QRS below 120 ms, enough to judge by."""

    @classmethod
    def of(cls, rows: FloatArray, reach: float) -> "Recent":
        """Measure the beats at most `reach` samples before the last of some rows."""
        return cls(*_measured(rows, reach))


def named_by_rate(recent: Recent, af: float, config: RateConfig) -> tuple[RhythmLabel, float]:
    """Name the rhythm of the last beats, which is neither AF nor flutter.

    Parameters
    ----------
    recent : Recent
        With at least three intervals.
    af : float
        How probable AF is, 0 to 1; as much less sure the name is.
    """
    p_share = 1.0 if math.isnan(recent.p_share) else recent.p_share
    bpm = 60.0 / recent.mean_s
    confidence = (1.0 - af) * (0.5 + 0.5 * p_share)
    if bpm >= config.svt_bpm and p_share < 0.3 and recent.is_even:
        return RhythmLabel.SVT, 0.7
    low_bpm, high_bpm = config.junctional_bpm
    has_no_p = low_bpm <= bpm <= high_bpm and p_share <= config.junctional_p
    if has_no_p and recent.is_narrow and recent.is_even:
        return RhythmLabel.JUNCTIONAL, 0.6
    if bpm > config.tachy_bpm:
        return RhythmLabel.SINUS_TACHY, confidence
    if bpm < config.brady_bpm:
        return RhythmLabel.SINUS_BRADY, confidence
    is_arrhythmia = recent.span_ms > config.sinus_arrhythmia_ms
    label = RhythmLabel.SINUS_ARRHYTHMIA if is_arrhythmia else RhythmLabel.SINUS_RHYTHM
    return label, confidence


@compiled
def _measured(rows: FloatArray, reach: float) -> tuple[int, int, float, bool, float, float, bool]:
    n_all = n = rows.shape[0]
    while n > 0 and rows[n - 1, SAMPLE] >= rows[-1, SAMPLE] - reach:
        n -= 1
    recent = rows[n:]
    n = n_all - n
    rr_s = recent[:, RR][np.isfinite(recent[:, RR])]
    n_known = n_p = n_normal = n_narrow = 0
    for i in range(n):
        if not np.isnan(recent[i, P]):
            n_known += 1
            n_p += not np.isnan(recent[i, PR])
        if recent[i, KIND] == NORMAL and recent[i, IS_CERTAIN] > 0.0:
            n_normal += 1
            n_narrow += recent[i, QRS_MS] < 120.0
    p_share = n_p / n_known if n_known else np.nan
    is_narrow = n_narrow == n and n >= 6
    if rr_s.size == 0:
        return n, 0, np.nan, False, 0.0, p_share, is_narrow
    mean_s = rr_s.sum() / rr_s.size
    is_even = ((rr_s - mean_s) ** 2).sum() < rr_s.size * (0.08 * mean_s) ** 2
    span_ms = 1e3 * (rr_s.max() - rr_s.min()) if n_normal == n and rr_s.size >= 4 else 0.0
    return n, rr_s.size, mean_s, is_even, span_ms, p_share, is_narrow
