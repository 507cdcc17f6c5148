"""The registry of biomarkers: one row a key, which code, documents, interface and exports share.

The rows stand in ``catalogue.toml`` beside this module, in groups that share a dimension; they are
read and checked when somebody first asks. A key that ends in ``*`` stands for a family of keys.

A value of single beats has statistics over a window besides: the key, a dot and the statistic, as
``pr_int.sd``. They have no rows; `Catalogue.find` makes theirs out of the row of the key.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import msgspec

from ecgcore.errors import CatalogueError
from ecgcore.events import Dimension, NullReason
from ecgcore.statistic import WORDS, Statistic

LATENT = "Latent values"
"""The group of what an encoder gives; the rest is measured."""
N_LEADS_TO_TRANSFORM = 8
"""Leads that three orthogonal ones can be made from: I, II and V1 to V6."""

UNIT_ATOMS = frozenset(
    ("mV", "uV", "s", "ms", "min", "h", "d", "a", "Hz", "deg", "dB", "[ppm]", "m[g]")
)
"""What a unit may be made of, in UCUM; m[g] is a thousandth of gravity."""

_UNIT = re.compile(r"/?[^./]+([./][^./]+)*")
_KEY = re.compile(r"[a-z][a-z0-9_]*\*?")
_ID = re.compile(r"[SIFC]\d{2,3}")
_LOINC = re.compile(r"\d{1,5}-\d")
_MDC = re.compile(r"(\d+):(\d+)")
_GROUP_FIELDS = frozenset({"dimension", "title", "paper_group", "population", "note", "biomarker"})


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    SAME_UNIT = "same_unit"
    """A number in the unit of the value it is about, times `Entry.unit`."""
    BOOL = "bool"
    CLASS = "class"
    """One of a few words."""
    TEXT = "text"
    VECTOR = "vector"
    MATRIX = "matrix"
    TABLE = "table"
    POINTER = "pointer"
    """No value of its own: the definition says where to look."""

    @property
    def has_unit(self) -> bool:
        """Whether values of this kind are numbers."""
        return self in (Kind.NUMBER, Kind.SAME_UNIT, Kind.VECTOR, Kind.MATRIX)


class Status(StrEnum):
    """How well a source is known."""

    READ = "V"
    """Read in the source named."""
    KNOWN = "K"
    """General knowledge, not read again; to be checked before clinical wording."""
    OURS = "O"
    """Our own choice."""


class Scope(StrEnum):
    """What one value is about: a lead or all leads; a beat, the averaged beat or a window."""

    LEAD_BEAT = "lead/beat"
    LEAD_AVERAGE = "lead/average"
    LEAD_WINDOW = "lead/window"
    GLOBAL_BEAT = "global/beat"
    GLOBAL_AVERAGE = "global/average"
    GLOBAL_WINDOW = "global/window"

    @property
    def is_of_beat(self) -> bool:
        """Whether there is one value a beat."""
        return self in (Scope.LEAD_BEAT, Scope.GLOBAL_BEAT)

    @property
    def over_window(self) -> "Scope":
        """The scope of a statistic over a window."""
        return Scope.LEAD_WINDOW if self.startswith("lead") else Scope.GLOBAL_WINDOW


Leads: TypeAlias = int | Literal["X"]
"""The fewest leads; X: three orthogonal ones, or eight through a transform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: what a biomarker is, what it needs, what is normal, what others call it."""

    id: str
    """Of the catalogue; keys that are defined together share one."""
    key: str
    dimension: Dimension
    group: str
    definition: str
    kind: Kind = Kind.NUMBER
    unit: str | None = None
    """UCUM; None where the value is no number."""
    scope: tuple[Scope, ...] = ()
    leads: Leads | None = None
    least_s: int | None = None
    """Seconds of signal; where both beats and averages are given, of the average."""
    least_beats: int | None = None
    """Accepted beats; NN intervals where the value is one of variability."""
    least_fs_hz: int | None = None
    needs: str | None = None
    """What else must be there."""
    low: float | None = None
    """Range of everybody; a value on a limit is flagged as normal."""
    high: float | None = None
    low_men: float | None = None
    high_men: float | None = None
    low_women: float | None = None
    high_women: float | None = None
    normal: str | None = None
    """What numbers alone cannot say: per lead, by rate, cuts of several steps."""
    population: str | None = None
    """Whose ranges these are."""
    range_source: str | None = None
    """Where it is not `source`."""
    range_status: Status | None = None
    loinc: str | None = None
    mdc: str | None = None
    """ISO/IEEE 11073-10101 as partition:code, of the value over all leads."""
    mdc_lead_base: str | None = None
    """The same for one lead: add the lead's number."""
    aha: tuple[int, ...] = ()
    """AHA/ACC/HRS 2007 statements it bears on."""
    code_note: str | None = None
    source: str | None = None
    """Tags of `Catalogue.sources`, or in full; None: no source was named."""
    status: Status | None = None
    paper_group: str | None = None
    """Sub-group of the ECGomics paper's service; None where it has none."""
    since: str | None = None
    """First version that gives a value; None: not measured yet."""

    @property
    def n_leads(self) -> int:
        """The fewest leads as a number."""
        return N_LEADS_TO_TRANSFORM if self.leads == "X" else self.leads or 0

    @property
    def is_measured(self) -> bool:
        """Whether this version gives a value."""
        return self.since is not None

    @property
    def mdc_number(self) -> int | None:
        """The MDC code without its partition, as reports and monitors write it."""
        if self.mdc is None:
            return None
        partition, code = self.mdc.split(":")
        return (int(partition) << 16) + int(code)

    @property
    def has_range(self) -> bool:
        """Whether there is a range, whoever it is for."""
        return any(getattr(self, name) is not None for name in RANGE_FIELDS)

    @property
    def has_statistics(self) -> bool:
        """Whether it is a number of single beats."""
        return self.kind is Kind.NUMBER and any(scope.is_of_beat for scope in self.scope)

    def stands_for(self, key: str) -> bool:
        """Tell whether `key` is this row's key, one of its family, or a statistic of it."""
        key, dot, statistic = key.partition(".")
        if dot and not (self.has_statistics and statistic in WORDS):
            return False
        if not self.key.endswith("*"):
            return key == self.key
        return key == self.key or (key.startswith(self.key[:-1]) and len(key) >= len(self.key))

    def as_dict(self) -> dict[str, Any]:
        """Give all fields as JSON can hold them."""
        return asdict(self)


RANGE_FIELDS = ("low", "high", "low_men", "high_men", "low_women", "high_women")


def lack_of(entry: Entry, n_leads: int, duration_s: float, fs_hz: float) -> NullReason | None:
    """Say what a recording lacks that a row asks for, if anything."""
    if n_leads < entry.n_leads:
        return NullReason.LEAD_MISSING
    if duration_s < (entry.least_s or 0):
        return NullReason.TOO_SHORT
    return NullReason.FS_TOO_LOW if fs_hz < (entry.least_fs_hz or 0) else None


@dataclass(frozen=True)
class Catalogue:
    """All rows, in the catalogue's order."""

    entries: tuple[Entry, ...]
    sources: Mapping[str, str]
    """What the tags of sources mean."""
    notes: Mapping[str, str]
    """What holds for all rows of a group, by `Entry.group`; of some groups only."""

    @cached_property
    def _by_key(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.entries}

    @cached_property
    def _families(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.key.endswith("*"))

    @cached_property
    def _statistics(self) -> dict[str, Entry]:
        return {
            key: _with_statistic(entry, key)
            for entry in self.entries
            if entry.has_statistics and not entry.key.endswith("*")
            for key in (f"{entry.key}.{statistic}" for statistic in Statistic)
        }

    def find(self, key: str) -> Entry | None:
        """Give the row of a key, of the family it belongs to, or one made for a statistic."""
        found = self._by_key.get(key) or self._statistics.get(key)
        if found is None:
            found = next((family for family in self._families if family.stands_for(key)), None)
            if found is not None and "." in key:
                found = _with_statistic(found, key)
        return found

    def __getitem__(self, key: str) -> Entry:
        entry = self.find(key)
        if entry is None:
            msg = f"no biomarker has the key {key}"
            raise KeyError(msg)
        return entry

    def with_id(self, catalogue_id: str) -> tuple[Entry, ...]:
        """Give the rows of a catalogue id."""
        return tuple(entry for entry in self.entries if entry.id == catalogue_id)

    def select(
        self,
        *,
        dimension: Dimension | None = None,
        key: str | None = None,
        catalogue_id: str | None = None,
        n_leads: int | None = None,
        measured: bool | None = None,
    ) -> tuple[Entry, ...]:
        """Give the rows that pass every filter.

        Parameters
        ----------
        dimension, catalogue_id
            Of the row.
        key : str, optional
            May hold ``*`` and ``?``; a member of a family finds its family.
        n_leads : int, optional
            Leads at hand; rows that need more are left out, and so are pointers.
        measured : bool, optional
            Whether this version gives a value.
        """
        return tuple(
            entry
            for entry in self.entries
            if (dimension is None or entry.dimension is dimension)
            and (key is None or fnmatchcase(entry.key, key) or entry.stands_for(key))
            and (catalogue_id is None or entry.id == catalogue_id)
            and (n_leads is None or 0 < entry.n_leads <= n_leads)
            and (measured is None or entry.is_measured is measured)
        )


def _with_statistic(entry: Entry, key: str) -> Entry:
    """Give the row of a statistic: no code and no range of the value itself goes with it."""
    statistic = Statistic(key.partition(".")[2])
    definition = entry.definition[0].lower() + entry.definition[1:]
    if entry.definition[1:2].isupper():
        definition = entry.definition
    return replace(
        entry,
        key=key,
        definition=f"{WORDS[statistic]} over the beats of the window of: {definition}",
        scope=tuple(dict.fromkeys(scope.over_window for scope in entry.scope)),
        least_s=None,
        least_beats=statistic.least_beats,
        normal=None,
        population=None,
        range_source=None,
        range_status=None,
        loinc=None,
        mdc=None,
        mdc_lead_base=None,
        aha=(),
        code_note=None,
        low=None,
        high=None,
        low_men=None,
        high_men=None,
        low_women=None,
        high_women=None,
    )


@cache
def catalogue() -> Catalogue:
    """Read and check the registry, once a process."""
    return parse(files("ecgcore").joinpath("catalogue.toml").read_text("utf-8"))


def parse(text: str) -> Catalogue:
    """Read a registry.

    Raises
    ------
    CatalogueError
        Naming the row and the field, where a row is unknown to `Entry` or contradicts itself.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"catalogue: {error}"
        raise CatalogueError(msg) from error
    groups = tables.get("group", [])
    entries = tuple(entry for group in groups for entry in _entries_of(group))
    for key, n in Counter(entry.key for entry in entries).items():
        if n > 1:
            msg = f"catalogue: {key}: key: stands in {n} rows"
            raise CatalogueError(msg)
    notes = {group["title"]: group["note"] for group in groups if "note" in group}
    return Catalogue(entries, tables.get("sources", {}), notes)


def is_unit(unit: str) -> bool:
    """Tell whether a unit is UCUM, made of `UNIT_ATOMS` with exponents, ``.`` and ``/``."""
    if unit in ("1", "%"):
        return True
    if not _UNIT.fullmatch(unit):
        return False
    terms = re.split(r"[./]", unit.removeprefix("/"))
    return all(re.sub(r"(?<=[A-Za-z])-?[1-9]$", "", term) in UNIT_ATOMS for term in terms)


def _entries_of(group: dict[str, Any]) -> list[Entry]:
    title = group.get("title", "?")
    for field in sorted(group.keys() - _GROUP_FIELDS):
        msg = f"catalogue: group {title}: {field}: no such field"
        raise CatalogueError(msg)
    shared: dict[str, Any] = {"group": title}
    shared |= {name: group[name] for name in ("dimension", "paper_group") if name in group}
    ranged = shared | {name: group[name] for name in ("population",) if name in group}
    return [
        _entry((ranged if _is_ranged(row) else shared) | row) for row in group.get("biomarker", [])
    ]


def _is_ranged(row: Mapping[str, Any]) -> bool:
    return any(name in row for name in (*RANGE_FIELDS, "normal"))


def _entry(row: dict[str, Any]) -> Entry:
    name = f"catalogue: {row.get('id', '?')} {row.get('key', '?')}"
    for field in row.keys() - {field.name for field in fields(Entry)}:
        msg = f"{name}: {field}: no such field"
        raise CatalogueError(msg)
    try:
        entry = msgspec.convert(row, Entry)
    except msgspec.ValidationError as error:
        # "Expected `int`, got `str` - at `$.leads`", or "... missing required field `id`".
        problem, _, _ = str(error).partition(" - at ")
        field = str(error).split("`")[-2].removeprefix("$.")
        msg = f"{name}: {field}: {problem}"
        raise CatalogueError(msg) from error
    for field, problem in _problems(entry):
        msg = f"{name}: {field}: {problem}"
        raise CatalogueError(msg)
    return entry


def _problems(entry: Entry) -> list[tuple[str, str]]:
    """Give the fields of a row that cannot be, and why."""
    is_value = entry.kind is not Kind.POINTER
    checks = [
        ("id", bool(_ID.fullmatch(entry.id)), f"{entry.id!r} is no catalogue id"),
        ("dimension", entry.id[:1] == entry.dimension, f"{entry.dimension} is not that of the id"),
        ("key", bool(_KEY.fullmatch(entry.key)), "not in small letters, digits and _"),
        ("definition", entry.definition.endswith("."), "not a sentence"),
        ("unit", (entry.unit is not None) is entry.kind.has_unit, f"kind is {entry.kind}"),
        ("unit", entry.unit is None or is_unit(entry.unit), f"{entry.unit!r} is no unit known"),
        ("scope", bool(entry.scope) is is_value, f"kind is {entry.kind}"),
        ("leads", (entry.leads is not None) is is_value, f"kind is {entry.kind}"),
        ("status", (entry.status is not None) is is_value, f"kind is {entry.kind}"),
        (
            "range_status",
            (entry.range_status is not None) is (entry.has_range or entry.normal is not None),
            "goes with a range, and every range with one",
        ),
        ("loinc", not entry.loinc or bool(_LOINC.fullmatch(entry.loinc)), "no LOINC code"),
        ("mdc", not entry.mdc or bool(_MDC.fullmatch(entry.mdc)), "not partition:code"),
        (
            "mdc_lead_base",
            not entry.mdc_lead_base or bool(_MDC.fullmatch(entry.mdc_lead_base)),
            "not partition:code",
        ),
    ]
    checks += [
        (f"high{who}", _is_in_order(entry, who), f"is not above low{who}")
        for who in ("", "_men", "_women")
    ]
    return [(field, problem) for field, is_good, problem in checks if not is_good]


def _is_in_order(entry: Entry, who: str) -> bool:
    low, high = getattr(entry, f"low{who}"), getattr(entry, f"high{who}")
    return low is None or high is None or low < high
