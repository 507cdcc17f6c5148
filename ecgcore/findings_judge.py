"""Whether a condition holds for what was measured: yes, no, or not to be judged.

A value that is absent makes a comparison neither true nor false. What joins conditions is decided
as soon as what is known decides it: `all` by one that does not hold, `any` by one that does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ecgcore import findings_conditions as c
from ecgcore.events import Measurement, NullReason
from ecgcore.findings_rules import LEADS, RuleSet
from ecgcore.person import Person
from ecgcore.report import Evidence

Key: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Absent:
    """A value that a rule needs and that is not there."""

    key: str
    lead: str | None
    reason: str
    """Of `NullReason`, or "not_measured"."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a condition."""

    holds: bool | None
    """None: not to be judged."""
    evidence: tuple[Evidence, ...] = ()
    """The comparisons that made it hold."""
    absent: tuple[Absent, ...] = ()
    """What would decide it."""
    region: c.Region | None = None
    leads: tuple[str, ...] = ()
    """Where it holds, if that is what it is about."""


@dataclass(frozen=True)
class Measured:
    """All that conditions are about."""

    values: Mapping[Key, Measurement]
    known: Mapping[str, float | None]
    """Numbers that are no measurement: of the person and the recording."""
    person: Person
    leads: tuple[str, ...]
    rules: RuleSet = field(repr=False)

    def find(self, key: str, lead: str | None, *, is_lead_given: bool) -> Measurement | None:
        """Give a measurement; one over all leads stands for the lead at hand where it has none."""
        found = self.values.get((key, lead))
        return found if found is not None or is_lead_given else self.values.get((key, None))


def judge(condition: c.Condition, measured: Measured, lead: str | None = None) -> Verdict:
    """Judge a condition, at a lead where it is about one."""
    if isinstance(condition, c.Comparison):
        return _compared(condition, measured, lead)
    if isinstance(condition, c.Word):
        return _worded(condition, measured, lead)
    if isinstance(condition, c.OverLeads):
        return _over_leads(condition, measured)
    parts = [judge(part, measured, lead) for part in condition.parts]
    if isinstance(condition, c.Not):
        found = _joined(parts, 1)
        holds = None if found.holds is None else not found.holds
        return Verdict(holds, (), found.absent)
    least = condition.least
    if isinstance(least, str):
        least = round(measured.rules.limits[least].value_for(measured.person, lead))
    return _joined(parts, len(parts) if least is None else least)


def _joined(parts: Sequence[Verdict], least: int) -> Verdict:
    true = [part for part in parts if part.holds]
    open_ = [part for part in parts if part.holds is None]
    if len(true) >= least:
        placed = next((part for part in true if part.leads), Verdict(True))
        evidence = tuple(each for part in true for each in part.evidence)
        return Verdict(True, evidence, (), placed.region, placed.leads)
    if len(true) + len(open_) < least:
        return Verdict(False)
    return Verdict(None, (), tuple(absent for part in open_ for absent in part.absent))


def _compared(line: c.Comparison, measured: Measured, at: str | None) -> Verdict:
    lead = line.lead or at
    value = _value(line.key, lead, measured, is_lead_given=line.lead is not None)
    if isinstance(value, Absent):
        return Verdict(None, (), (value,))
    if line.other is not None:
        key, of = line.other
        other = _value(key, of or lead, measured, is_lead_given=bool(of))
        if isinstance(other, Absent):
            return Verdict(None, (), (other,))
        threshold = other
    else:
        threshold = measured.rules.limits[str(line.limit)].value_for(measured.person, lead)
    number = abs(value) if line.is_size else value
    if not _HOLDS[line.op](number, threshold):
        return Verdict(False)
    shown = lead if (line.key, lead) in measured.values else None
    return Verdict(True, (Evidence(key=line.key, value=value, threshold=threshold, lead=shown),))


_HOLDS = {
    ">=": float.__ge__,
    "<=": float.__le__,
    ">": float.__gt__,
    "<": float.__lt__,
}


def _value(
    key: str, lead: str | None, measured: Measured, *, is_lead_given: bool
) -> float | Absent:
    if key in measured.known:
        known = measured.known[key]
        return Absent(key, None, "not_known") if known is None else float(known)
    found = measured.find(key, lead, is_lead_given=is_lead_given)
    if found is not None and found.value is not None:
        return float(found.value)
    if found is None:
        missing = lead in LEADS and lead not in measured.leads
        reason = NullReason.LEAD_MISSING if missing else NullReason.NOT_MEASURED
        return Absent(key, lead, reason.value)
    if found.null_reason is NullReason.NOT_APPLICABLE and _is_wave_absent(key, lead, measured):
        return 0.0
    return Absent(key, lead, (found.null_reason or NullReason.NOT_MEASURED).value)


def _is_wave_absent(key: str, lead: str | None, measured: Measured) -> bool:
    whole = measured.values.get((measured.rules.absent_where, lead))
    return key in measured.rules.absent_keys and whole is not None and whole.value is not None


def _worded(line: c.Word, measured: Measured, at: str | None) -> Verdict:
    lead = line.lead or at
    found = measured.find(line.key, lead, is_lead_given=line.lead is not None)
    if found is None or found.null_reason is not None:
        reason = NullReason.NOT_MEASURED if found is None else found.null_reason
        return Verdict(None, (), (Absent(line.key, lead, str(reason)),))
    text = found.text if found.text is not None else ("true" if found.value else "false")
    if (text == line.word) is line.is_not:
        return Verdict(False)
    value = 1.0 if found.value is None else found.value
    return Verdict(
        True, (Evidence(key=line.key, value=value, threshold=1.0, lead=found.lead, text=text),)
    )


def _over_leads(condition: c.OverLeads, measured: Measured) -> Verdict:
    least = round(measured.rules.limits[condition.at_least].value_for(measured.person, None))
    regions = condition.regions
    if regions is None:
        regions = (c.Region(measured.leads),)
    found = [_in_region(condition.each, region, least, measured) for region in regions]
    holding = [verdict for verdict in found if verdict.holds]
    if holding:
        best = max(holding, key=lambda verdict: len(verdict.leads))
        evidence = tuple(each for verdict in holding for each in verdict.evidence)
        return Verdict(True, evidence, (), best.region, best.leads)
    absent = tuple(each for verdict in found if verdict.holds is None for each in verdict.absent)
    return Verdict(None, (), absent) if absent else Verdict(False)


def _in_region(each: c.Condition, region: c.Region, least: int, measured: Measured) -> Verdict:
    verdicts = {lead: judge(each, measured, lead) for lead in region.leads}
    sure = _largest([verdicts[lead].holds is True for lead in region.leads], region)
    if len(sure) >= least:
        leads = tuple(region.leads[k] for k in sure)
        evidence = tuple(e for lead in leads for e in verdicts[lead].evidence)
        return Verdict(True, evidence, (), region, leads)
    maybe = _largest([verdicts[lead].holds is not False for lead in region.leads], region)
    if len(maybe) < least:
        return Verdict(False)
    return Verdict(None, (), _absent_of(verdicts[region.leads[k]] for k in maybe))


def _largest(holds: Sequence[bool], region: c.Region) -> list[int]:
    """Give the places that hold; of neighbours only, the longest row."""
    if not region.in_a_row:
        return [k for k, is_held in enumerate(holds) if is_held]
    best: list[int] = []
    row: list[int] = []
    for k, is_held in enumerate(holds):
        row = [*row, k] if is_held else []
        best = row if len(row) > len(best) else best
    return best


def _absent_of(verdicts: Iterable[Verdict]) -> tuple[Absent, ...]:
    return tuple(each for verdict in verdicts for each in verdict.absent)
