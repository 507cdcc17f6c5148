"""Intervals of one beat, from where its waves begin and end."""

from typing import NamedTuple

from ecgcore.events import BeatWaves


class BeatIntervals(NamedTuple):
    """Durations in ms; None where a wave they need is absent."""

    p_dur_ms: float | None = None
    """P onset to P end."""
    pr_ms: float | None = None
    """P onset to QRS onset."""
    qrs_ms: float | None = None
    """QRS onset to QRS end."""
    qt_ms: float | None = None
    """QRS onset to T end."""


def intervals_of(waves: BeatWaves, sample_ms: float) -> BeatIntervals:
    """Measure a beat.

    Parameters
    ----------
    sample_ms : float
        Time from one sample to the next by the device's own clock.
    """
    p, qrs, t = waves.p, waves.qrs, waves.t
    return BeatIntervals(
        p_dur_ms=None if p is None else (p.offset - p.onset) * sample_ms,
        pr_ms=None if p is None or qrs is None else (qrs.onset - p.onset) * sample_ms,
        qrs_ms=None if qrs is None else (qrs.offset - qrs.onset) * sample_ms,
        qt_ms=None if t is None or qrs is None else (t.offset - qrs.onset) * sample_ms,
    )
