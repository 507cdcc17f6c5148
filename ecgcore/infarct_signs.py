"""Signs of infarction and of Brugada in the QRS and ST of the representative beat.

Limits are those of the fourth universal definition of myocardial infarction (2018).
"""

from dataclasses import dataclass

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_leads import CHEST
from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import missing, n_of, over_level, qrs_of
from ecgcore.events import NullReason
from ecgcore.limits import Milliseconds, Millivolts
from ecgcore.measured import Value
from ecgcore.qrs_form import QrsFormConfig, deflections, q_ms

Q_GROUPS = (("I", "aVL"), CHEST, ("II", "III", "aVF"))
"""Leads that look at the same wall."""
_ANTERIOR, _NOT_JUDGED = ("V2", "V3"), ("aVR", "V1")


@dataclass(frozen=True, slots=True)
class InfarctConfig:
    """Limits (biomarkers S62, S63, S65)."""

    q_ms: Milliseconds = 30.0
    q_mv: Millivolts = 0.1
    q_anterior_ms: Milliseconds = 20.0
    """In V2 and V3, where any depth counts."""
    r_posterior_ms: Milliseconds = 40.0
    least_t_mv: Millivolts = 0.05
    wide_ms: Milliseconds = 120.0
    coved_mv: Millivolts = 0.2
    negative_t_mv: Millivolts = 0.1
    coved_ms: tuple[Milliseconds, Milliseconds, Milliseconds] = (0.0, 40.0, 80.0)
    """Where a coved ST is lower each time."""


def is_left_bundle(signal: AverageSignal, wide_ms: float) -> bool:
    """Tell whether QRS is wide and goes down in V1: its start tells nothing of a scar."""
    qrs_ms = signal.interval_ms(m.QRS_ON, m.QRS_OFF)
    if isinstance(qrs_ms, NullReason) or qrs_ms < wide_ms or "V1" not in signal.leads:
        return False
    return float(qrs_of(signal, "V1").sum()) < 0.0


def q_leads(signal: AverageSignal, config: InfarctConfig, qrs: QrsFormConfig) -> dict[str, bool]:
    """Tell in which of twelve leads a Q wave is pathologic; leads where it may be are left out."""
    is_q = {lead: _has_q(signal, lead, config, qrs) for group in Q_GROUPS for lead in group}
    found = {}
    for group in Q_GROUPS:
        for lead in group:
            is_alone = sum(is_q[other] for other in group) < 2
            found[lead] = is_q[lead] and (lead in _ANTERIOR or not is_alone)
    return {lead: is_found for lead, is_found in found.items() if lead not in _NOT_JUDGED}


def _has_q(
    signal: AverageSignal, lead: str, config: InfarctConfig, qrs_config: QrsFormConfig
) -> bool:
    """Tell whether a Q (or QS) is wide and deep enough in one lead; one in V1 never is."""
    qrs = qrs_of(signal, lead)
    found = deflections(qrs, signal.fs_hz)
    if lead in _NOT_JUDGED or not found or found[0].height_mv > 0.0:
        return False
    first = found[0]
    if all(each.height_mv < 0.0 for each in found):
        return True
    width_ms = q_ms(qrs, first, signal.fs_hz, qrs_config)
    if lead in _ANTERIOR:
        return width_ms >= config.q_anterior_ms
    return width_ms >= config.q_ms and -first.height_mv >= config.q_mv


def r_v1_posterior(signal: AverageSignal, config: InfarctConfig) -> Value:
    """Tell whether R is wide and high in V1 and V2, with T upright there."""
    reason = missing(signal, ("V1", "V2"))
    if reason is not None:
        return reason
    qrs_ms = signal.interval_ms(m.QRS_ON, m.QRS_OFF)
    if not isinstance(qrs_ms, NullReason) and qrs_ms >= config.wide_ms:
        return NullReason.WIDE_QRS
    return float(all(_is_posterior(signal, lead, config) for lead in ("V1", "V2")))


def _is_posterior(signal: AverageSignal, lead: str, config: InfarctConfig) -> bool:
    figures = [signal.figure(lead, key) for key in ("r_amp", "r_dur", "s_amp", "t_amp")]
    r, width_ms, s, t = (0.0 if isinstance(each, NullReason) else each for each in figures)
    return width_ms >= config.r_posterior_ms and r >= s and t >= config.least_t_mv


def brugada1(signal: AverageSignal, config: InfarctConfig) -> Value:
    """Tell whether ST is high and coved in V1 or V2, and T negative."""
    leads = [lead for lead in ("V1", "V2") if lead in signal.leads]
    if not leads:
        return NullReason.LEAD_MISSING
    if not signal.has(m.QRS_ON, m.QRS_OFF, m.T_ON, m.T_OFF):
        return NullReason.NOT_APPLICABLE
    return float(any(_is_coved(signal, lead, config) for lead in leads))


def _is_coved(signal: AverageSignal, lead: str, config: InfarctConfig) -> bool:
    over_mv, j = over_level(signal, lead), signal.index(m.QRS_OFF)
    places = [j + round(ms * 1e-3 * signal.fs_hz) for ms in config.coved_ms]
    if places[-1] >= over_mv.size:
        return False
    levels = over_mv[places]
    # The take-off may lie a little behind where QRS ends.
    top = float(over_mv[j : j + n_of(20.0, signal.fs_hz)].max())
    t_mv = signal.figure(lead, "t_amp_neg")
    is_negative = not isinstance(t_mv, NullReason) and t_mv <= -config.negative_t_mv
    return bool(top >= config.coved_mv and (np.diff(levels) < 0.0).all() and is_negative)
