"""Who counts as normal in each open archive, by its own labels and nobody's guess."""

import ast
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cloud.evaluation.archive import Leads, read_leads
from ecgcore.errors import ConfigError
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.population import Source

_SINUS_SCP = frozenset({"SR", "SARRH"})
_NORMAL_SCP_PCT = 80.0
"""Likelihood, in %, from which PTB-XL's statement of a normal ECG is taken."""
_SINUS_SNOMED = frozenset({"426783006", "427393009"})
"""Sinus rhythm and sinus arrhythmia."""
_NORMAL_LUDB = re.compile(
    r"Rhythm: Sinus (rhythm|arrhythmia)|Electric axis of the heart: (normal|vertical|horizontal)"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """One kind of archive, and how to tell who is normal in it."""

    source: Source
    is_here: Callable[[Path], bool]
    """Whether a folder is of this kind."""
    normal_in: Callable[[Path], list[tuple[str, Person]]]
    """Records of normal people, with what a table beside the records tells of them."""


@dataclass(frozen=True, slots=True)
class NormalRecord:
    """The recording of one person to be measured."""

    path: Path
    """Without extension."""
    person: Person
    """What is known beside its header."""
    source: str

    @property
    def name(self) -> str:
        """As the Challenge of 2021 names it, which holds recordings of PTB-XL as well."""
        taken_over = re.fullmatch(r"(\d{5})_hr", self.path.name)
        return f"HR{taken_over[1]}" if taken_over else self.path.name

    def read(self) -> Leads:
        """Read it, with age and sex from wherever they are known."""
        found = read_leads(self.path)
        return found if self.person == UNKNOWN else replace(found, person=self.person)


def archive_of(folder: Path) -> Archive:
    """Tell which archive a folder is.

    Raises
    ------
    ConfigError
        If it is none that has labels of normal people.
    """
    found = next((each for each in ARCHIVES if each.is_here(folder)), None)
    if found is None:
        known = ", ".join(each.source.id for each in ARCHIVES)
        msg = f"{folder}: none of the archives whose labels tell who is normal ({known})"
        raise ConfigError(msg)
    return found


def normal_records(folder: Path, archive: Archive) -> list[NormalRecord]:
    """Give the recordings of normal people that are there, one a person."""
    return [
        NormalRecord(folder / name, person, archive.source.id)
        for name, person in archive.normal_in(folder)
        if (folder / f"{name}.hea").is_file()
    ]


def _ptbxl(folder: Path) -> list[tuple[str, Person]]:
    with next(folder.glob("ptbxl_database*.csv")).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    of_patient = {
        row["patient_id"]: row for row in reversed(rows) if _is_normal_scp(row["scp_codes"])
    }
    return [(Path(row["filename_hr"]).name, _ptbxl_person(row)) for row in of_patient.values()]


def _ptbxl_person(row: dict[str, str]) -> Person:
    age = float(row["age"]) if row["age"] else None
    # PTB-XL hides ages above 89 as 300.
    return Person(
        {"0": Sex.MALE, "1": Sex.FEMALE}.get(row["sex"]),
        90.0 if age is not None and age > 120.0 else age,
    )


def _is_normal_scp(codes: str) -> bool:
    told: dict[str, float] = ast.literal_eval(codes)
    return told.get("NORM", 0.0) >= _NORMAL_SCP_PCT and told.keys() <= {"NORM", *_SINUS_SCP}


def _cinc2021(folder: Path) -> list[tuple[str, Person]]:
    found = []
    for header in sorted(folder.glob("*.hea")):
        codes = re.search(r"# ?Dx: ?([\d,]+)", header.read_text())
        if codes and set(codes[1].split(",")) <= _SINUS_SNOMED:
            found.append((header.stem, UNKNOWN))
    return found


def _ludb(folder: Path) -> list[tuple[str, Person]]:
    return [
        (header.stem, UNKNOWN)
        for header in sorted(folder.glob("*.hea"))
        if _is_normal_ludb(list(_diagnoses(header)))
    ]


def _diagnoses(header: Path) -> Iterator[str]:
    for line in header.read_text().splitlines():
        if line.startswith("#") and not re.search(r"<(age|sex|diagnoses)>", line):
            yield line.removeprefix("#").strip().rstrip(".")


def _is_normal_ludb(diagnoses: list[str]) -> bool:
    return bool(diagnoses) and all(_NORMAL_LUDB.fullmatch(each) for each in diagnoses)


def _cinc2017(folder: Path) -> list[tuple[str, Person]]:
    with next(folder.rglob("REFERENCE.csv")).open(newline="", encoding="utf-8") as file:
        return [(name, UNKNOWN) for name, label in csv.reader(file) if label == "N"]


ARCHIVES = (
    Archive(
        Source(
            id="ptbxl",
            title="PTB-XL (Wagner 2020)",
            licence="CC-BY 4.0",
            normal="SCP NORM of at least 80 % and no other code than of sinus rhythm or arrhythmia",
            n=0,
        ),
        lambda folder: any(folder.glob("ptbxl_database*.csv")),
        _ptbxl,
    ),
    Archive(
        Source(
            id="ludb",
            title="Lobachevsky University Database 1.0.1 (Kalyakulina 2020)",
            licence="ODC-BY 1.0",
            normal="sinus rhythm or arrhythmia, axis normal, vertical or horizontal, nothing else",
            n=0,
        ),
        lambda folder: (folder / "ludb.csv").is_file(),
        _ludb,
    ),
    Archive(
        Source(
            id="cinc2017",
            title="PhysioNet/CinC Challenge 2017 (Clifford 2017), handheld",
            licence="ODC-BY 1.0",
            normal="label N; age and sex are not told",
            n=0,
        ),
        lambda folder: any(folder.rglob("REFERENCE.csv")),
        _cinc2017,
    ),
    Archive(
        Source(
            id="cinc2021",
            title="PhysioNet/CinC Challenge 2021: Georgia, Chapman-Ningbo, PTB-XL",
            licence="CC-BY 4.0",
            normal="SNOMED CT of sinus rhythm or arrhythmia alone",
            n=0,
        ),
        lambda folder: any("Dx:" in header.read_text() for header in folder.glob("*.hea")),
        _cinc2021,
    ),
)
"""In the order they are looked for."""
