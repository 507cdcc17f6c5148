"""What the command is given besides records: limits in a file, and tables of an extraction."""

import csv
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from cloud.extraction.work import COLUMNS
from cloud.findings.work import Judged
from ecgcore.errors import ConfigError
from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.findings import Facts, examine
from ecgcore.findings_rules import RuleSet, rules

TABLES = (".csv", ".json", ".parquet")


def rules_with(limits: Path | None) -> RuleSet:
    """Give the rules, with limits that a TOML file sets.

    Raises
    ------
    ConfigError
        If it cannot be read, or a limit is unknown or outside what is allowed.
    """
    if limits is None:
        return rules()
    try:
        values = tomllib.loads(limits.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"--limits {limits}: {error}"
        raise ConfigError(msg) from error
    try:
        return rules().with_limits(dict(_flat(values)))
    except ConfigError as error:
        msg = f"--limits {limits}: {error}"
        raise ConfigError(msg) from error


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Give ``limit.case = x`` one name, whether it was written with quotes or without."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{case}", of_case) for case, of_case in value.items())
        else:
            yield name, value


def of_tables(paths: Iterable[Path], by: RuleSet) -> Iterator[Judged]:
    """Judge what `ecgomics extract` measured, record by record.

    Raises
    ------
    ConfigError
        If a table cannot be read or is none of that command.
    """
    for path in paths:
        for record, rows in groupby(_rows(path), key=lambda row: str(row["record"])):
            yield Judged(record, examine(_facts(list(rows)), by))


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".json":
            rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        elif path.suffix == ".parquet":
            from pyarrow import parquet

            rows = parquet.read_table(path).to_pylist()
        else:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}"
        raise ConfigError(msg) from error
    if rows and not set(COLUMNS) <= rows[0].keys():
        msg = f"{path}: no table of ecgomics extract: it lacks the columns "
        raise ConfigError(msg + ", ".join(sorted(set(COLUMNS) - rows[0].keys())))
    return rows


def _facts(rows: list[dict[str, Any]]) -> Facts:
    start_ns, end_ns = (round(float(rows[0][name]) * 1e9) for name in ("start_s", "end_s"))
    measurements = tuple(_measurement(row) for row in rows)
    coverage = next((m.value for m in measurements if m.key == "coverage"), None)
    return Facts(
        measurements=measurements,
        sqi=float(rows[0]["sqi"]),
        coverage=1.0 if coverage is None else coverage,
        start_ns=start_ns,
        end_ns=end_ns,
        leads=tuple(dict.fromkeys(m.lead for m in measurements if m.lead is not None)),
    )


def _measurement(row: Mapping[str, Any]) -> Measurement:
    value, reason = row["value"], row["null_reason"]
    return Measurement(
        key=row["key"],
        value=None if value in (None, "") else float(value),
        unit=row["unit"],
        dim=Dimension(row["dimension"]),
        n=int(row["n"]),
        sqi=float(row["sqi"]),
        null_reason=NullReason(reason) if reason else None,
        lead=row["lead"] or None,
        text=row["text"] or None,
    )
