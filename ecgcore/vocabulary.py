"""What a report can state: words in every language and codes, one row a statement.

The rows stand in ``vocabulary.toml`` beside this module, most serious first; they are read and
checked when somebody first asks.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from ecgcore.errors import RulesError
from ecgcore.report import Localised

SECONDARY = range(200, 232)
"""AHA numbers of what is only suggested or to be considered."""
UNSAID = ("bifascicular", "trifascicular", "brugada")
"""Words that AHA/ACC/HRS 2009 (III) ask automatic reports not to use: the parts are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One statement."""

    id: str
    group: str
    en: str
    zh: str
    aha: int | None = None
    """Number of the AHA/ACC/HRS 2007 list."""
    modifiers: tuple[int, ...] = ()
    """Numbers of that list that may go with it."""
    primaries: tuple[int, ...] = ()
    """Of a secondary statement: numbers of which one has to stand beside it."""
    snomed: str | None = None
    scp: str | None = None
    is_harmless: bool = False
    """Whether it alone gives nobody a reason to call."""

    @property
    def text(self) -> Localised:
        """Its words."""
        return Localised(en=self.en, zh=self.zh)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All statements, most serious first."""

    version: str
    groups: Mapping[str, str]
    terms: Mapping[str, Term]

    def __getitem__(self, id_: str) -> Term:
        if id_ not in self.terms:
            msg = f"no statement has the id {id_}"
            raise KeyError(msg)
        return self.terms[id_]

    def ids_of(self, groups: Iterable[str]) -> frozenset[str]:
        """Give the ids of some groups."""
        wanted = set(groups)
        return frozenset(id_ for id_, term in self.terms.items() if term.group in wanted)


@cache
def vocabulary() -> Vocabulary:
    """Read and check the vocabulary, once a process."""
    return parse(files("ecgcore").joinpath("vocabulary.toml").read_text("utf-8"))


def parse(text: str) -> Vocabulary:
    """Read a vocabulary.

    Raises
    ------
    RulesError
        Naming the statement and the field.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"vocabulary: {error}"
        raise RulesError(msg) from error
    groups = tables.get("groups", {})
    terms = [_term(row) for row in tables.get("statement", [])]
    for id_, n in Counter(term.id for term in terms).items():
        if n > 1:
            msg = f"vocabulary: {id_}: id: stands in {n} rows"
            raise RulesError(msg)
    for term in terms:
        for field, problem in _problems(term, groups):
            msg = f"vocabulary: {term.id}: {field}: {problem}"
            raise RulesError(msg)
    return Vocabulary(str(tables.get("version", "")), groups, {term.id: term for term in terms})


def _term(row: dict[str, Any]) -> Term:
    name = f"vocabulary: {row.get('id', '?')}"
    for field in row.keys() - {field.name for field in fields(Term)}:
        msg = f"{name}: {field}: no such field"
        raise RulesError(msg)
    try:
        return msgspec.convert(row, Term)
    except msgspec.ValidationError as error:
        msg = f"{name}: {error}"
        raise RulesError(msg) from error


def _problems(term: Term, groups: Mapping[str, str]) -> list[tuple[str, str]]:
    words = f"{term.en} {term.zh}".lower()
    is_secondary = term.aha in SECONDARY
    checks = [
        ("group", term.group in groups, f"there is no group {term.group!r}"),
        ("en", bool(term.en.strip()), "no words"),
        ("zh", bool(term.zh.strip()), "no words"),
        ("en", not any(word in words for word in UNSAID), "says what reports are asked not to say"),
        (
            "primaries",
            bool(term.primaries) is is_secondary,
            "go with secondary statements, 200-231",
        ),
        ("modifiers", all(301 <= m <= 369 for m in term.modifiers), "are numbers of 301-369"),
    ]
    return [(field, problem) for field, is_good, problem in checks if not is_good]
