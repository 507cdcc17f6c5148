"""Annotated archives on disk: WFDB records in a folder or a tar file."""

import hashlib
import re
import tarfile
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cloud.evaluation.matching import Beats, IntArray, Span
from ecgcore.errors import ConfigError
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.types import FloatArray

AAMI = {
    **dict.fromkeys("NLRBej", "N"),
    **dict.fromkeys("AaJSn", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
}
"""WFDB's beat codes, and the classes that ANSI/AAMI EC57 puts them in."""
PACED_CODES = frozenset("/f")
_MV_PER_UNIT = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
_STANDARD_LEADS = {
    name.lower(): name
    for name in ("I", "II", "III", "aVR", "aVL", "aVF", *(f"V{n}" for n in range(1, 10)))
}
# What wfdb's parsers run into when a file is not what its header says.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError)
# Both signals unreadable, by the two bits that the subtype of a quality annotation has for it.
_BOTH_UNREADABLE = 0x30


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead of one record."""

    name: str
    """Of the record."""
    ecg_mv: FloatArray
    """shape (n_samples,); NaN where there is none."""
    fs_hz: float


@dataclass(frozen=True, slots=True)
class Leads:
    """All leads of one record."""

    name: str
    """Of the record."""
    ecg_mv: FloatArray
    """shape (n_leads, n_samples); NaN where there is none."""
    fs_hz: float
    names: tuple[str, ...]
    """As I, aVR, V1, where the record's name for a lead is one of these in any case."""
    person: Person = UNKNOWN
    """As far as the header tells."""
    start: datetime | None = None
    """Of the first sample; the header's clock has no zone and is taken for UTC."""


_SEXES = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE}


@dataclass(frozen=True, slots=True)
class Annotations:
    """One annotation file."""

    samples: IntArray
    symbols: tuple[str, ...]
    subtypes: tuple[int, ...]
    notes: tuple[str, ...]


@contextmanager
def opened(place: Path) -> Iterator[Path]:
    """Give the folder of an archive; a tar file is unpacked into a temporary one.

    Raises
    ------
    ConfigError
        If there is no such folder or file, or it is no archive.
    """
    if place.is_dir():
        yield place
        return
    if not place.is_file():
        msg = f"{place}: there is no such folder or archive"
        raise ConfigError(msg)
    with tempfile.TemporaryDirectory(prefix="ecgomics-evaluate-") as folder:
        try:
            with tarfile.open(place) as tar:
                tar.extractall(folder, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            msg = f"{place}: neither a folder nor a tar file: {error}"
            raise ConfigError(msg) from error
        inner = list(Path(folder).iterdir())
        yield inner[0] if len(inner) == 1 and inner[0].is_dir() else Path(folder)


def record_names(folder: Path, *, with_file: str) -> list[str]:
    """Name the records of a folder that have a header and another file, such as ``.atr``."""
    headers = (path.stem for path in folder.glob("*.hea"))
    return sorted(name for name in headers if (folder / f"{name}{with_file}").is_file())


def records_or_fail(folder: Path, given: Path, with_file: str, what: str) -> list[str]:
    """Name the records.

    Raises
    ------
    ConfigError
        If there is none; it names what the user gave.
    """
    names = record_names(folder, with_file=with_file)
    if not names:
        msg = f"{given}: no record of {what} in it (a .hea beside a {with_file})"
        raise ConfigError(msg)
    return names


def read_lead(folder: Path, name: str, channel: int | str = 0) -> Lead:
    """Read one signal of a record, by number or by name (in any case), in millivolts.

    Raises
    ------
    ConfigError
        If it cannot be read, or there is no such signal, or it is no voltage.
    """
    path = folder / name
    try:
        header = _wfdb("rdheader", str(path))
        names = [str(each).lower() for each in header.sig_name or ()]
        at = names.index(channel.lower()) if isinstance(channel, str) else channel
        record = _wfdb("rdrecord", str(path), channels=[at])
        scale = _MV_PER_UNIT[record.units[0].lower()]
        signal = np.array(record.p_signal[:, 0], np.float64) * scale
    except _UNREADABLE as error:
        msg = f"record {path}, signal {channel}: {type(error).__name__}: {error}"
        raise ConfigError(msg.splitlines()[0]) from error
    return Lead(name, signal, float(record.fs))


def read_leads(path: Path) -> Leads:
    """Read all signals of a record that are voltages, in millivolts.

    Raises
    ------
    ConfigError
        If it cannot be read, or nothing in it is a voltage.
    """
    try:
        record = _wfdb("rdrecord", str(path))
        at = [k for k, unit in enumerate(record.units) if unit.lower() in _MV_PER_UNIT]
        scales = np.array([_MV_PER_UNIT[record.units[k].lower()] for k in at])
        ecg_mv = np.asarray(record.p_signal, np.float64)[:, at].T * scales[:, np.newaxis]
        names = tuple(_lead_name(str(record.sig_name[k])) for k in at)
        person = person_of(record.comments)
        start = record.base_datetime
    except _UNREADABLE as error:
        msg = f"record {path}: {type(error).__name__}: {error}"
        raise ConfigError(msg.splitlines()[0]) from error
    if not at:
        msg = f"record {path}: no signal in V, mV or uV, but {', '.join(record.units)}"
        raise ConfigError(msg)
    return Leads(
        path.name,
        np.ascontiguousarray(ecg_mv),
        float(record.fs),
        names,
        person,
        None if start is None else start.replace(tzinfo=UTC),
    )


def person_of(comments: Iterable[str]) -> Person:
    """Read age and sex from lines like "Age: 56" and "<sex>: F"; what is not there is not known."""
    told = {
        name.lower(): value
        for line in comments
        for name, value in re.findall(r"(?i)\b(age|sex)>?\s*:\s*([\w.]+)", line)
    }
    age = told.get("age", "")
    is_age = re.fullmatch(r"\d{1,3}(\.\d+)?", age) is not None
    return Person(_SEXES.get(told.get("sex", "").lower()), float(age) if is_age else None)


def _lead_name(name: str) -> str:
    """Give a lead's name as electrocardiographers write it; others stay as they are."""
    return _STANDARD_LEADS.get(name.strip().lower(), name.strip())


def read_annotations(folder: Path, name: str, extension: str) -> Annotations:
    """Read an annotation file.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    path = folder / name
    try:
        found = _wfdb("rdann", str(path), extension)
    except _UNREADABLE as error:
        msg = f"annotations {path}.{extension}: {type(error).__name__}: {error}"
        raise ConfigError(msg.splitlines()[0]) from error
    return Annotations(
        np.asarray(found.sample, np.int64),
        tuple(found.symbol),
        tuple(int(each) for each in found.subtype),
        tuple(note.strip("\x00 ") for note in found.aux_note),
    )


def rate_of(folder: Path, name: str) -> float:
    """Read the sampling rate of a record."""
    return float(_wfdb("rdheader", str(folder / name)).fs)


def beats_of(annotations: Annotations) -> Beats:
    """Give the beats with their AAMI classes, and where nothing could be read."""
    is_beat = [symbol in AAMI for symbol in annotations.symbols]
    classes = "".join(AAMI[symbol] for symbol in annotations.symbols if symbol in AAMI)
    return Beats(annotations.samples[is_beat], classes, _unreadable(annotations))


def fibrillation_of(annotations: Annotations) -> tuple[Span, ...]:
    """Give the stretches of ventricular flutter or fibrillation, from ``[`` to ``]``."""
    spans, start = [], None
    for sample, symbol in zip(annotations.samples.tolist(), annotations.symbols, strict=True):
        if symbol == "[":
            start = sample
        elif symbol == "]" and start is not None:
            spans.append((start, sample + 1))
            start = None
    if start is not None:
        spans.append((start, int(annotations.samples[-1]) + 1))
    return tuple(spans)


def rhythms_of(annotations: Annotations, end: int) -> list[tuple[Span, str]]:
    """Give the annotated rhythms, such as ``AFIB``, each up to the next one."""
    changes = [
        (sample, note.removeprefix("("))
        for sample, symbol, note in zip(
            annotations.samples.tolist(), annotations.symbols, annotations.notes, strict=True
        )
        if symbol == "+" and note.startswith("(")
    ]
    ends = [sample for sample, _ in changes[1:]] + [end]
    return [((sample, to), note) for (sample, note), to in zip(changes, ends, strict=True)]


def sha256_of(*folders: Path) -> str:
    """Hash all files below folders: their names, lengths and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()


def _unreadable(annotations: Annotations) -> tuple[Span, ...]:
    spans, start = [], None
    for sample, symbol, subtype in zip(
        annotations.samples.tolist(), annotations.symbols, annotations.subtypes, strict=True
    ):
        if symbol != "~":
            continue
        is_bad = subtype & _BOTH_UNREADABLE == _BOTH_UNREADABLE
        if is_bad and start is None:
            start = sample
        elif not is_bad and start is not None:
            spans.append((start, sample))
            start = None
    if start is not None:
        spans.append((start, int(annotations.samples[-1]) + 1))
    return tuple(spans)


def _wfdb(function: str, *arguments: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        # wfdb makes pandas warn, when it is imported and when it reads annotations.
        warnings.simplefilter("ignore")
        try:
            # Slow to import.
            import wfdb
        except ModuleNotFoundError as error:
            msg = "reading archives needs wfdb: pip install 'ecgomics[evaluate]'"
            raise ConfigError(msg) from error
        return getattr(wfdb, function)(*arguments, **options)
