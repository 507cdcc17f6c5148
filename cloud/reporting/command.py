"""`ecgomics report`: recordings as a report."""

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ecgcore.errors import ConfigError
from ecgcore.person import Person, Sex
from ecgcore.report import ReportKind


class Format(StrEnum):
    """What a report is written as."""

    JSON = "json"
    TEXT = "text"
    PDF = "pdf"
    FHIR = "fhir"


class Kind(StrEnum):
    """What report recordings can be made into."""

    SPOT = "spot"
    LIVE = "live"
    EVENT = "event"
    HOLTER = "holter"
    TREND = "trend"


class Lang(StrEnum):
    """Languages of text and PDF; JSON and FHIR hold both."""

    EN = "en"
    ZH = "zh"


class FhirVersion(StrEnum):
    """Releases of FHIR."""

    R4 = "r4"
    R5 = "r5"


def report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="WFDB record; several for a trend.")
    ],
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TEXT,
    kind: Annotated[Kind, typer.Option(help="What report to make.")] = Kind.SPOT,
    lang: Annotated[Lang, typer.Option(help="Of text and PDF.")] = Lang.EN,
    out: Annotated[Path | None, typer.Option(help="File; stdout if not given.")] = None,
    fhir_version: Annotated[FhirVersion, typer.Option(help="Release.")] = FhirVersion.R4,
    at: Annotated[float | None, typer.Option(help="Event: second of the recording.")] = None,
    symptom: Annotated[str | None, typer.Option(help="Event: what the patient felt.")] = None,
    params: Annotated[
        str | None,
        typer.Option(metavar="PRESET|FILE", help="What is set: see `ecgomics parameters`."),
    ] = None,
    age: Annotated[float | None, typer.Option(min=0, max=130, help="Years.")] = None,
    sex: Annotated[Sex | None, typer.Option(help="Ranges depend on it.")] = None,
) -> None:
    """Make a report of a recording, or of several beside each other.

    Age and sex are taken from the header where they are not given. An event is the most serious
    pattern of the recording unless `--at` says when it was. Every report is automatic and
    unconfirmed, and says so. The JSON Schema of each kind is in `docs/schema/`.

    Examples: `ecgomics report ptbxl/00057_hr --format pdf --out ecg.pdf`,
    `ecgomics report mitdb/119 --kind holter --lang zh`,
    `ecgomics report mitdb/119 --kind event --at 300 --symptom "skipped beats"`
    """
    # Imported here so that `--help` needs no compiled code.
    from cloud.parameters.read import preset_of
    from cloud.reporting.making import made
    from cloud.reporting.rendering import rendered

    config = preset_of(params).parameters
    found = made(
        paths, ReportKind(kind.value), time.time_ns(), config, Person(sex, age), at, symptom
    )
    _write(rendered(found, format_.value, lang.value, fhir_version.value), out)


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        msg = f"--out {out}: {error.strerror}"
        raise ConfigError(msg) from error
