"""A representative beat, its figures lead by lead, and the times and vectors they give."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ecgcore import morph_places as m
from ecgcore import vector
from ecgcore.average import AverageBeat
from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.morphology import KEYS, measure_lead
from ecgcore.types import FloatArray
from ecgcore.vector import Transform


@dataclass(frozen=True)
class AverageSignal:
    """A representative beat, measured lead by lead."""

    beat: AverageBeat
    fs_hz: float
    leads: tuple[str, ...]
    """Names, as I, II, V1; one for each lead."""
    transform: Transform = Transform.KORS

    @cached_property
    def figures(self) -> FloatArray:
        """Shape (n_leads, len(KEYS)); as `ecgcore.morphology` tells."""
        found = np.empty((len(self.leads), m.N_FIGURES))
        for lead, ecg_mv in enumerate(self.beat.ecg_mv):
            points = np.ascontiguousarray(self.beat.points[lead])
            measure_lead(ecg_mv, self.fs_hz, points, self.beat.rr_s, found[lead])
        return found

    def figure(self, lead: str, key: str) -> Value:
        """Give a figure of a lead, or why there is none."""
        if lead not in self.leads:
            return NullReason.LEAD_MISSING
        value = float(self.figures[self.leads.index(lead), KEYS.index(key)])
        return value if math.isfinite(value) else absent(key)

    def interval_ms(self, first: int, last: int, lead: str | None = None) -> Value:
        """Give the time between two points; the peak of T has a place of its own in each lead."""
        points = self.beat.points[0 if lead is None else self.leads.index(lead)]
        if math.isnan(points[first]) or math.isnan(points[last]):
            is_p = m.P_OFF in (first, last) or m.P_ON in (first, last)
            return NullReason.NO_P_WAVE if is_p else NullReason.NOT_APPLICABLE
        return float(points[last] - points[first]) * 1e3 / self.fs_hz

    @property
    def rr(self) -> Value:
        """Seconds from beat to beat."""
        return self.beat.rr_s if self.beat.rr_s > 0.0 else NullReason.TOO_FEW_BEATS

    @cached_property
    def has_eight(self) -> bool:
        """Whether all leads are there that the vector is made of."""
        return set(vector.EIGHT) <= set(self.leads)

    @cached_property
    def xyz_mv(self) -> FloatArray:
        """X, Y, Z of the beat over their level before the QRS, shape (3, n); needs `has_eight`."""
        eight = self.beat.ecg_mv[[self.leads.index(lead) for lead in vector.EIGHT]]
        on = self.index(m.QRS_ON)
        before = eight[:, max(on + 1 - max(round(0.012 * self.fs_hz), 3), 0) : on + 1]
        away = eight - np.median(before, axis=1, keepdims=True)
        return vector.xyz_of(away, self.transform.matrix)

    def index(self, point: int) -> int:
        """Give the sample of a point over all leads."""
        last = int(self.beat.ecg_mv.shape[1]) - 1
        return min(max(round(float(self.beat.points[0, point])), 0), last)

    def has(self, *points: int) -> bool:
        """Tell whether all of some points are there."""
        return bool(np.isfinite(self.beat.points[0, list(points)]).all())


Measure: TypeAlias = Callable[[AverageSignal], Value]


def both(one: Value, other: Value, of: Callable[[float, float], Value]) -> Value:
    """Make one value out of two; of a value that is absent, give the reason."""
    if isinstance(one, NullReason):
        return one
    return other if isinstance(other, NullReason) else of(one, other)


def over(one: float, other: float) -> Value:
    """Divide, where that can be."""
    return one / other if other != 0.0 else NullReason.NOT_APPLICABLE


def absent(key: str) -> NullReason:
    """Say why a figure of a lead is absent."""
    return NullReason.NO_P_WAVE if key.startswith("p_") else NullReason.NOT_APPLICABLE
