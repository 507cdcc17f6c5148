"""The rhythm of a recording that is over before its rhythm could be named as it went on.

A rhythm that changes is told once it has lasted some seconds; in a slow one of ten seconds that is
never. Then all its beats are judged at once, by rate and P waves. Intervals that are uneven without
P waves may be fibrillation, which so few cannot show: they stay without a name.
"""

import numpy as np

from ecgcore.events import BeatLabel, NullReason, RhythmLabel
from ecgcore.rate import RateConfig, Recent, named_by_rate
from ecgcore.recorded import Recorded

_LEAST_BEATS = 4
_NARROW_MS = 120.0
_NARROW_BEATS = 6
_EVEN = 0.08
_P_SHARE = 0.5


def named_at_once(recorded: Recorded, config: RateConfig) -> RhythmLabel | NullReason:
    """Name the rhythm by all beats, if they allow it."""
    beats, rr_s = recorded.beats, recorded.rr_ms[1:] / 1e3
    if len(beats) < _LEAST_BEATS or not np.isfinite(rr_s).all():
        return NullReason.TOO_FEW_BEATS
    if all(beat.label is BeatLabel.PACED for beat in beats):
        return RhythmLabel.PACED
    if not all(beat.label is BeatLabel.NORMAL for beat in beats):
        return NullReason.TOO_FEW_BEATS
    widths_ms = [
        (b.waves.qrs.offset - b.waves.qrs.onset) * b.beat.sample_ms for b in beats if b.waves.qrs
    ]
    recent = Recent(
        n_beats=len(beats),
        n_intervals=int(rr_s.size),
        mean_s=float(rr_s.mean()),
        is_even=float(rr_s.std()) < _EVEN * float(rr_s.mean()),
        span_ms=1e3 * float(rr_s.max() - rr_s.min()),
        p_share=sum(beat.waves.p is not None for beat in beats) / len(beats),
        is_narrow=len(beats) >= _NARROW_BEATS
        and len(widths_ms) == len(beats)
        and max(widths_ms) < _NARROW_MS,
    )
    if recent.p_share < _P_SHARE and not recent.is_even:
        return NullReason.TOO_FEW_BEATS
    return named_by_rate(recent, 0.0, config)[0]
