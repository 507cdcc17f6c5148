"""What is stated of a recording, each statement with the numbers it rests on.

Rhythms and long intervals come as they were found; everything else comes from the rules
(`ecgcore.findings_rules`) over the measurements. `find` gives the statements; `examine` also tells
which rules could not be judged, and which held but were kept back, and why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ecgcore.events import Measurement
from ecgcore.findings_judge import Absent, Measured, Verdict, judge
from ecgcore.findings_rules import LEADS, Rule, RuleSet, rules
from ecgcore.person import UNKNOWN, Person
from ecgcore.report import Certainty, Evidence, Localised, ReportEvent, Source, Statement
from ecgcore.statements import RhythmFound, long_intervals, rhythm
from ecgcore.vocabulary import vocabulary

_SURENESS = (Certainty.CONSIDER, Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.DEFINITE)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that statements are made from."""

    measurements: Sequence[Measurement]
    sqi: float
    coverage: float
    start_ns: int
    end_ns: int
    """UTC."""
    leads: tuple[str, ...]
    person: Person = UNKNOWN
    rhythms: Sequence[RhythmFound] = ()
    intervals: Sequence[ReportEvent] = ()
    """Long ones without a beat."""
    strip_ids: tuple[str, ...] = ()
    """Where the recording as a whole is shown."""

    @property
    def duration_s(self) -> float:
        """Wall time."""
        return (self.end_ns - self.start_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A rule that could not be judged."""

    rule: str
    says: str
    absent: tuple[Absent, ...]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A rule that held but says nothing."""

    rule: str
    says: str
    because: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules came to."""

    statements: tuple[Statement, ...]
    """Most serious first."""
    unjudged: tuple[Unjudged, ...]
    suppressed: tuple[Suppressed, ...]
    rules: str
    """Version and digest of the rules."""


def find(facts: Facts, by: RuleSet | None = None) -> tuple[Statement, ...]:
    """Give the statements, most serious first."""
    return examine(facts, by).statements


def examine(facts: Facts, by: RuleSet | None = None) -> Findings:
    """Judge every rule."""
    given = rules() if by is None else by
    words = vocabulary()
    is_good = facts.sqi >= given.limits["sqi_good"].default
    said: dict[str, list[Statement]] = {}
    if is_good:
        found = rhythm(facts.rhythms, facts.duration_s, given)
        for statement in (*found, *long_intervals(facts.intervals, given)):
            said.setdefault(statement.id, []).append(statement)
    measured = _measured(facts, given)
    unjudged: list[Unjudged] = []
    suppressed: list[Suppressed] = []
    for rule in given.rules:
        if not is_good and words[rule.says].group != "technical":
            continue
        verdict = _verdict(rule, measured, facts, said)
        if verdict.holds is None:
            unjudged.append(Unjudged(rule.id, rule.says, _once(verdict.absent)))
        if not verdict.holds:
            continue
        if (reason := _kept_back(rule, said, given)) is not None:
            suppressed.append(Suppressed(rule.id, rule.says, reason))
            continue
        made = _statement(rule, verdict, facts, given, said)
        if rule.says in said:
            said[rule.says][0] = _merged(said[rule.says][0], made)
        else:
            said[rule.says] = [made]
    statements = tuple(
        _finished(each, facts, given) for id_ in words.terms for each in said.get(id_, ())
    )
    return Findings(statements, tuple(unjudged), tuple(suppressed), given.name)


def _measured(facts: Facts, by: RuleSet) -> Measured:
    values = {(each.key, each.lead): each for each in reversed(facts.measurements)}
    return Measured(
        values=values,
        known={
            "sqi": facts.sqi,
            "coverage": facts.coverage,
            "age_years": facts.person.age_years,
            "n_leads": float(_n_independent(facts.leads)),
        },
        person=facts.person,
        leads=facts.leads,
        rules=by,
    )


def _n_independent(leads: Iterable[str]) -> int:
    """Count standard leads; the six limb leads are made of two."""
    there = {lead for lead in leads if lead in LEADS}
    limb = there & set(LEADS[:6])
    return min(len(limb), 2) + len(there - limb)


def _verdict(
    rule: Rule, measured: Measured, facts: Facts, said: dict[str, list[Statement]]
) -> Verdict:
    if rule.with_any and not any(id_ in said for id_ in rule.with_any):
        return Verdict(False)
    if rule.lasts is not None:
        least_s = measured.rules.limits[rule.lasts].value_for(facts.person, None)
        if facts.duration_s < least_s:
            return Verdict(None, (), (Absent("duration", None, "too_short"),))
    if rule.condition is not None:
        return judge(rule.condition, measured)
    beside = next(said[id_][0] for id_ in rule.with_any if id_ in said)
    return Verdict(True, beside.evidence)


def _kept_back(rule: Rule, said: dict[str, list[Statement]], by: RuleSet) -> str | None:
    """Name the statement that keeps a rule from speaking."""
    fault = next((id_ for id_ in said if id_ in by.lead_fault.statements), None)
    if fault is not None and rule.says in by.lead_fault.kept_back:
        return fault
    if rule.only_with is not None:
        return next((id_ for id_ in said if id_ not in rule.only_with), None)
    return next((id_ for id_ in rule.not_with if id_ in said), None)


def _statement(
    rule: Rule, verdict: Verdict, facts: Facts, by: RuleSet, said: dict[str, list[Statement]]
) -> Statement:
    term = vocabulary()[rule.says]
    is_doubtful = any(id_ in said for id_ in rule.consider_with) or (
        rule.says in by.lead_fault.consider and any(id_ in said for id_ in by.lead_fault.statements)
    )
    return Statement(
        id=rule.says,
        text=_with_details(term.text, _details(rule, verdict)),
        aha_code=term.aha,
        modifiers=rule.modifiers,
        snomed=term.snomed,
        scp=term.scp,
        certainty=Certainty.CONSIDER if is_doubtful else rule.certainty,
        source=Source.RULE,
        evidence=_distinct(verdict.evidence),
        rules=by.name,
        start_ns=facts.start_ns,
        end_ns=facts.end_ns,
        strip_ids=facts.strip_ids,
    )


def _details(rule: Rule, verdict: Verdict) -> list[Localised]:
    found = [] if rule.detail is None else [rule.detail]
    if verdict.region is not None and verdict.leads:
        leads = " ".join(verdict.leads)
        name = verdict.region.text
        en, zh = (f"{name.en} ", f"{name.zh} ") if name else ("", "")
        found.append(Localised(en=f"{en}{leads}", zh=f"{zh}{leads}"))
    return found


def _with_details(text: Localised, details: Iterable[Localised]) -> Localised:
    for detail in details:
        text = Localised(en=f"{text.en}, {detail.en}", zh=f"{text.zh}，{detail.zh}")
    return text


def _merged(one: Statement, other: Statement) -> Statement:
    """Make one of two statements with the same id: the surer one's certainty, all evidence."""
    base = vocabulary()[one.id].text
    en, zh = other.text.en.removeprefix(base.en), other.text.zh.removeprefix(base.zh)
    evidence = _distinct((*one.evidence, *other.evidence))
    return _changed(
        one,
        text=Localised(en=one.text.en + en, zh=one.text.zh + zh),
        modifiers=tuple(dict.fromkeys((*one.modifiers, *other.modifiers))),
        certainty=max(one.certainty, other.certainty, key=_SURENESS.index),
        evidence=evidence,
    )


def _changed(statement: Statement, **changes: Any) -> Statement:
    return statement.model_copy(update=changes)


def _finished(statement: Statement, facts: Facts, by: RuleSet) -> Statement:
    """Make what a few leads cannot show one to consider."""
    few = by.few_leads
    has_many = _n_independent(facts.leads) >= by.limits[few.below].default
    if has_many or statement.id not in few.ids:
        return statement
    text = _with_details(statement.text, [few.advice])
    return _changed(statement, certainty=Certainty.CONSIDER, text=text)


def _once(absent: Iterable[Absent]) -> tuple[Absent, ...]:
    return tuple(dict.fromkeys(absent))


def _distinct(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence))
