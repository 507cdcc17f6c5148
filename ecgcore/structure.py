"""Rates, intervals of single beats with their statistics, and lead beside lead: one family."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ecgcore.atrial_rate import AtrialRateConfig, measure_atria
from ecgcore.average_signal import AverageSignal
from ecgcore.average_waves import LEAD_WAVES, AverageWavesConfig
from ecgcore.beat_places import MV, OFF, ON, QRS, BeatPlaces, U
from ecgcore.beat_statistics import BeatStatisticsConfig, measure_beats
from ecgcore.events import Measurement, NullReason
from ecgcore.lead_likeness import (
    LEADS_BESIDE,
    LeadLikenessConfig,
    lead_matrix,
    patch_beside,
    patch_leads,
)
from ecgcore.lead_spread import LEAD_SPREAD, LeadSpreadConfig, lead_spread
from ecgcore.limits import Count
from ecgcore.measured import Said, measurement_of
from ecgcore.qt_individual import QtIndividualConfig, qtc_individual
from ecgcore.rates import RatesConfig, measure_rates
from ecgcore.recorded import Recorded
from ecgcore.rhythm import RhythmConfig
from ecgcore.st_groups import StGroupsConfig, sgarbossa, ste_contiguous
from ecgcore.stats import median


@dataclass(frozen=True, slots=True)
class StructureConfig:
    """All parameters of the family."""

    rates: RatesConfig = field(default_factory=RatesConfig)
    atria: AtrialRateConfig = field(default_factory=AtrialRateConfig)
    beats: BeatStatisticsConfig = field(default_factory=BeatStatisticsConfig)
    qt: QtIndividualConfig = field(default_factory=QtIndividualConfig)
    waves: AverageWavesConfig = field(default_factory=AverageWavesConfig)
    spread: LeadSpreadConfig = field(default_factory=LeadSpreadConfig)
    likeness: LeadLikenessConfig = field(default_factory=LeadLikenessConfig)
    st: StGroupsConfig = field(default_factory=StGroupsConfig)
    least_u: Count = 3
    """Beats with a U wave that its measures rest on."""


def measure_structure(
    recorded: Recorded, config: StructureConfig, rhythm: RhythmConfig, af_share: float
) -> Iterator[Measurement]:
    """Give every value of the family.

    Parameters
    ----------
    rhythm : RhythmConfig
        What the rhythms were found by.
    af_share : float
        A recording of which AF takes more has no P waves.
    """
    beats = BeatPlaces(recorded, af_share)
    yield from measure_rates(beats, config.rates, config.beats)
    yield from measure_atria(beats, config.atria, rhythm)
    value, n = qtc_individual(beats, config.qt)
    yield measurement_of("qtc_individual", value, n, recorded.sqi, None)
    yield from measure_beats(beats, config.beats)
    yield from _u_waves(beats, config)
    average = recorded.average
    for key, lead, said in _of_average(beats, config):
        n = 0 if isinstance(average, NullReason) else average.beat.n_beats
        yield measurement_of(key, said, n, recorded.sqi, lead)


def _u_waves(beats: BeatPlaces, config: StructureConfig) -> Iterator[Measurement]:
    """Measure U waves by lead, if most beats have one from the first that shows it on."""
    recorded = beats.recorded
    for row, lead in enumerate(recorded.leads, 1):
        own = beats.places[row, beats.is_usual]
        seen = np.flatnonzero(np.isfinite(own[:, U, MV]))
        reason = None if own.size else beats.no_beats
        if reason is None and recorded.unusable is not None:
            reason = recorded.unusable
        is_there = seen.size >= config.least_u and 2 * seen.size >= len(own) - seen[0]
        if reason is None and not is_there:
            reason = NullReason.NOT_APPLICABLE
        values = {
            "qu_int": (own[seen, U, OFF] - own[seen, QRS, ON]) * 1e3 / recorded.fs_hz,
            "u_amp": own[seen, U, MV],
        }
        for key, each in values.items():
            said = median(each) if reason is None else reason
            yield measurement_of(key, said, seen.size, recorded.sqi, lead)


def _of_average(
    beats: BeatPlaces, config: StructureConfig
) -> Iterator[tuple[str, str | None, Said]]:
    signal = beats.recorded.average
    if isinstance(signal, NullReason):
        yield from ((key, None, signal) for key in AVERAGE_GLOBAL)
        for lead in beats.recorded.leads:
            yield from ((key, lead, signal) for key in LEAD_WAVES)
        return
    for key, measure in LEADS_BESIDE.items():
        yield key, None, measure(signal)
    for key, value in lead_spread(beats, signal, config.spread).items():
        yield key, None, value
    yield "lead_corr_matrix", None, lead_matrix(signal)
    yield "ste_contiguous", None, ste_contiguous(signal, beats.recorded.person, config.st)
    yield "sgarbossa", None, sgarbossa(signal, config.st)
    yield from _of_patch(signal, config.likeness)
    for lead in signal.leads:
        for key, of_lead in LEAD_WAVES.items():
            yield key, lead, of_lead(signal, lead, config.waves)


def _of_patch(
    signal: AverageSignal, config: LeadLikenessConfig
) -> Iterator[tuple[str, str | None, Said]]:
    leads = patch_leads(signal, config)
    if not leads:
        yield "patch_vs_12", None, NullReason.LEAD_MISSING
    for lead in leads:
        yield "patch_vs_12", lead, patch_beside(signal, lead, config)


AVERAGE_GLOBAL = (
    *LEADS_BESIDE,
    *LEAD_SPREAD,
    *("lead_corr_matrix", "ste_contiguous", "sgarbossa", "patch_vs_12"),
)
"""Keys over all leads that rest on the representative beat."""
OF_BEATS = (
    *("vent_rate", "rr_range", "hr_min", "hr_max", "hr_inst", "coupling_int", "comp_pause"),
    *("atrial_rate", "pp_mean", "av_ratio", "qtc_individual", "qu_int", "u_amp"),
)
"""Keys that rest on single beats, besides those of `ecgcore.beat_statistics`."""
