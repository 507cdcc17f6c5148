"""The conditions of rules as data: comparisons, and what joins them.

A comparison is a line as ``r_peak_time in V1 > rpt_v1``; ``abs KEY`` compares the size. What
joins comparisons are tables with one of `all`, `any`, `none`, `least` with `of`, or `leads` with
`at_least` and `each`; a table may hold several, which then all have to hold.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ecgcore.errors import RulesError
from ecgcore.findings_limits import Limit
from ecgcore.report import Localised

_LINE = re.compile(
    r"(?P<abs>abs )?(?P<key>[a-z][a-z0-9_]*)(?: in (?P<lead>\w+))? "
    r"(?:(?P<op>>=|<=|>|<) (?P<than>[a-z][a-z0-9_]*)(?: in (?P<other>\w+))?"
    r"|is (?P<isnot>not )?(?P<word>\w+))"
)
FIELDS = frozenset({"all", "any", "none", "least", "of", "leads", "at_least", "each"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measurement against a limit, or against another measurement."""

    key: str
    lead: str | None
    """None: over all leads, or the lead at hand."""
    op: str
    limit: str | None
    other: tuple[str, str] | None = None
    """Key and lead that it is compared with instead of a limit; "" is the lead at hand."""
    is_size: bool = False
    """Whether the sign is left out."""


@dataclass(frozen=True, slots=True)
class Word:
    """A class or a yes or no against a word."""

    key: str
    lead: str | None
    word: str
    is_not: bool


@dataclass(frozen=True, slots=True)
class Region:
    """Leads that look at one part of the heart."""

    leads: tuple[str, ...]
    in_a_row: bool = False
    """Whether only neighbours count as contiguous."""
    text: Localised | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """At least so many parts hold; all of them where `least` is None."""

    parts: tuple["Condition", ...]
    least: str | int | None = None
    """Name of a limit, or 1 for any."""


@dataclass(frozen=True, slots=True)
class Not:
    """None of the parts holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class OverLeads:
    """The same condition in so many leads of one of some regions."""

    regions: tuple[Region, ...] | None
    """None: all leads of the recording, as one."""
    at_least: str
    """Name of a limit."""
    each: "Condition"


Condition: TypeAlias = Comparison | Word | Count | Not | OverLeads


def parse_condition(
    table: object, where: str, regions: Mapping[str, Region], limits: Mapping[str, Limit]
) -> Condition:
    """Read a line or a table.

    Raises
    ------
    RulesError
        If it is neither, says `where` it stands.
    """
    if isinstance(table, str):
        return _line(table, where, limits)
    if not isinstance(table, dict) or not table or not table.keys() <= FIELDS:
        msg = f"{where}: {table!r} is no condition"
        raise RulesError(msg)

    def parts_of(field: str) -> tuple[Condition, ...]:
        return tuple(parse_condition(each, where, regions, limits) for each in table[field])

    found: list[Condition] = []
    if "all" in table:
        found += parts_of("all")
    if "any" in table:
        found.append(Count(parts_of("any"), 1))
    if "none" in table:
        found.append(Not(parts_of("none")))
    if "least" in table or "of" in table:
        _need(table, ("least", "of"), where)
        found.append(Count(parts_of("of"), _limit(table["least"], where, limits)))
    if {"leads", "at_least", "each"} & table.keys():
        _need(table, ("leads", "at_least", "each"), where)
        of_leads = _regions(table["leads"], where, regions)
        at_least = _limit(table["at_least"], where, limits)
        found.append(OverLeads(of_leads, at_least, Count(parts_of("each"))))
    return found[0] if len(found) == 1 else Count(tuple(found))


def lines_of(condition: Condition) -> Iterator[Comparison | Word]:
    """Give every comparison in a condition."""
    if isinstance(condition, Comparison | Word):
        yield condition
    elif isinstance(condition, OverLeads):
        yield from lines_of(condition.each)
    else:
        for part in condition.parts:
            yield from lines_of(part)


def _line(line: str, where: str, limits: Mapping[str, Limit]) -> Comparison | Word:
    found = _LINE.fullmatch(line)
    if found is None:
        msg = f"{where}: {line!r} is no condition"
        raise RulesError(msg)
    key, lead, than, other = found["key"], found["lead"], found["than"], found["other"]
    if found["word"] is not None:
        return Word(key, lead, found["word"], found["isnot"] is not None)
    if other is None and than in limits:
        return Comparison(key, lead, found["op"], than, None, found["abs"] is not None)
    if other is None and lead is not None:
        msg = f"{where}: {line!r}: there is no limit {than}"
        raise RulesError(msg)
    return Comparison(key, lead, found["op"], None, (than, other or ""), found["abs"] is not None)


def _need(table: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    if missing := [name for name in names if name not in table]:
        msg = f"{where}: {', '.join(names)} go together; {missing[0]} is missing"
        raise RulesError(msg)


def _limit(name: object, where: str, limits: Mapping[str, Limit]) -> str:
    if not isinstance(name, str) or name not in limits:
        msg = f"{where}: there is no limit {name}"
        raise RulesError(msg)
    return name


def _regions(given: object, where: str, regions: Mapping[str, Region]) -> tuple[Region, ...] | None:
    """Read "all", a list of regions, a list of leads, or a list of lists of leads."""
    if given == "all":
        return None
    if not isinstance(given, list) or not given:
        msg = f"{where}: leads: {given!r} are no leads"
        raise RulesError(msg)
    if all(isinstance(each, list) for each in given):
        return tuple(Region(tuple(each)) for each in given)
    if all(each in regions for each in given):
        return tuple(regions[each] for each in given)
    return (Region(tuple(given)),)
