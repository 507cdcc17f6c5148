"""The QRS of one lead as letters, and what its letters, notches and first slope tell."""

from dataclasses import dataclass

import numpy as np

from ecgcore.average_twelve import n_of
from ecgcore.limits import Count, Factor, Milliseconds, Millivolts, Share
from ecgcore.morph_qrs import FIRST, HEIGHT, LAST, MOST, N_COLUMNS, deflections_of
from ecgcore.types import FloatArray
from ecgcore.wave_forms import notch_of, smoothed


@dataclass(frozen=True, slots=True)
class QrsFormConfig:
    """Limits of the QRS (biomarkers S53, S59, S61, S62; where these name none, our own)."""

    capital_mv: Millivolts = 0.5
    fragment_mv: Millivolts = 0.04
    """Depth of a notch that fragments R or S."""
    notch_over_noise: Factor = 6.0
    """And its depth over the noise that is left in the beat."""
    wide_ms: Milliseconds = 120.0
    most_notches_wide: Count = 2
    """More of them fragment a wide QRS."""
    delta_pr_ms: Milliseconds = 120.0
    delta_qrs_ms: Milliseconds = 110.0
    """A delta wave asks for PR below and QRS above."""
    delta_before_ms: Milliseconds = 50.0
    """How far before the QRS as it was found a slow rise is followed."""
    delta_slow_share: Share = 0.03
    delta_fast_share: Share = 0.5
    """Of the steepest rise: from where on it is one, and where it is no slow one any more."""
    delta_none_ms: Milliseconds = 15.0
    delta_sure_ms: Milliseconds = 40.0
    """How long the rise is slow: from no confidence to all."""
    delta_least_mv: Millivolts = 0.05
    """How far it goes slowly at least."""
    q_foot_share: Share = 0.1
    """Q begins where it has this share of its depth."""


@dataclass(frozen=True, slots=True)
class Deflection:
    """One deflection of the QRS; places in samples of it."""

    first: int
    last: int
    height_mv: float
    """Signed."""


def deflections(qrs_mv: FloatArray, fs_hz: float) -> list[Deflection]:
    """Give the deflections in turn, up and down alternating (`ecgcore.morph_qrs`)."""
    rows = np.empty((MOST, N_COLUMNS))
    n = deflections_of(np.ascontiguousarray(qrs_mv), fs_hz, rows)
    return [Deflection(int(row[FIRST]), int(row[LAST]), float(row[HEIGHT])) for row in rows[:n]]


def pattern_of(found: list[Deflection], config: QrsFormConfig) -> str:
    """Write deflections in letters, as qRs; empty if there are none."""
    if not found:
        return ""
    if all(each.height_mv < 0.0 for each in found):
        return "QS"
    largest = max(abs(each.height_mv) for each in found)
    written, n_r, n_s = "", 0, 0
    for each in found:
        size = abs(each.height_mv)
        if each.height_mv > 0.0:
            letter, n_r = f"r{chr(39) * n_r}", n_r + 1
        elif n_r == 0:
            letter = "q"
        else:
            letter, n_s = f"s{chr(39) * n_s}", n_s + 1
        is_capital = size == largest or size >= config.capital_mv
        written += letter.upper() if is_capital else letter
    return written


def polarity_of(qrs_mv: FloatArray) -> str:
    """Name the side of the larger deflection."""
    return "positive" if qrs_mv.max() >= -qrs_mv.min() else "negative"


def n_notches(wave: FloatArray, depth: float) -> int:
    """Count the dips of a wave that goes up."""
    notch = notch_of(wave)
    if notch.depth < depth:
        return 0
    dip = notch.first + int(np.argmin(wave[notch.first : notch.second + 1]))
    return 1 + n_notches(wave[: dip + 1], depth) + n_notches(wave[dip:], depth)


def is_fragmented(
    qrs_mv: FloatArray,
    found: list[Deflection],
    qrs_ms: float,
    is_right: bool,
    noise_mv: float,
    config: QrsFormConfig,
) -> bool:
    """Tell whether a QRS is fragmented (Das 2006).

    In V1 and V2 (`is_right`) a second R is the pattern of the right bundle, and does not count.
    """
    n, n_r = 0, 0
    depth_mv = max(config.fragment_mv, config.notch_over_noise * noise_mv)
    for each in found:
        side = 1.0 if each.height_mv > 0.0 else -1.0
        if side < 0.0 and n_r == 0 and len(found) > 1:
            continue  # Q
        n_r += side > 0.0
        n += n_notches(side * qrs_mv[each.first : each.last + 1], depth_mv)
    if qrs_ms >= config.wide_ms:
        return n > config.most_notches_wide
    return n > 0 or (n_r > 1 and not is_right)


def delta_pct(
    over_mv: FloatArray,
    fs_hz: float,
    p: tuple[int, int],
    qrs: tuple[int, int],
    config: QrsFormConfig,
) -> float:
    """Give how sure a delta wave is: how long the QRS rises slowly before it rises fast.

    The slow rise may have begun before the QRS as it was found; then PR ends, and QRS begins, where
    that did. 0 unless PR is short and QRS wide.

    Parameters
    ----------
    over_mv : FloatArray, shape (n,)
        The beat in one lead over the level before QRS.
    p, qrs : tuple of int
        Samples of onset and end.
    """
    ms = 1e3 / fs_hz
    first = max(qrs[0] - n_of(config.delta_before_ms, fs_hz), (p[0] + p[1]) // 2)
    fine = smoothed(over_mv, n_of(8.0, fs_hz))[first : qrs[1] + 1]
    inside = fine[qrs[0] - first :]
    side = float(np.sign(inside[int(np.argmax(np.abs(inside)))]))
    slopes = side * np.gradient(fine)[: qrs[0] - first + int(np.argmax(side * inside)) + 1]
    if slopes.size < 2 or slopes.max() <= 0.0:
        return 0.0
    fast = int(np.argmax(slopes >= config.delta_fast_share * slopes.max()))
    still = np.flatnonzero(slopes[:fast] <= config.delta_slow_share * slopes.max())
    start = int(still[-1]) + 1 if still.size else 0
    pr_ms, qrs_ms = (first + start - p[0]) * ms, (qrs[1] - first - start) * ms
    is_wpw = pr_ms < config.delta_pr_ms and qrs_ms > config.delta_qrs_ms
    if not is_wpw or side * float(fine[fast] - fine[start]) < config.delta_least_mv:
        return 0.0
    share = ((fast - start) * ms - config.delta_none_ms) / (
        config.delta_sure_ms - config.delta_none_ms
    )
    return 100.0 * min(max(share, 0.0), 1.0)


def q_ms(qrs_mv: FloatArray, q: Deflection, fs_hz: float, config: QrsFormConfig) -> float:
    """Give the width of Q, from where it leaves the level to where it crosses it again."""
    inside = qrs_mv[q.first : q.last + 1] <= config.q_foot_share * q.height_mv
    return (q.last - q.first + 1 - int(np.argmax(inside))) * 1e3 / fs_hz
