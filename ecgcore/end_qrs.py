"""Notches and slurs where the R wave ends (J waves): early repolarisation, Osborn.

After Macfarlane et al. 2015: on the way down from a prominent R, in its last half, a second summit
(notch) or a bend after which the signal falls slowly (slur), all of it above the level before QRS.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.average_twelve import n_of
from ecgcore.limits import Milliseconds, Millivolts, PerMinute, Share
from ecgcore.types import FloatArray
from ecgcore.wave_forms import smoothed


@dataclass(frozen=True, slots=True)
class EndQrsConfig:
    """Limits (biomarkers S64, S74; Macfarlane 2015; where these name none, our own)."""

    least_mv: Millivolts = 0.1
    """Height of a notch's summit, or of where a slur begins."""
    least_r_mv: Millivolts = 0.3
    """A lower R is not prominent."""
    after_ms: Milliseconds = 40.0
    """A notch may lie so much behind the end of QRS as it was found."""
    notch_mv: Millivolts = 0.02
    """How far a notch rises from its dip, and falls behind its summit."""
    last_share: Share = 0.5
    """Of the height of R, below which a notch or slur lies."""
    slow_share: Share = 0.2
    """A slur falls no faster than this share of the steepest fall."""
    slur_ms: Milliseconds = 16.0
    """How long it falls so at least."""
    slur_fall_mv: Millivolts = 0.05
    """How far it falls: what stays where it is, is ST."""
    smooth_ms: Milliseconds = 4.0
    wide_ms: Milliseconds = 120.0
    osborn_most_bpm: PerMinute = 60.0
    osborn_least_qtc_ms: Milliseconds = 450.0


@dataclass(frozen=True, slots=True)
class JWave:
    """A notch or slur at the end of R."""

    height_mv: float
    """Of the notch's summit, or of where the slur begins."""
    is_notch: bool


def j_wave(
    over_mv: FloatArray, on: int, off: int, fs_hz: float, config: EndQrsConfig
) -> JWave | None:
    """Find a J wave in a lead over its level before QRS; None if there is none.

    Parameters
    ----------
    on, off : int
        Samples of QRS onset and end.
    """
    end = min(off + n_of(config.after_ms, fs_hz), over_mv.size - 1)
    fine = smoothed(over_mv, n_of(config.smooth_ms, fs_hz))
    r = on + int(np.argmax(fine[on : off + 1]))
    if fine[r] < config.least_r_mv:
        return None
    fall = fine[r : end + 1]
    below = np.flatnonzero(fall <= 0.0)
    fall = fall[: below[0]] if below.size else fall
    low = np.flatnonzero(fall <= config.last_share * fall[0])
    if not low.size or fall.size - low[0] < 3:
        return None
    return _notch(fall, int(low[0]), off - r, config) or _slur(fall, int(low[0]), fs_hz, config)


def _notch(fall: FloatArray, first: int, j: int, config: EndQrsConfig) -> JWave | None:
    """Find a dip with a summit behind it from which the signal comes down again."""
    rest = fall[first:]
    rises = rest - np.minimum.accumulate(rest)
    drops = rest - np.minimum.accumulate(rest[::-1])[::-1]
    tops = np.flatnonzero((rises >= config.notch_mv) & (drops >= config.notch_mv))
    if not tops.size:
        return None
    top = float(rest[tops].max())
    return JWave(top, True) if top >= config.least_mv else None


def _slur(fall: FloatArray, first: int, fs_hz: float, config: EndQrsConfig) -> JWave | None:
    """Find where the fall becomes slow and goes on so."""
    slopes = -np.diff(fall)
    is_slow = slopes <= config.slow_share * slopes.max()
    is_slow[: max(first, int(np.argmax(slopes)))] = False
    slow = np.flatnonzero(is_slow)
    if not slow.size:
        return None
    start = int(slow[0])
    fast = np.flatnonzero(~is_slow[start:] | (slopes[start:] < 0.0))
    end = start + int(fast[0]) if fast.size else slopes.size
    is_long = end - start >= n_of(config.slur_ms, fs_hz)
    falls_mv = float(fall[start] - fall[end])
    if is_long and falls_mv >= config.slur_fall_mv and fall[start] >= config.least_mv:
        return JWave(float(fall[start]), False)
    return None
