"""Forms of P, T, ST and PR in one lead of a beat, as classes."""

from dataclasses import dataclass

import numpy as np

from ecgcore.limits import Factor, Milliseconds, Millivolts, MillivoltsPerSecond, Share
from ecgcore.morph_qrs import slope_of
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class WaveFormConfig:
    """Limits of forms (biomarkers S52, S55 to S57; where these name none, our own)."""

    p_smooth_ms: Milliseconds = 10.0
    t_smooth_ms: Milliseconds = 24.0
    """Means over so much before a wave is judged."""
    least_p_mv: Millivolts = 0.02
    """Below it, a lead shows no P wave."""
    biphasic_share: Share = 0.3
    """Height of the lesser side over that of the greater."""
    biphasic_p_mv: Millivolts = 0.025
    biphasic_t_mv: Millivolts = 0.05
    """Height of the lesser side at least."""
    notch_p_mv: Millivolts = 0.02
    notch_t_mv: Millivolts = 0.03
    """Depth of a notch below the lower peak."""
    notch_over_noise: Factor = 4.0
    """And in P over the noise that is left in the beat, before it is smoothed."""
    flat_t_mv: Millivolts = 0.05
    flat_t_share_of_r: Share = 0.1
    level_slope_mv_s: MillivoltsPerSecond = 0.5
    """A segment that rises and falls no faster is horizontal."""
    least_bow_mv: Millivolts = 0.01
    """How far the middle of ST leaves the line from end to end, to be called curved."""
    st_ms: Milliseconds = 80.0
    least_segment_ms: Milliseconds = 20.0


def smoothed(values: FloatArray, n: int) -> FloatArray:
    """Give running means over n samples, of what there is at the ends."""
    kernel = np.ones(min(n, values.size))
    found: FloatArray = np.convolve(values, kernel, "same")
    return found / np.convolve(np.ones(values.size), kernel, "same")


def over_feet(wave: FloatArray) -> FloatArray:
    """Take off the line from the first to the last sample."""
    found: FloatArray = wave - np.linspace(wave[0], wave[-1], wave.size)
    return found


@dataclass(frozen=True, slots=True)
class Notch:
    """The deepest dip between two peaks of a wave, places in samples."""

    depth: float
    """Below the lower peak; 0 without a second peak."""
    first: int
    second: int


def notch_of(wave: FloatArray) -> Notch:
    """Find the deepest dip of a wave that goes up."""
    before, behind = (
        np.maximum.accumulate(wave),
        np.maximum.accumulate(wave[::-1])[::-1],
    )
    depths = np.minimum(before, behind) - wave
    at = int(np.argmax(depths))
    first, second = int(np.argmax(wave[: at + 1])), at + int(np.argmax(wave[at:]))
    return Notch(float(depths[at]), first, second)


def form_of(wave: FloatArray, share: float, least_other: float, least_notch: float) -> str:
    """Name a wave over its level: upright, inverted, biphasic either way, or (upright) notched."""
    high, low = max(float(wave.max()), 0.0), max(-float(wave.min()), 0.0)
    if min(high, low) >= max(share * max(high, low), least_other):
        is_up_first = np.argmax(wave) < np.argmin(wave)
        return "biphasic_up_down" if is_up_first else "biphasic_down_up"
    if low > high:
        return "inverted"
    return "notched" if notch_of(wave).depth >= least_notch else "upright"


def t_form(t_mv: FloatArray, r_mv: float, config: WaveFormConfig) -> str:
    """Name a T wave over the level before QRS; `r_mv` is 0 where there is no R."""
    least = max(config.flat_t_mv, config.flat_t_share_of_r * r_mv)
    if np.abs(t_mv).max() < least:
        return "flat"
    return form_of(t_mv, config.biphasic_share, config.biphasic_t_mv, config.notch_t_mv)


def p_form(p_mv: FloatArray, noise_mv: float, config: WaveFormConfig) -> str | None:
    """Name a P wave over the line between its feet; None if it is too low."""
    if np.abs(p_mv).max() < config.least_p_mv:
        return None
    least_mv = max(config.notch_p_mv, config.notch_over_noise * noise_mv)
    return form_of(p_mv, config.biphasic_share, config.biphasic_p_mv, least_mv)


def segment_form(segment_mv: FloatArray, fs_hz: float, config: WaveFormConfig) -> str:
    """Name the way a segment goes: horizontal, upsloping or downsloping."""
    slope = slope_of(segment_mv, fs_hz)
    if abs(slope) <= config.level_slope_mv_s:
        return "horizontal"
    return "upsloping" if slope > 0.0 else "downsloping"


def bow_mv(segment_mv: FloatArray) -> float:
    """Give how far the middle of a fitted parabola hangs below the line between its ends.

    Positive of a segment that is concave, as a smile; negative of a convex (coved) one.
    """
    places = np.linspace(-1.0, 1.0, segment_mv.size)
    return float(np.polyfit(places, segment_mv, 2)[0])


def st_form(segment_mv: FloatArray, fs_hz: float, config: WaveFormConfig) -> str:
    """Name ST by its slope, and by its curvature where it has one."""
    slope, bow = segment_form(segment_mv, fs_hz, config), bow_mv(segment_mv)
    if abs(bow) < config.least_bow_mv:
        return slope
    return f"{slope}_{'concave' if bow > 0.0 else 'convex'}"
