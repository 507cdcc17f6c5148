"""ST elevation in neighbouring leads: by the universal definition of infarction, or Sgarbossa's.

Both are of the level at the J point of the representative beat, in all twelve leads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_leads import CHEST, TWELVE
from ecgcore.average_signal import AverageSignal
from ecgcore.events import BeatLabel, NullReason
from ecgcore.limits import Microvolts, Milliseconds, Years
from ecgcore.measured import Said, Value
from ecgcore.person import Person, Sex

_LATERAL, _INFERIOR = ("aVL", "I"), ("II", "aVF", "III")
_LOW_LATERAL = ("V5", "V6")


@dataclass(frozen=True, slots=True)
class StGroupsConfig:
    """Limits (UDMI4; Sgarbossa 1996)."""

    elevated_uv: Microvolts = 100.0
    """In all leads but V2 and V3."""
    elevated_men_uv: Microvolts = 200.0
    """In V2 and V3, men of `young_years` and above."""
    elevated_young_men_uv: Microvolts = 250.0
    elevated_women_uv: Microvolts = 150.0
    young_years: Years = 40.0
    wide_qrs_ms: Milliseconds = 120.0
    """From here on a QRS counts as one of a bundle branch block."""
    concordant_uv: Microvolts = 100.0
    discordant_uv: Microvolts = 500.0


def limit_in_v2_v3_uv(person: Person, config: StGroupsConfig) -> float:
    """Give the limit for a person; of all that are possible, where sex or age is not known."""
    limits = []
    if person.sex is not Sex.MALE:
        limits.append(config.elevated_women_uv)
    if person.sex is not Sex.FEMALE:
        if person.age_years is None or person.age_years < config.young_years:
            limits.append(config.elevated_young_men_uv)
        if person.age_years is None or person.age_years >= config.young_years:
            limits.append(config.elevated_men_uv)
    return max(limits)


def ste_contiguous(signal: AverageSignal, person: Person, config: StGroupsConfig) -> Said:
    """Name the largest group of neighbouring leads above the limits: a word, "none" if no two are.

    Bundle branch block and pacing lift ST by themselves: no value there.
    """
    reason = _unfit(signal)
    if reason is not None:
        return reason
    if signal.beat.label is BeatLabel.PACED:
        return NullReason.PACED
    if _qrs_ms(signal) >= config.wide_qrs_ms:
        return NullReason.WIDE_QRS
    st_uv = _figures(signal, "st_j0")
    limits = dict.fromkeys(TWELVE, config.elevated_uv)
    limits["V2"] = limits["V3"] = limit_in_v2_v3_uv(person, config)
    elevated = [lead for lead in TWELVE if st_uv[lead] >= limits[lead]]
    groups: dict[str, list[str]] = {"anterior": [], "lateral": [], "inferior": []}
    for run in _runs(CHEST, elevated):
        groups["lateral" if set(run) <= set(_LOW_LATERAL) else "anterior"] += run
    for name, row in (("lateral", _LATERAL), ("inferior", _INFERIOR)):
        groups[name] += [lead for run in _runs(row, elevated) for lead in run]
    name = max(groups, key=lambda each: _size(groups[each], st_uv))
    return name if groups[name] else "none"


def _size(leads: Sequence[str], st_uv: dict[str, float]) -> tuple[int, float]:
    return len(leads), sum(st_uv[lead] for lead in leads)


def _runs(row: Sequence[str], elevated: Sequence[str]) -> Iterator[list[str]]:
    """Give the stretches of at least two neighbours."""
    run: list[str] = []
    for lead in (*row, None):
        if lead in elevated and lead is not None:
            run.append(lead)
            continue
        if len(run) >= 2:
            yield run
        run = []


def sgarbossa(signal: AverageSignal, config: StGroupsConfig) -> Value:
    """Give the points, of a beat that is paced or has a wide QRS pointing downward in V1."""
    reason = _unfit(signal)
    if reason is not None:
        return reason
    st_uv, area = _figures(signal, "st_j0"), _figures(signal, "qrs_area")
    is_left = _qrs_ms(signal) >= config.wide_qrs_ms and area["V1"] < 0.0
    if signal.beat.label is not BeatLabel.PACED and not is_left:
        return NullReason.NOT_APPLICABLE
    up = [lead for lead in TWELVE if area[lead] > 0.0]
    down = [lead for lead in TWELVE if area[lead] < 0.0]
    points = 5.0 * any(st_uv[lead] >= config.concordant_uv for lead in up)
    points += 3.0 * any(st_uv[lead] <= -config.concordant_uv for lead in CHEST[:3] if lead in down)
    return points + 2.0 * any(st_uv[lead] >= config.discordant_uv for lead in down)


def _unfit(signal: AverageSignal) -> NullReason | None:
    if not set(TWELVE) <= set(signal.leads):
        return NullReason.LEAD_MISSING
    rows = [signal.leads.index(lead) for lead in TWELVE]
    is_known = signal.has(m.QRS_ON, m.QRS_OFF) and np.isfinite(signal.figures[rows, m.ST_AT]).all()
    return None if is_known else NullReason.NOT_APPLICABLE


def _qrs_ms(signal: AverageSignal) -> float:
    on, off = signal.beat.points[0, m.QRS_ON], signal.beat.points[0, m.QRS_OFF]
    return float(off - on) * 1e3 / signal.fs_hz


def _figures(signal: AverageSignal, key: str) -> dict[str, float]:
    column = signal.figures[:, m.KEYS.index(key)]
    return {lead: float(column[signal.leads.index(lead)]) for lead in TWELVE}
