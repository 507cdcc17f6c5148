"""QT of single beats, by how far the T wave of the template must be stretched to fit.

The template is the median of the usual beats. First each beat is laid exactly over the QRS of the
template; then the piece from J to behind the end of T is stretched along time from QRS onset until
it fits, in least squares that leave height, level and slope free (after Berger 1997). QT is the
template's QT times the stretch: a beat's own T end, which noise moves most, is never looked for.
"""

import numpy as np

from ecgcore import morph_places as m
from ecgcore.qt_config import DynamicsConfig
from ecgcore.smooth_lead import SmoothLead
from ecgcore.types import FloatArray
from ecgcore.usual_beats import UsualBeats

_AROUND_QRS_S = 0.02
_QRS_GRID_S = 0.002


def qt_series_ms(beats: UsualBeats, config: DynamicsConfig) -> FloatArray:
    """Give the QT of each usual beat, shape (n,), in the lead whose T wave is clearest.

    NaN where the beat does not fit or a sample is missing; the template needs QRS and T.
    """
    fs_hz = beats.recorded.fs_hz
    lead = SmoothLead(beats.recorded.ecg_mv[beats.t_lead])
    on, j, end = (beats.point(which) for which in (m.QRS_ON, m.QRS_OFF, m.T_OFF))
    around = _AROUND_QRS_S * fs_hz
    qrs = np.arange(on - around, j + around, _QRS_GRID_S * fs_hz)
    step = config.grid_s * fs_hz
    t = np.arange(j + step, end + config.margin_s * fs_hz, step)
    places = _aligned(lead, beats.places, qrs, config.rounds)
    stretch, fit = _stretched(lead, places + on, t - on, config.rounds)
    is_fitting = (fit >= config.least_fit) & (np.abs(stretch - 1.0) <= config.most_stretch)
    qt_ms = stretch * (end - on) * 1e3 / fs_hz
    return np.where(is_fitting, qt_ms, np.nan)


def _aligned(lead: SmoothLead, places: FloatArray, offsets: FloatArray, rounds: int) -> FloatArray:
    """Shift beats by fractions of a sample until their QRS lie over their median."""
    moved = places.copy()
    for _ in range(rounds):
        cut = lead.at(moved[:, np.newaxis] + offsets)
        template = _median(cut)
        slope = np.gradient(template, offsets)
        weights = _solved(cut, template, np.ones(offsets.size), slope)
        # beat(t) = g s(t + d) is g s + g d s'.
        shift = np.divide(weights[:, 2], weights[:, 0], where=weights[:, 0] > 0.0, out=_nan(cut))
        moved -= np.clip(np.nan_to_num(shift), -1.0, 1.0)
    return moved


def _stretched(
    lead: SmoothLead, onsets: FloatArray, offsets: FloatArray, rounds: int
) -> tuple[FloatArray, FloatArray]:
    """Give the stretch of each beat's T wave and how well it then fits, shapes (n,).

    Parameters
    ----------
    offsets : FloatArray
        Places of the template in samples from QRS onset.
    """
    template = _median(lead.at(onsets[:, np.newaxis] + offsets))
    stretching = offsets * np.gradient(template, offsets)
    level, tilt = np.ones(offsets.size), offsets - offsets.mean()
    stretch, fit = np.ones(onsets.size), np.full(onsets.size, np.nan)
    for _ in range(rounds):
        cut = lead.at(onsets[:, np.newaxis] + stretch[:, np.newaxis] * offsets)
        weights = _solved(cut, template, level, tilt, stretching)
        # beat(a u) = g s(a u / a0) is g s + g (a / a0 - 1) u s'.
        by = np.divide(weights[:, 3], weights[:, 0], where=weights[:, 0] > 0.0, out=_nan(cut))
        by = np.clip(np.nan_to_num(by), -0.2, 0.2)
        freed = cut - weights[:, 1:3] @ np.stack([level, tilt])
        fit = _correlation(freed, template + by[:, np.newaxis] * stretching)
        stretch = stretch / (1.0 + by)
    return stretch, fit


def _median(cut: FloatArray) -> FloatArray:
    whole = cut[np.isfinite(cut).all(axis=1)]
    median: FloatArray = np.median(whole, axis=0) if len(whole) else np.zeros(cut.shape[1])
    return median


def _solved(cut: FloatArray, *parts: FloatArray) -> FloatArray:
    """Fit each row by some parts, in least squares; shape (n_rows, n_parts)."""
    weights: FloatArray = cut @ np.linalg.pinv(np.stack(parts, axis=1)).T
    return weights


def _nan(cut: FloatArray) -> FloatArray:
    return np.full(len(cut), np.nan)


def _correlation(rows: FloatArray, others: FloatArray) -> FloatArray:
    rows = rows - rows.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    size = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    found: FloatArray = np.divide(
        (rows * others).sum(axis=1), size, out=np.full(len(rows), np.nan), where=size > 0.0
    )
    return found
