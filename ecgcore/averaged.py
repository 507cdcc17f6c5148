"""The table of biomarkers that the representative beat is measured by.

Over all leads: intervals, corrected QT, ratios, axes, the vector. For each lead: the figures of
`ecgcore.morphology` and ratios of them. A value that cannot be given honestly is null with its
reason; what a key means, its unit and dimension stand in the registry (`ecgcore.catalogue`).
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from types import MappingProxyType

from ecgcore import morph_places as m
from ecgcore import repolarisation as qt
from ecgcore import vector
from ecgcore.average_leads import LEADS_TOGETHER, LEAST_ST_UV
from ecgcore.average_signal import AverageSignal, Measure, both, over
from ecgcore.average_vector import VECTOR
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.measured import Value, measurement_of
from ecgcore.morphology import KEYS

LEAST_AREA = 1e-6
"""uV.s; a smaller area has no direction."""
WIDE_QRS_MS = 120.0


def measure_average(
    signal: AverageSignal, sqi: float, keys: Container[str] | None = None
) -> Iterator[Measurement]:
    """Give every row of the table, or those of some keys: over all leads, then lead by lead."""
    n = signal.beat.n_beats
    for key in _wanted(GLOBAL, keys):
        yield measurement_of(key, GLOBAL[key](signal), n, sqi, None)
    for lead in signal.leads:
        for key in _wanted(KEYS, keys):
            yield measurement_of(key, signal.figure(lead, key), n, sqi, lead)
        for key in _wanted(LEAD_INTERVALS, keys):
            yield measurement_of(key, signal.interval_ms(*LEAD_INTERVALS[key], lead), n, sqi, lead)
        for key in _wanted(LEAD_RATIOS, keys):
            yield measurement_of(key, ratio_of(signal, lead, *LEAD_RATIOS[key]), n, sqi, lead)


def unmeasured(
    reason: NullReason, leads: Iterable[str], sqi: float, keys: Container[str] | None = None
) -> Iterator[Measurement]:
    """Give the same rows as null: there is no representative beat."""
    for key in _wanted(GLOBAL, keys):
        yield measurement_of(key, reason, 0, sqi, None)
    for lead in leads:
        for key in _wanted((*KEYS, *LEAD_INTERVALS, *LEAD_RATIOS), keys):
            yield measurement_of(key, reason, 0, sqi, lead)


def _wanted(rows: Iterable[str], keys: Container[str] | None) -> list[str]:
    return [key for key in rows if keys is None or key in keys]


def _interval(first: int, last: int) -> Measure:
    return lambda signal: signal.interval_ms(first, last)


def _less(key: str, other: str) -> Measure:
    return lambda signal: both(GLOBAL[key](signal), GLOBAL[other](signal), float.__sub__)


def _ratio(key: str, other: str) -> Measure:
    return lambda signal: both(GLOBAL[key](signal), GLOBAL[other](signal), over)


def _corrected(formula: Callable[[float, float], float]) -> Measure:
    return lambda signal: both(GLOBAL["qt_int"](signal), signal.rr, formula)


def _of_rr(key: str) -> Measure:
    return lambda signal: both(GLOBAL[key](signal), signal.rr, lambda ms, s: ms / (1e3 * s))


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
    return both(_of_t_lead(m.QRS_OFF, m.T_PEAK)(signal), signal.rr, qt.jtp_corrected_ms)


def _qtc_wide(signal: AverageSignal) -> Value:
    qrs_ms = signal.interval_ms(m.QRS_ON, m.QRS_OFF)
    if isinstance(qrs_ms, NullReason):
        return qrs_ms
    if qrs_ms < WIDE_QRS_MS:
        return NullReason.NOT_APPLICABLE
    return _corrected(lambda qt_ms, rr_s: qt.wide_qrs_ms(qt_ms, qrs_ms, rr_s))(signal)


def _axis(key: str, least: float = LEAST_AREA) -> Measure:
    """Frontal axis of a figure of I and aVF."""

    def axis(in_i: float, in_avf: float) -> Value:
        if math.hypot(in_i, in_avf) < least:
            return NullReason.NOT_APPLICABLE
        return vector.frontal_axis_deg(in_i, in_avf)

    return lambda signal: both(signal.figure("I", key), signal.figure("aVF", key), axis)


def _paced(measure: Measure) -> Measure:
    """Refuse beats that a pacemaker made: no P wave of theirs leads to the QRS."""
    return lambda signal: (
        NullReason.PACED if signal.beat.label is BeatLabel.PACED else measure(signal)
    )


def _angle_frontal(signal: AverageSignal) -> Value:
    return both(GLOBAL["qrs_axis"](signal), GLOBAL["t_axis"](signal), vector.folded_deg)


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
        **VECTOR,
        **LEADS_TOGETHER,
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
    return both(signal.figure(lead, key), signal.figure(lead, other), over)
