"""Flags, classes and indices that all leads of the representative beat give together."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from ecgcore import morph_places as m
from ecgcore import vector
from ecgcore.average_leads import LIMB
from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import TWELVE, missing, n_of, over_level, qrs_of, refused, twelve_of
from ecgcore.averaged import LEAST_AREA
from ecgcore.chamber_indices import cornell_product, lae_index, rae_index, romhilt_points
from ecgcore.end_qrs import j_wave
from ecgcore.events import NullReason
from ecgcore.form_config import FormConfig
from ecgcore.infarct_signs import brugada1, r_v1_posterior
from ecgcore.lead_forms import fragmented, t_mv, told
from ecgcore.lead_reversal import reversal_of
from ecgcore.measured import Said
from ecgcore.person import Person
from ecgcore.t_shape import combination_score, first_component, main_lobe

GlobalMeasure: TypeAlias = Callable[[AverageSignal, Person, FormConfig], Said]

TERRITORIES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "anterior": (("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5")),
        "lateral": (("I", "aVL"), ("I", "V6"), ("aVL", "V6")),
        "inferior": (("II", "III"), ("II", "aVF"), ("III", "aVF")),
    }
)
"""Neighbours within a territory."""
_J_NEIGHBOURS = (
    *TERRITORIES["inferior"],
    ("I", "aVL"),
    ("V4", "V5"),
    ("V5", "V6"),
    ("I", "V6"),
    ("aVL", "V6"),
)


def _territory(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    reason = refused(signal, TWELVE)
    if reason is not None:
        return reason
    is_in = {lead: fragmented(signal, lead, config) for lead in TWELVE}
    found = [
        name
        for name, pairs in TERRITORIES.items()
        if any(is_in[one] and is_in[other] for one, other in pairs)
    ]
    return "_".join(found) or "none"


def _early_repol(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    reason = refused(signal, TWELVE)
    if reason is not None:
        return reason
    on, off = signal.index(m.QRS_ON), signal.index(m.QRS_OFF)
    limits = config.end_qrs
    if (off - on) * 1e3 / signal.fs_hz >= limits.wide_ms:
        return NullReason.WIDE_QRS
    has_wave = {
        lead: j_wave(over_level(signal, lead), on, off, signal.fs_hz, limits) is not None
        for lead in {lead for pair in _J_NEIGHBOURS for lead in pair}
    }
    return float(any(has_wave[one] and has_wave[other] for one, other in _J_NEIGHBOURS))


def _posterior(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    return refused(signal, ("V1", "V2")) or r_v1_posterior(signal, config.infarct)


def _brugada(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    return refused(signal, ()) or brugada1(signal, config.infarct)


def _mcs(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    if not signal.has_eight:
        return NullReason.LEAD_MISSING
    waves = [t_mv(signal, lead, config) for lead in vector.EIGHT]
    known = [wave for wave in waves if wave is not None]
    if len(known) < len(waves):
        return NullReason.NOT_APPLICABLE
    return told(combination_score(main_lobe(first_component(np.array(known)))))


def _axis(is_initial: bool) -> GlobalMeasure:
    def measure(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
        reason = missing(signal, ("I", "aVF"))
        if reason is not None:
            return reason
        n = n_of(config.axis_ms, signal.fs_hz)
        parts = [qrs_of(signal, lead) for lead in ("I", "aVF")]
        if parts[0].size <= n:
            return NullReason.NOT_APPLICABLE
        in_i, in_avf = (
            1e3 / signal.fs_hz * float((qrs[: n + 1] if is_initial else qrs[-n - 1 :]).sum())
            for qrs in parts
        )
        if np.hypot(in_i, in_avf) < LEAST_AREA:
            return NullReason.NOT_APPLICABLE
        return vector.frontal_axis_deg(in_i, in_avf)

    return measure


def _reversal(signal: AverageSignal, _: Person, config: FormConfig) -> Said:
    return refused(signal, LIMB) or reversal_of(signal, config.reversal)


GLOBAL_FORMS: Mapping[str, GlobalMeasure] = MappingProxyType(
    {
        "fqrs_territory": _territory,
        "r_v1_posterior": _posterior,
        "early_repol": _early_repol,
        "brugada1": _brugada,
        "mcs": _mcs,
        "qrs_init_axis": _axis(is_initial=True),
        "qrs_term_axis": _axis(is_initial=False),
        "lead_reversal": _reversal,
        "lvh_cornell_product": lambda signal, person, config: (
            refused(signal, ()) or cornell_product(signal, person.sex, config.chambers)
        ),
        "lvh_romhilt": lambda signal, _, config: (
            refused(signal, ()) or romhilt_points(signal, config.chambers)
        ),
        "rae_index": lambda signal, _, config: rae_index(signal, config.chambers),
        "lae_index": lambda signal, _, config: lae_index(signal, config.chambers),
    }
)
"""Over all leads, by key."""


def global_forms(signal: AverageSignal, person: Person, config: FormConfig) -> dict[str, Said]:
    """Give every form over all leads; limb leads that follow from I and II are made."""
    whole = twelve_of(signal)
    return {key: measure(whole, person, config) for key, measure in GLOBAL_FORMS.items()}
