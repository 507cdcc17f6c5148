"""How far the leads differ in when waves begin and end, each delineated by itself.

Null unless enough of the twelve leads have the wave. What is told is of the beats of the class that
the representative beat stands for; a lead's value is the median over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore.average_leads import TWELVE
from ecgcore.average_signal import AverageSignal, both
from ecgcore.beat_places import OFF, ON, OVER_LEADS, PEAK, QRS, BeatPlaces, P, T
from ecgcore.beat_values import Point
from ecgcore.events import NullReason
from ecgcore.limits import Count, Share
from ecgcore.measured import Value
from ecgcore.repolarisation import fridericia_ms
from ecgcore.stats import known_medians
from ecgcore.types import FloatArray


@dataclass(frozen=True, slots=True)
class LeadSpreadConfig:
    """What a dispersion needs."""

    least_leads: Count = 8
    least_share: Share = 0.5
    """Of the beats, that must have the wave for a lead to count."""


DISPERSIONS: Mapping[str, tuple[Point, Point]] = MappingProxyType(
    {
        "qt_disp": ((QRS, ON), (T, OFF)),
        "jt_disp": ((QRS, OFF), (T, OFF)),
        "tpe_disp": ((T, PEAK), (T, OFF)),
        "qrs_disp": ((QRS, ON), (QRS, OFF)),
        "p_disp": ((P, ON), (P, OFF)),
    }
)
"""Longest less shortest of these over the leads."""
LEAD_SPREAD = (*DISPERSIONS, "qtc_disp", "onset_scatter")


def lead_spread(
    beats: BeatPlaces, signal: AverageSignal, config: LeadSpreadConfig
) -> dict[str, Value]:
    """Give the dispersions and the scatter of borders."""
    chosen = [row for row, lead in enumerate(beats.recorded.leads, 1) if lead in TWELVE]
    if len(chosen) < config.least_leads:
        return dict.fromkeys(LEAD_SPREAD, NullReason.LEAD_MISSING)
    used = beats.recorded.is_label(signal.beat.label) & beats.is_accepted
    places = beats.places[:, used] * 1e3 / signal.fs_hz
    found: dict[str, Value] = {}
    for key, (first, last) in DISPERSIONS.items():
        known = _usual(places[chosen][:, :, *last] - places[chosen][:, :, *first], config)
        is_p = first[0] == P
        absent = NullReason.NO_P_WAVE if is_p else NullReason.NOT_APPLICABLE
        found[key] = float(np.ptp(known)) if known.size >= config.least_leads else absent
    # Every lead is corrected by the same factor.
    found["qtc_disp"] = both(found["qt_disp"], signal.rr, fridericia_ms)
    borders = [
        _usual(places[chosen][:, :, *point] - places[OVER_LEADS][:, *point], config)
        for point in ((QRS, ON), (T, OFF))
    ]
    if min(border.size for border in borders) < config.least_leads:
        found["onset_scatter"] = NullReason.NOT_APPLICABLE
    else:
        variances = [np.var(border, ddof=1) for border in borders]
        found["onset_scatter"] = float(np.sqrt(np.mean(variances)))
    return found


def _usual(by_lead: FloatArray, config: LeadSpreadConfig) -> FloatArray:
    """Give the median of each lead, shape (n_leads, n_beats), that has enough values."""
    n = np.isfinite(by_lead).sum(axis=1)
    is_enough = (n > 0) & (n >= config.least_share * by_lead.shape[1])
    return known_medians(by_lead[is_enough])
