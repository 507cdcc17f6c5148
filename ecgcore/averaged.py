"""The table of biomarkers that the representative beat is measured by.

Over all leads: intervals, corrected QT, ratios, axes, the vector. For each lead: the figures of
`ecgcore.morphology` and ratios of them. A value that cannot be given honestly is null with its
reason; what a key means, its unit and dimension stand in the registry (`ecgcore.catalogue`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from ecgcore import morph_places as m
from ecgcore import repolarisation as qt
from ecgcore import vector
from ecgcore.average import AverageBeat
from ecgcore.catalogue import catalogue
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.morphology import KEYS, measure_lead
from ecgcore.types import FloatArray

LEAST_AREA = 1e-6
"""uV.s; a smaller area has no direction."""
LEAST_ST_UV = 50.0
WIDE_QRS_MS = 120.0
_ABSENT = {"p": NullReason.NO_P_WAVE}

Value: TypeAlias = float | NullReason


@dataclass(frozen=True)
class AverageSignal:
    """A representative beat, measured lead by lead."""

    beat: AverageBeat
    fs_hz: float
    leads: tuple[str, ...]
    """Names, as I, II, V1; one for each lead."""

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
        return vector.xyz_of(eight - np.median(before, axis=1, keepdims=True))

    def index(self, point: int) -> int:
        """Give the sample of a point over all leads."""
        last = int(self.beat.ecg_mv.shape[1]) - 1
        return min(max(round(float(self.beat.points[0, point])), 0), last)

    def has(self, *points: int) -> bool:
        """Tell whether all of some points are there."""
        return bool(np.isfinite(self.beat.points[0, list(points)]).all())


Measure: TypeAlias = Callable[[AverageSignal], Value]


def absent(key: str) -> NullReason:
    """Say why a figure of a lead is absent."""
    return NullReason.NO_P_WAVE if key.startswith("p_") else NullReason.NOT_APPLICABLE


def measure_average(signal: AverageSignal, sqi: float) -> tuple[Measurement, ...]:
    """Give every row of the table: those over all leads, then those of each lead in turn."""
    n = signal.beat.n_beats
    found = [_measurement(key, measure(signal), n, sqi, None) for key, measure in GLOBAL.items()]
    for lead in signal.leads:
        found += [_measurement(key, signal.figure(lead, key), n, sqi, lead) for key in KEYS]
        of_lead = [(key, signal.interval_ms(*of, lead)) for key, of in LEAD_INTERVALS.items()]
        of_lead += [(key, ratio_of(signal, lead, *of)) for key, of in LEAD_RATIOS.items()]
        found += [_measurement(key, value, n, sqi, lead) for key, value in of_lead]
    return tuple(found)


def unmeasured(reason: NullReason, leads: tuple[str, ...], sqi: float) -> tuple[Measurement, ...]:
    """Give every row as null: there is no representative beat."""
    found = [_measurement(key, reason, 0, sqi, None) for key in GLOBAL]
    for lead in leads:
        found += [
            _measurement(key, reason, 0, sqi, lead)
            for key in (*KEYS, *LEAD_INTERVALS, *LEAD_RATIOS)
        ]
    return tuple(found)


def _measurement(key: str, value: Value, n: int, sqi: float, lead: str | None) -> Measurement:
    entry = catalogue()[key]
    unit = entry.unit or "1"
    if isinstance(value, NullReason):
        return Measurement(key, None, unit, entry.dimension, 0, sqi, value, lead)
    return Measurement(key, value, unit, entry.dimension, n, sqi, None, lead)


def _interval(first: int, last: int) -> Measure:
    return lambda signal: signal.interval_ms(first, last)


def _less(key: str, other: str) -> Measure:
    def measure(signal: AverageSignal) -> Value:
        one, two = GLOBAL[key](signal), GLOBAL[other](signal)
        if isinstance(one, NullReason):
            return one
        return two if isinstance(two, NullReason) else one - two

    return measure


def _ratio(key: str, other: str) -> Measure:
    def measure(signal: AverageSignal) -> Value:
        one, two = GLOBAL[key](signal), GLOBAL[other](signal)
        if isinstance(one, NullReason):
            return one
        if isinstance(two, NullReason):
            return two
        return one / two if two > 0.0 else NullReason.NOT_APPLICABLE

    return measure


def _corrected(formula: Callable[[float, float], float], key: str = "qt_int") -> Measure:
    def measure(signal: AverageSignal) -> Value:
        value, rr_s = GLOBAL[key](signal), signal.beat.rr_s
        if isinstance(value, NullReason):
            return value
        return formula(value, rr_s) if rr_s > 0.0 else NullReason.TOO_FEW_BEATS

    return measure


def _rr_ms(signal: AverageSignal) -> Value:
    rr_s = signal.beat.rr_s
    return 1e3 * rr_s if rr_s > 0.0 else NullReason.TOO_FEW_BEATS


def _of_rr(key: str) -> Measure:
    def measure(signal: AverageSignal) -> Value:
        value, rr_ms = GLOBAL[key](signal), _rr_ms(signal)
        if isinstance(value, NullReason):
            return value
        return rr_ms if isinstance(rr_ms, NullReason) else value / rr_ms

    return measure


def _of_t_lead(first: int, last: int) -> Measure:
    """Of V5, else II, else the lead where it is longest."""

    def measure(signal: AverageSignal) -> Value:
        chosen = next((lead for lead in ("V5", "II") if lead in signal.leads), None)
        leads = signal.leads if chosen is None else (chosen,)
        found = [signal.interval_ms(first, last, lead) for lead in leads]
        known = [value for value in found if not isinstance(value, NullReason)]
        return max(known) if known else found[0]

    return measure


def _jtp_corrected(signal: AverageSignal) -> Value:
    jtp_ms, rr_s = _of_t_lead(m.QRS_OFF, m.T_PEAK)(signal), signal.beat.rr_s
    if isinstance(jtp_ms, NullReason):
        return jtp_ms
    return qt.jtp_corrected_ms(jtp_ms, rr_s) if rr_s > 0.0 else NullReason.TOO_FEW_BEATS


def _qtc_wide(signal: AverageSignal) -> Value:
    qrs_ms = signal.interval_ms(m.QRS_ON, m.QRS_OFF)
    if isinstance(qrs_ms, NullReason):
        return qrs_ms
    if qrs_ms < WIDE_QRS_MS:
        return NullReason.NOT_APPLICABLE
    return _corrected(lambda qt_ms, rr_s: qt.wide_qrs_ms(qt_ms, qrs_ms, rr_s))(signal)


def _axis(key: str, least: float = LEAST_AREA) -> Measure:
    """Frontal axis of a figure of I and aVF."""

    def measure(signal: AverageSignal) -> Value:
        in_i, in_avf = signal.figure("I", key), signal.figure("aVF", key)
        if isinstance(in_i, NullReason):
            return in_i
        if isinstance(in_avf, NullReason):
            return in_avf
        if math.hypot(in_i, in_avf) < least:
            return NullReason.NOT_APPLICABLE
        return vector.frontal_axis_deg(in_i, in_avf)

    return measure


def _paced(measure: Measure) -> Measure:
    """Refuse beats that a pacemaker made: no P wave of theirs leads to the QRS."""
    return lambda signal: (
        NullReason.PACED if signal.beat.label is BeatLabel.PACED else measure(signal)
    )


def _angle_frontal(signal: AverageSignal) -> Value:
    qrs, t = GLOBAL["qrs_axis"](signal), GLOBAL["t_axis"](signal)
    if isinstance(qrs, NullReason):
        return qrs
    return t if isinstance(t, NullReason) else vector.folded_deg(qrs, t)


def _of_vector(value: Callable[[FloatArray, FloatArray, AverageSignal], float]) -> Measure:
    """Something about the loops of QRS and T, shape (3, n) each."""

    def measure(signal: AverageSignal) -> Value:
        if not signal.has_eight:
            return NullReason.LEAD_MISSING
        if not signal.has(m.QRS_ON, m.QRS_OFF, m.T_ON, m.T_OFF):
            return NullReason.NOT_APPLICABLE
        on, j = signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
        t_on, t_off = signal.index(m.T_ON), signal.index(m.T_OFF)
        if not (on + 2 < j and t_on + 2 < t_off):
            return NullReason.NOT_APPLICABLE
        xyz = signal.xyz_mv
        found = value(xyz[:, on : j + 1], xyz[:, t_on : t_off + 1], signal)
        return found if math.isfinite(found) else NullReason.NOT_APPLICABLE

    return measure


def _largest(loop: FloatArray) -> FloatArray:
    at = int(np.argmax(np.linalg.norm(loop, axis=0)))
    largest: FloatArray = loop[:, at]
    return largest


def _planarity(qrs: FloatArray) -> float:
    squares = vector.loop_shares(qrs) ** 2
    return float(1.0 - squares[2] / squares.sum()) if squares.sum() > 0.0 else math.nan


def _roundness(t: FloatArray) -> float:
    shares = vector.loop_shares(t)
    return float(shares[1] / shares[0]) if shares[0] > 0.0 else math.nan


def _st_vm(signal: AverageSignal) -> Value:
    if not signal.has_eight:
        return NullReason.LEAD_MISSING
    if not signal.has(m.QRS_ON, m.QRS_OFF):
        return NullReason.NOT_APPLICABLE
    at = signal.index(m.QRS_OFF) + round(0.060 * signal.fs_hz)
    if at >= signal.xyz_mv.shape[1]:
        return NullReason.TOO_SHORT
    return 1e3 * float(np.linalg.norm(signal.xyz_mv[:, at]))


def _gradient_mv_ms(signal: AverageSignal) -> FloatArray:
    """Areas of X, Y and Z from QRS onset to the end of T."""
    on, off = signal.index(m.QRS_ON), signal.index(m.T_OFF)
    areas: FloatArray = signal.xyz_mv[:, on : off + 1].sum(axis=1) * 1e3 / signal.fs_hz
    return areas


def _sum_absolute(signal: AverageSignal) -> float:
    on, off = signal.index(m.QRS_ON), signal.index(m.T_OFF)
    return float(np.abs(signal.xyz_mv[:, on : off + 1]).sum() * 1e3 / signal.fs_hz)


GLOBAL: Mapping[str, Measure] = MappingProxyType(
    {
        "p_dur": _paced(_interval(m.P_ON, m.P_OFF)),
        "pr_int": _paced(_interval(m.P_ON, m.QRS_ON)),
        "pr_seg": _paced(_interval(m.P_OFF, m.QRS_ON)),
        "qrs_dur": _interval(m.QRS_ON, m.QRS_OFF),
        "qt_int": _interval(m.QRS_ON, m.T_OFF),
        "jt_int": _interval(m.QRS_OFF, m.T_OFF),
        "tpe_int": _of_t_lead(m.T_PEAK, m.T_OFF),
        "t_dur": _interval(m.T_ON, m.T_OFF),
        "st_dur": _interval(m.QRS_OFF, m.T_ON),
        "qtc_bazett": _corrected(qt.bazett_ms),
        "qtc_fridericia": _corrected(qt.fridericia_ms),
        "qtc_framingham": _corrected(qt.framingham_ms),
        "qtc_hodges": _corrected(qt.hodges_ms),
        "qtc_rautaharju": _corrected(qt.rautaharju_ms),
        "qtc_dmitrienko": _corrected(qt.dmitrienko_ms),
        "jtc": _less("qtc_fridericia", "qrs_dur"),
        "jtpc": _jtp_corrected,
        "qtc_wide": _qtc_wide,
        "tpe_qt": _ratio("tpe_int", "qt_int"),
        "tpe_qtc": _ratio("tpe_int", "qtc_fridericia"),
        "iceb": _ratio("qt_int", "qrs_dur"),
        "icebc": _ratio("qtc_fridericia", "qrs_dur"),
        "macruz": _ratio("p_dur", "pr_seg"),
        "jt_qt": _ratio("jt_int", "qt_int"),
        "qt_rr": _of_rr("qt_int"),
        "pr_rr": _of_rr("pr_int"),
        "p_axis": _paced(_axis("p_area")),
        "qrs_axis": _axis("qrs_area"),
        "t_axis": _axis("t_area"),
        "st_axis": _axis("st_j60", LEAST_ST_UV),
        "qrst_angle_frontal": _angle_frontal,
        "qrst_angle_spatial_mean": _of_vector(
            lambda qrs, t, _: vector.angle_deg(qrs.sum(axis=1), t.sum(axis=1))
        ),
        "qrst_angle_spatial_peak": _of_vector(
            lambda qrs, t, _: vector.angle_deg(_largest(qrs), _largest(t))
        ),
        "qrs_azimuth": _of_vector(lambda qrs, _, __: vector.azimuth_deg(qrs.sum(axis=1))),
        "qrs_elevation": _of_vector(lambda qrs, _, __: vector.elevation_deg(qrs.sum(axis=1))),
        "t_azimuth": _of_vector(lambda _, t, __: vector.azimuth_deg(t.sum(axis=1))),
        "t_elevation": _of_vector(lambda _, t, __: vector.elevation_deg(t.sum(axis=1))),
        "qrs_planarity": _of_vector(lambda qrs, _, __: _planarity(qrs)),
        "t_roundness": _of_vector(lambda _, t, __: _roundness(t)),
        "qrs_vm": _of_vector(lambda qrs, _, __: float(np.linalg.norm(qrs, axis=0).max())),
        "t_vm": _of_vector(lambda _, t, __: float(np.linalg.norm(t, axis=0).max())),
        "st_vm": _st_vm,
        "vg_magnitude": _of_vector(
            lambda _, __, signal: float(np.linalg.norm(_gradient_mv_ms(signal)))
        ),
        "sai_qrst": _of_vector(lambda _, __, signal: _sum_absolute(signal)),
    }
)
"""Over all leads."""

LEAD_INTERVALS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "jtp_int": (m.QRS_OFF, m.T_PEAK),
        "qtp_int": (m.QRS_ON, m.T_PEAK),
        "tpe_int": (m.T_PEAK, m.T_OFF),
    }
)
"""Of each lead: from one point to another."""

LEAD_RATIOS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "r_s_ratio": ("r_amp", "s_amp"),
        "q_r_ratio": ("q_amp", "r_amp"),
        "r_t_ratio": ("r_amp", "t_amp"),
    }
)
"""Of each lead: one figure over another."""


def ratio_of(signal: AverageSignal, lead: str, key: str, other: str) -> Value:
    """Give one figure of a lead over another."""
    one, two = signal.figure(lead, key), signal.figure(lead, other)
    if isinstance(one, NullReason):
        return one
    if isinstance(two, NullReason):
        return two
    return one / two if two != 0.0 else NullReason.NOT_APPLICABLE
