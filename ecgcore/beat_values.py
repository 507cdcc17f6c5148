"""Intervals and heights of single beats, one value a beat.

Intervals are those of the lead's own waves, or of the waves over all leads. Heights and levels are
measured in each lead between the bounds over all leads, as those of the averaged beat are.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ecgcore import morph_places as m
from ecgcore.beat_places import OFF, ON, OVER_LEADS, PEAK, QRS, BeatPlaces, P, T
from ecgcore.morphology import measure_lead
from ecgcore.types import FloatArray

Point = tuple[int, int]
"""A wave and a place in it."""
WITHIN: Mapping[str, tuple[Point, Point]] = MappingProxyType(
    {
        "p_dur": ((P, ON), (P, OFF)),
        "pr_int": ((P, ON), (QRS, ON)),
        "pr_seg": ((P, OFF), (QRS, ON)),
        "pr_peak": ((P, PEAK), (QRS, PEAK)),
        "qrs_dur": ((QRS, ON), (QRS, OFF)),
        "qt_int": ((QRS, ON), (T, OFF)),
        "st_dur": ((QRS, OFF), (T, ON)),
        "t_dur": ((T, ON), (T, OFF)),
    }
)
"""From one point of a beat to another."""
TO_NEXT: Mapping[str, tuple[Point, Point]] = MappingProxyType(
    {"tp_seg": ((T, OFF), (P, ON)), "tq_int": ((T, OFF), (QRS, ON))}
)
"""From a point of a beat to one of the next, with no sample lost between them."""
INTERVALS = (*WITHIN, *TO_NEXT)
NEEDS_P = ("p_dur", "pr_int", "pr_seg", "pr_peak", "tp_seg")
HEIGHTS = (
    *("p_amp_pos", "p_amp_neg", "q_amp", "r_amp", "s_amp", "qrs_pp", "qrs_up_max", "qrs_down_max"),
    *("st_j0", "st_j20", "st_j40", "st_j60", "st_j80", "t_amp_pos", "t_amp_neg", "t_amp"),
)
"""Figures of `ecgcore.morphology` that are given of single beats too."""
_BEFORE_S, _AFTER_S = 0.4, 0.7
"""What is cut out around an R peak holds all waves of the beat."""
_HEIGHTS_AT = [m.KEYS.index(key) for key in HEIGHTS]


def intervals_ms(beats: BeatPlaces, row: int) -> dict[str, FloatArray]:
    """Give each interval by its key, shape (n_beats,); NaN where it does not exist.

    Parameters
    ----------
    row : int
        `OVER_LEADS`, or 1 plus the number of a lead.
    """
    own, following = beats.places[row], beats.following[row]
    sample_ms = 1e3 / beats.recorded.fs_hz
    found = {key: own[:, *last] - own[:, *first] for key, (first, last) in WITHIN.items()}
    found |= {key: following[:, *last] - own[:, *first] for key, (first, last) in TO_NEXT.items()}
    # Where the later wave begins before the earlier one ends, there is nothing between them.
    return {key: np.where(x > 0.0, x, np.nan) * sample_ms for key, x in found.items()}


def heights(beats: BeatPlaces) -> FloatArray:
    """Give figures of the beats of `is_usual`, shape (len(HEIGHTS), n_leads, n_usual)."""
    recorded = beats.recorded
    used = np.flatnonzero(beats.is_usual)
    n_leads, n_samples = recorded.ecg_mv.shape
    before, after = round(_BEFORE_S * recorded.fs_hz), round(_AFTER_S * recorded.fs_hz)
    found = np.full((used.size, n_leads, m.N_FIGURES), math.nan)
    points = _points(beats)
    for k, at in enumerate(used):
        sample = recorded.beats[at].sample
        first, last = max(sample - before, 0), min(sample + after + 1, n_samples)
        window = recorded.ecg_mv[:, first:last]
        if np.isnan(window).any():
            continue
        for lead in range(n_leads):
            here = np.ascontiguousarray(window[lead])
            measure_lead(here, recorded.fs_hz, points[lead, at] - first, math.nan, found[k, lead])
    return np.moveaxis(found[:, :, _HEIGHTS_AT], 2, 0).swapaxes(1, 2)


def _points(beats: BeatPlaces) -> FloatArray:
    """Give fiducial points as counters, shape (n_leads, n_beats, 8): T peaks are the lead's own."""
    overall, n_leads = beats.places[OVER_LEADS], len(beats.recorded.leads)
    points = np.empty((n_leads, overall.shape[0], m.N_POINTS))
    bounds = [(P, ON), (P, OFF), (QRS, ON), (QRS, PEAK), (QRS, OFF), (T, ON), (T, PEAK), (T, OFF)]
    for place, point in enumerate(bounds):
        points[:, :, place] = overall[:, *point]
    own = beats.places[1:, :, T, PEAK]
    is_within = (own > points[:, :, m.T_ON]) & (own < points[:, :, m.T_OFF])
    points[:, :, m.T_PEAK] = np.where(is_within, own, points[:, :, m.T_PEAK])
    return points
