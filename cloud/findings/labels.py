"""The labels of annotated archives, as findings of ours: what a record is said to show.

Which label means what stands in ``labels.toml``. An archive is known by what its records bring:
diagnoses in the header (ludb), SNOMED CT codes in the header (challenge 2020 and 2021), or a row of
``ptbxl_database*.csv`` in the folder (PTB-XL), which tells age and sex as well.
"""

import ast
import csv
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from ecgcore.errors import ConfigError
from ecgcore.person import Person, Sex
from ecgcore.vocabulary import vocabulary

_NORM_SEX = {"0": Sex.MALE, "1": Sex.FEMALE}
_OLDEST = 120.0
"""PTB-XL writes 300 for everybody older than 89."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One finding, our statements of it and what others call it."""

    finding: str
    says: tuple[str, ...]
    ludb: tuple[str, ...] = ()
    scp: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()

    def of(self, system: str) -> tuple[str, ...]:
        """Give the labels of a system: ludb, scp or snomed."""
        found: tuple[str, ...] = getattr(self, system)
        return found


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one record is labelled with."""

    archive: str
    system: str
    """Which names the labels are of."""
    labels: frozenset[str]
    person: Person | None = None
    """Where the archive tells of it apart from the header."""

    def shows(self, label: Label) -> bool | None:
        """Tell whether it is labelled with a finding; None where its archive has no such label."""
        names = label.of(self.system)
        if not names:
            return None
        return any(fnmatchcase(each, name) for each in self.labels for name in names)


@cache
def labels() -> tuple[Label, ...]:
    """Read the table of labels.

    Raises
    ------
    ConfigError
        If it names a statement that the vocabulary does not have.
    """
    text = files("cloud.findings").joinpath("labels.toml").read_text("utf-8")
    found = msgspec.convert(tomllib.loads(text)["label"], tuple[Label, ...])
    for label in found:
        if unknown := set(label.says) - set(vocabulary().terms):
            msg = f"labels.toml: {label.finding}: no statement has the id {min(unknown)}"
            raise ConfigError(msg)
    return found


def labelled(record: Path) -> Labelled | None:
    """Give the labels of a record; None if it has none."""
    row = _ptbxl(record.parent).get(_number(record.name))
    if row is not None:
        return row
    header = record.with_name(f"{record.name}.hea")
    comments = [
        line.lstrip("# ").strip()
        for line in header.read_text("utf-8", errors="replace").splitlines()
        if line.startswith("#")
    ]
    for line in comments:
        if line.startswith("Dx:"):
            codes = frozenset(code.strip() for code in line.removeprefix("Dx:").split(","))
            return Labelled(record.parent.name, "snomed", codes)
    for at, line in enumerate(comments):
        if line == "<diagnoses>:":
            said = frozenset(each.rstrip(". ").lower() for each in comments[at + 1 :])
            return Labelled(record.parent.name, "ludb", said)
    return None


def _number(name: str) -> int | None:
    found = re.match(r"\d+", name)
    return int(found[0]) if found else None


@cache
def _ptbxl(folder: Path) -> dict[int | None, Labelled]:
    """Read the labels of PTB-XL beside its records, by the number of the record."""
    found: dict[int | None, Labelled] = {}
    for path in sorted(folder.glob("ptbxl_database*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                codes = frozenset(ast.literal_eval(row["scp_codes"]))
                age = float(row["age"]) if row["age"] else None
                person = Person(
                    _NORM_SEX.get(row["sex"]), min(age, _OLDEST) if age is not None else None
                )
                found[int(row["ecg_id"])] = Labelled(folder.name, "scp", codes, person)
    return found


def archives_of(found: Iterable[Labelled]) -> list[str]:
    """Name the archives, in the order they come."""
    return list(dict.fromkeys(each.archive for each in found))
