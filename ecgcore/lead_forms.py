"""Forms and flags of each lead of the representative beat.

A paced beat has no form of P or PR and no sign of a scar or of a second pathway; a wave that a lead
does not have has no form.
"""

import math
from collections.abc import Callable, Container, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ecgcore import morph_places as m
from ecgcore.average_leads import r_mv
from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import (
    TWELVE,
    has_qrs,
    n_of,
    no_p,
    noise_mv,
    over_level,
    qrs_of,
    refused,
    twelve_of,
)
from ecgcore.averaged import GLOBAL
from ecgcore.end_qrs import j_wave
from ecgcore.events import BeatLabel, NullReason
from ecgcore.form_config import FormConfig
from ecgcore.hermite import N_FUNCTIONS, coefficients
from ecgcore.infarct_signs import is_left_bundle, q_leads
from ecgcore.measured import Said, Value
from ecgcore.qrs_form import deflections, delta_pct, is_fragmented, pattern_of, polarity_of
from ecgcore.t_shape import flatness, main_lobe, notch_share
from ecgcore.types import FloatArray
from ecgcore.wave_forms import over_feet, p_form, segment_form, smoothed, st_form, t_form

LeadMeasure: TypeAlias = Callable[[AverageSignal, str, FormConfig], Said]


def t_mv(signal: AverageSignal, lead: str, config: FormConfig) -> FloatArray | None:
    """Give the T wave of a lead over the level before QRS; None if there is none."""
    if not (has_qrs(signal) and signal.has(m.T_ON, m.T_OFF)):
        return None
    on, off = signal.index(m.T_ON), signal.index(m.T_OFF)
    fine = smoothed(over_level(signal, lead), n_of(config.waves.t_smooth_ms, signal.fs_hz))
    wave: FloatArray = fine[on : off + 1]
    return wave if wave.size > 4 else None


def _p_form(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    reason = no_p(signal)
    if reason is not None:
        return reason
    ecg_mv = signal.beat.ecg_mv[signal.leads.index(lead)]
    fine = smoothed(ecg_mv, n_of(config.waves.p_smooth_ms, signal.fs_hz))
    wave = over_feet(fine[signal.index(m.P_ON) : signal.index(m.P_OFF) + 1])
    form = p_form(wave, noise_mv(ecg_mv), config.waves)
    return NullReason.NO_P_WAVE if form is None else form


def _pr_form(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    reason = no_p(signal)
    if reason is not None:
        return reason
    if not signal.has(m.QRS_ON):
        return NullReason.NOT_APPLICABLE
    first, end = signal.index(m.P_OFF), signal.index(m.QRS_ON)
    if end - first < n_of(config.waves.least_segment_ms, signal.fs_hz):
        return NullReason.NOT_APPLICABLE
    ecg_mv = signal.beat.ecg_mv[signal.leads.index(lead)]
    return segment_form(ecg_mv[first : end + 1], signal.fs_hz, config.waves)


def _of_qrs(measure: LeadMeasure) -> LeadMeasure:
    def of_qrs(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
        return measure(signal, lead, config) if has_qrs(signal) else NullReason.NOT_APPLICABLE

    return of_qrs


def _not_paced(measure: LeadMeasure) -> LeadMeasure:
    def not_paced(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
        if signal.beat.label is BeatLabel.PACED:
            return NullReason.PACED
        return measure(signal, lead, config)

    return not_paced


def _pattern(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    found = deflections(qrs_of(signal, lead), signal.fs_hz)
    return pattern_of(found, config.qrs) or NullReason.NOT_APPLICABLE


def _st_form(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    j, last = signal.index(m.QRS_OFF), signal.beat.ecg_mv.shape[1] - 1
    end = j + n_of(config.waves.st_ms, signal.fs_hz)
    if signal.has(m.T_PEAK):
        end = min(end, round(float(signal.beat.points[signal.leads.index(lead), m.T_PEAK])))
    if end > last or end - j < n_of(config.waves.least_segment_ms, signal.fs_hz):
        return NullReason.NOT_APPLICABLE
    return st_form(over_level(signal, lead)[j : end + 1], signal.fs_hz, config.waves)


def _t_form(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    wave = t_mv(signal, lead, config)
    if wave is None:
        return NullReason.NOT_APPLICABLE
    return t_form(wave, r_mv(signal, lead), config.waves)


def _t_shape(shape: Callable[[FloatArray], float]) -> LeadMeasure:
    """Measure the main part of T over the line between its feet; a flat one has no shape."""

    def measure(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
        wave = t_mv(signal, lead, config)
        if wave is None:
            return NullReason.NOT_APPLICABLE
        wave = over_feet(wave)
        wave = main_lobe(wave if wave.max() >= -wave.min() else -wave)
        is_flat = wave.max() < config.waves.flat_t_mv
        return NullReason.NOT_APPLICABLE if is_flat else shape(wave)

    return measure


def fragmented(signal: AverageSignal, lead: str, config: FormConfig) -> bool:
    """Tell whether the QRS of a lead is fragmented; there is one."""
    qrs = qrs_of(signal, lead)
    found = deflections(qrs, signal.fs_hz)
    qrs_ms = (qrs.size - 1) * 1e3 / signal.fs_hz
    noise = noise_mv(signal.beat.ecg_mv[signal.leads.index(lead)])
    return is_fragmented(qrs, found, qrs_ms, lead in ("V1", "V2"), noise, config.qrs)


def _delta(signal: AverageSignal, lead: str, config: FormConfig) -> Said:
    reason = no_p(signal)
    if reason is not None:
        return reason
    p = signal.index(m.P_ON), signal.index(m.P_OFF)
    qrs = signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
    return delta_pct(over_level(signal, lead), signal.fs_hz, p, qrs, config.qrs)


def _q_pathologic(signal: AverageSignal, config: FormConfig) -> dict[str, Said]:
    """Tell of each lead whether its Q wave is pathologic; others of its group have their say."""
    whole = twelve_of(signal)
    reason = refused(whole, TWELVE)
    if reason is None and is_left_bundle(whole, config.infarct.wide_ms):
        reason = NullReason.WIDE_QRS
    if reason is not None:
        return dict.fromkeys(signal.leads, reason)
    found = q_leads(whole, config.infarct, config.qrs)
    return {
        lead: float(found[lead]) if lead in found else NullReason.NOT_APPLICABLE
        for lead in signal.leads
    }


def _osborn(signal: AverageSignal, lead: str, config: FormConfig) -> Value:
    limits, rr_s, qtc_ms = config.end_qrs, signal.rr, GLOBAL["qtc_fridericia"](signal)
    if not isinstance(qrs_ms := GLOBAL["qrs_dur"](signal), NullReason) and qrs_ms >= limits.wide_ms:
        return NullReason.WIDE_QRS
    if isinstance(rr_s, NullReason):
        return rr_s
    if isinstance(qtc_ms, NullReason):
        return qtc_ms
    on, off = signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
    found = j_wave(over_level(signal, lead), on, off, signal.fs_hz, limits)
    is_slow = 60.0 / rr_s < limits.osborn_most_bpm
    is_long = qtc_ms >= limits.osborn_least_qtc_ms
    return float(found is not None and found.is_notch and is_slow and is_long)


def _hermite(signal: AverageSignal, lead: str, config: FormConfig) -> list[Said]:
    found = None
    if has_qrs(signal):
        found = coefficients(qrs_of(signal, lead), signal.fs_hz, config.hermite)
    return [NullReason.NOT_APPLICABLE] * N_FUNCTIONS if found is None else found.tolist()


_OF_LEAD: Mapping[str, LeadMeasure] = MappingProxyType(
    {
        "p_form": _p_form,
        "pr_form": _pr_form,
        "qrs_pattern": _of_qrs(_pattern),
        "qrs_polarity": _of_qrs(lambda signal, lead, _: polarity_of(qrs_of(signal, lead))),
        "st_form": _of_qrs(_st_form),
        "t_form": _t_form,
        "t_flatness": _t_shape(flatness),
        "t_notch": _t_shape(notch_share),
        "fqrs": _not_paced(_of_qrs(lambda *of: float(fragmented(*of)))),
        "delta_confidence": _not_paced(_of_qrs(_delta)),
        "osborn": _not_paced(_of_qrs(_osborn)),
    }
)
"""Of each lead by itself."""
HERMITE = tuple(f"hermite_{k + 1}" for k in range(N_FUNCTIONS))
LEAD_FORMS = (*_OF_LEAD, "q_pathologic", *HERMITE)
"""Keys of what is given of each lead."""


def lead_forms(
    signal: AverageSignal, config: FormConfig, keys: Container[str] = LEAD_FORMS
) -> dict[tuple[str, str | None], Said]:
    """Give the forms of every lead, or those of some keys."""
    found: dict[tuple[str, str | None], Said] = {}
    for lead in signal.leads:
        for key, measure in _OF_LEAD.items():
            if key in keys:
                found[key, lead] = told(measure(signal, lead, config))
        if any(key in keys for key in HERMITE):
            values = _hermite(signal, lead, config)
            found |= {(key, lead): said for key, said in zip(HERMITE, values, strict=True)}
    if "q_pathologic" in keys:
        q_waves = _q_pathologic(signal, config)
        found |= {("q_pathologic", lead): said for lead, said in q_waves.items()}
    return {(key, lead): said for (key, lead), said in found.items() if key in keys}


def told(said: Said) -> Said:
    """Give NaN as nothing that can be told."""
    return NullReason.NOT_APPLICABLE if isinstance(said, float) and math.isnan(said) else said
