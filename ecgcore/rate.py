"""The name of an orderly rhythm: by its rate, its P waves and how even it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.events import BeatLabel, RhythmLabel
from ecgcore.patterns import SeenBeat
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class RateConfig:
    """Limits (report.md 4.1)."""

    brady_bpm: float = 60.0
    tachy_bpm: float = 100.0
    svt_bpm: float = 150.0
    """A regular narrow rhythm this fast without P waves is taken for SVT."""
    junctional_bpm: tuple[float, float] = (40.0, 100.0)
    """An even rhythm of narrow beats with hardly a P wave; accelerated from 60 on."""
    junctional_p: float = 0.1
    """Share of beats with a P wave that it may have."""
    sinus_arrhythmia_ms: float = 120.0
    """Longest less shortest PP or RR (catalogue F93)."""


def named_by_rate(
    recent: Sequence[SeenBeat], rr_s: FloatArray, af: float, config: RateConfig
) -> tuple[RhythmLabel, float]:
    """Name the rhythm of the last beats, which is neither AF nor flutter.

    Parameters
    ----------
    rr_s : FloatArray, shape (n,)
        Their intervals, at least three.
    af : float
        How probable AF is, 0 to 1; as much less sure the name is.
    """
    p_share = _p_share(recent)
    if math.isnan(p_share):
        p_share = 1.0
    mean_s = float(rr_s.sum()) / rr_s.size
    bpm = 60.0 / mean_s
    confidence = (1.0 - af) * (0.5 + 0.5 * p_share)
    if bpm >= config.svt_bpm and p_share < 0.3 and _is_even(rr_s, mean_s):
        return RhythmLabel.SVT, 0.7
    low_bpm, high_bpm = config.junctional_bpm
    has_no_p = low_bpm <= bpm <= high_bpm and p_share <= config.junctional_p
    if has_no_p and _is_narrow(recent) and _is_even(rr_s, mean_s):
        return RhythmLabel.JUNCTIONAL, 0.6
    if bpm > config.tachy_bpm:
        return RhythmLabel.SINUS_TACHY, confidence
    if bpm < config.brady_bpm:
        return RhythmLabel.SINUS_BRADY, confidence
    is_arrhythmia = _span_ms(recent) > config.sinus_arrhythmia_ms
    label = RhythmLabel.SINUS_ARRHYTHMIA if is_arrhythmia else RhythmLabel.SINUS_RHYTHM
    return label, confidence


def intervals_s(beats: Sequence[SeenBeat]) -> FloatArray:
    """Give the intervals that are known, s."""
    found = [beat.rr_s for beat in beats if beat.rr_s is not None and math.isfinite(beat.rr_s)]
    return np.array(found, float)


def _is_even(rr_s: FloatArray, mean_s: float) -> bool:
    return float(((rr_s - mean_s) ** 2).sum()) < rr_s.size * (0.08 * mean_s) ** 2


def _span_ms(beats: Sequence[SeenBeat]) -> float:
    """Give the longest less the shortest interval; 0 for few or where a beat is not normal."""
    if any(beat.label is not BeatLabel.NORMAL for beat in beats):
        return 0.0
    rr_s = [beat.rr_s for beat in beats if beat.rr_s is not None]
    return 1e3 * (max(rr_s) - min(rr_s)) if len(rr_s) >= 4 else 0.0


def _is_narrow(beats: Sequence[SeenBeat]) -> bool:
    """Tell whether these are normal beats of a QRS below 120 ms, enough to judge by."""
    return len(beats) >= 6 and all(
        beat.label is BeatLabel.NORMAL and beat.qrs_ms is not None and beat.qrs_ms < 120.0
        for beat in beats
    )


def _p_share(beats: Sequence[SeenBeat]) -> float:
    """Share of beats with a P wave; NaN where their waves are not known."""
    known = [beat.has_p for beat in beats if beat.has_p is not None]
    return sum(known) / len(known) if known else math.nan
