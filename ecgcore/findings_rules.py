"""The rules of findings: what is stated when, read from ``findings.toml`` and checked as a whole.

A rule that cannot be - a key the registry does not have, a limit in another unit than its key, a
statement without words, a circle of exclusions - is refused when the rules are read.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from typing import Any

import msgspec

from ecgcore import findings_conditions as c
from ecgcore.catalogue import Entry, Kind, catalogue
from ecgcore.errors import RulesError
from ecgcore.findings_limits import Limit, with_values
from ecgcore.report import Certainty, Localised
from ecgcore.state import digest_of
from ecgcore.vocabulary import SECONDARY, Vocabulary, vocabulary

PERSON_UNITS = {"age_years": "a", "n_leads": "1"}
"""Keys that no biomarker has, and their units: what is known of the person and the recording."""
LEADS = (*("I", "II", "III", "aVR", "aVL", "aVF"), *(f"V{n}" for n in range(1, 10)))
_FEWEST_S, _MOST_S = 0.0, 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """All of a rule but the condition on measurements."""

    id: str
    says: str
    """Id of the statement."""
    certainty: Certainty
    with_any: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    only_with: tuple[str, ...] | None = None
    """Nothing else may be stated, and this rule comes last."""
    consider_with: tuple[str, ...] = ()
    modifiers: tuple[int, ...] = ()
    lasts: str | None = None
    """Limit: seconds of signal that there have to be."""
    en: str | None = None
    """Told in brackets behind the statement."""
    zh: str | None = None

    @property
    def detail(self) -> Localised | None:
        """What is told in brackets."""
        return Localised(en=self.en, zh=self.zh or self.en) if self.en else None

    @property
    def awaits(self) -> frozenset[str]:
        """Statements that have to be decided before."""
        return frozenset((*self.with_any, *self.not_with, *self.consider_with))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(RuleRow):
    """When something is stated, and how surely."""

    condition: c.Condition | None = None
    """None: `with_any` alone decides."""


@dataclass(frozen=True, slots=True)
class FewLeads:
    """What holds where few of the standard leads are there."""

    below: str
    """Name of a limit."""
    ids: frozenset[str]
    """Statements that are then no more than "consider"."""
    advice: Localised


@dataclass(frozen=True, slots=True)
class LeadFault:
    """What holds where leads are not what they should be."""

    statements: frozenset[str]
    """That say so."""
    kept_back: frozenset[str]
    consider: frozenset[str]
    """What is then no more than "consider"."""


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """All rules in the order they are judged in, with what they share."""

    version: str
    rules: tuple[Rule, ...]
    limits: Mapping[str, Limit]
    few_leads: FewLeads
    lead_fault: LeadFault
    absent_keys: frozenset[str]
    absent_where: str
    text: str
    """The file; with the limits it decides all."""

    @property
    def digest(self) -> str:
        """Give what tells these rules, with these limits, from others."""
        return digest_of((self.text, sorted(self.limits.items())))

    @cached_property
    def name(self) -> str:
        """Version and digest."""
        return f"{self.version}/{self.digest}"

    def with_limits(self, values: Mapping[str, object]) -> "RuleSet":
        """Set some limits (see `ecgcore.findings_limits.with_values`)."""
        return replace(self, limits=with_values(self.limits, values))


@cache
def rules() -> RuleSet:
    """Read and check the rules, once a process."""
    text = files("ecgcore").joinpath("findings.toml").read_text("utf-8")
    return parse(text, vocabulary())


def parse(text: str, words: Vocabulary) -> RuleSet:
    """Read rules.

    Raises
    ------
    RulesError
        Naming the rule or the limit, and what is wrong with it.
    """
    try:
        tables = tomllib.loads(text)
        limits = msgspec.convert(tables.get("limits", {}), dict[str, Limit])
        _check_limits(limits)
        regions = {name: _region(name, table) for name, table in tables.get("regions", {}).items()}
        found = [_rule(row, regions, limits) for row in tables.get("rule", [])]
        few, fault, absent = tables["few_leads"], tables["lead_fault"], tables["absent_wave"]
        made = RuleSet(
            version=str(tables["version"]),
            rules=_in_order(found),
            limits=limits,
            few_leads=FewLeads(
                few["below"], _some(few, words), Localised(en=few["en"], zh=few["zh"])
            ),
            lead_fault=LeadFault(
                frozenset(fault["statements"]),
                _some(fault["kept_back"], words),
                _some(fault["consider"], words),
            ),
            absent_keys=frozenset(absent["keys"]),
            absent_where=absent["where"],
            text=json.dumps(tables, sort_keys=True),
        )
    except KeyError as error:
        msg = f"rules: {error.args[0]} is missing"
        raise RulesError(msg) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"rules: {error}"
        raise RulesError(msg) from error
    for rule in found:
        _check(rule, words, limits)
    return made


def _some(table: Mapping[str, Any], words: Vocabulary) -> frozenset[str]:
    """Give the statements of some groups, some by themselves, less some."""
    found = words.ids_of(table.get("groups", ())) | set(table.get("ids", ()))
    return frozenset(found - set(table.get("except", ())))


def _check_limits(limits: Mapping[str, Limit]) -> None:
    for name, limit in limits.items():
        low, high = limit.range
        for value in (limit.default, *(case.value for case in limit.case)):
            if not low <= value <= high:
                msg = f"rules: limit {name}: {value:g} is not from {low:g} to {high:g}"
                raise RulesError(msg)


def _region(name: str, table: Mapping[str, Any]) -> c.Region:
    if unknown := set(table["leads"]) - set(LEADS):
        msg = f"rules: region {name}: there is no lead {min(unknown)}"
        raise RulesError(msg)
    text = Localised(en=table["en"], zh=table["zh"])
    return c.Region(tuple(table["leads"]), bool(table.get("in_a_row", False)), text)


def _rule(
    row: Mapping[str, Any], regions: Mapping[str, c.Region], limits: Mapping[str, Limit]
) -> Rule:
    where = f"rules: {row.get('id', '?')}"
    own = {field.name for field in fields(RuleRow)}
    if unknown := row.keys() - own - c.FIELDS:
        msg = f"{where}: {min(unknown)}: no such field"
        raise RulesError(msg)
    asked = {name: value for name, value in row.items() if name in c.FIELDS}
    condition = c.parse_condition(asked, where, regions, limits) if asked else None
    try:
        plain = msgspec.convert({k: v for k, v in row.items() if k in own}, RuleRow)
    except msgspec.ValidationError as error:
        msg = f"{where}: {error}"
        raise RulesError(msg) from error
    return Rule(**{name: getattr(plain, name) for name in own}, condition=condition)


def _check(rule: Rule, words: Vocabulary, limits: Mapping[str, Limit]) -> None:
    problems = [*_statement_problems(rule, words), *_limit_problems(rule, limits)]
    for line in () if rule.condition is None else c.lines_of(rule.condition):
        problems += _line_problems(line, limits)
    if rule.condition is None and not rule.with_any:
        problems.append("it has no condition")
    if problems:
        msg = f"rules: {rule.id}: {problems[0]}"
        raise RulesError(msg)


def _statement_problems(rule: Rule, words: Vocabulary) -> Iterable[str]:
    named = (rule.says, *rule.awaits, *(rule.only_with or ()))
    unknown = [id_ for id_ in named if id_ not in words.terms]
    if unknown:
        yield f"the vocabulary has no statement {unknown[0]}"
        return
    term = words[rule.says]
    if extra := set(rule.modifiers) - set(term.modifiers):
        yield f"modifier {min(extra)} does not go with {rule.says}"
    if bool(rule.en) is not bool(rule.zh):
        yield "its detail is told in one language only"
    if term.aha in SECONDARY:
        codes = {words[id_].aha for id_ in rule.with_any}
        if not codes or not codes <= set(term.primaries):
            yield f"{term.aha} may only stand with {', '.join(map(str, term.primaries))}"


def _limit_problems(rule: Rule, limits: Mapping[str, Limit]) -> Iterable[str]:
    if rule.lasts is None:
        return
    if rule.lasts not in limits or limits[rule.lasts].unit != "s":
        yield f"lasts: there is no limit {rule.lasts} in seconds"


def _line_problems(line: c.Comparison | c.Word, limits: Mapping[str, Limit]) -> list[str]:
    problems = [f"there is no lead {line.lead}"] if line.lead not in (None, *LEADS) else []
    entry = catalogue().find(line.key)
    if isinstance(line, c.Word):
        if entry is None or entry.kind not in (Kind.BOOL, Kind.CLASS, Kind.TEXT):
            problems.append(f"{line.key} is no key of the registry that is a word")
        elif entry.kind is Kind.BOOL and line.word not in ("true", "false"):
            problems.append(f"{line.key} is true or false")
        return problems
    unit = _unit_of(line.key, entry)
    if unit is None:
        return [*problems, f"{line.key} is no key of the registry that is a number"]
    if line.other is not None:
        key, lead = line.other
        other = _unit_of(key, catalogue().find(key))
        if other is None:
            problems.append(f"{key} is neither a limit nor a key of the registry")
        elif other != unit:
            problems.append(f"{line.key} in {unit} cannot be compared with {key} in {other}")
        if lead and lead not in LEADS:
            problems.append(f"there is no lead {lead}")
    elif line.limit is not None and limits[line.limit].unit != unit:
        problems.append(f"{line.key} is in {unit}, limit {line.limit} in {limits[line.limit].unit}")
    return problems


def _unit_of(key: str, entry: Entry | None) -> str | None:
    if key in PERSON_UNITS:
        return PERSON_UNITS[key]
    if entry is None or entry.kind not in (Kind.NUMBER, Kind.SAME_UNIT):
        return None
    return entry.unit or "1"


def _in_order(found: Sequence[Rule]) -> tuple[Rule, ...]:
    """Sort so that what a rule awaits is decided before it; else as in the file."""
    sayers: dict[str, list[str]] = {}
    for rule in found:
        if rule.says not in rule.with_any:
            sayers.setdefault(rule.says, []).append(rule.id)
    graph: dict[str, list[str]] = {}
    for rule in found:
        if rule.id in graph:
            msg = f"rules: {rule.id}: stands in two rules"
            raise RulesError(msg)
        # What a rule says itself it need not await: that may have come from the rhythms.
        awaited = sorted(rule.awaits - {rule.says})
        if rule.says in rule.with_any:
            awaited.append(rule.says)
        graph[rule.id] = [id_ for says in awaited for id_ in sayers.get(says, ())]
        if rule.only_with is not None:
            graph[rule.id] += [other.id for other in found if other.only_with is None]
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        msg = f"rules: {' and '.join(dict.fromkeys(error.args[1]))} await each other"
        raise RulesError(msg) from error
    by_id = {rule.id: rule for rule in found}
    return tuple(by_id[id_] for id_ in order)
