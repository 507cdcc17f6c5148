"""`ecgomics extract` as a user runs it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from pyarrow import parquet

from cloud.extraction.command import extract
from cloud.extraction.work import COLUMNS
from ecgcore.errors import ConfigError
from tests.cloud.evaluation.archives import heart, write_record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records") / "some"
    ecg_mv, _ = heart(15.0)
    for name in ("900", "901"):
        write_record(folder, name, [ecg_mv, 0.5 * ecg_mv], ["ii", "V1"])
    return folder


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(path.read_text())
        return rows
    if path.suffix == ".parquet":
        return list(parquet.read_table(path).to_pylist())
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_each_kind_of_table_holds_every_value(folder: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"all.{kind}"
    extract([folder], out, jobs=1)
    rows = table(out)
    assert tuple(rows[0]) == COLUMNS
    assert {Path(row["record"]).name for row in rows} == {"900", "901"}
    # The usual name of a lead, whatever the record wrote.
    assert {row["lead"] or None for row in rows} == {None, "II", "V1"}
    rates = [float(row["value"]) for row in rows if row["key"] == "hr_mean"]
    assert rates == pytest.approx([rates[0]] * 2)
    assert 40.0 < rates[0] < 120.0
    for row in rows:
        said = (row["value"], row["text"], row["null_reason"])
        assert sum(each not in ("", None) for each in said) == 1
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_several_processes_give_the_same(folder: Path, tmp_path: Path) -> None:
    extract([folder], tmp_path / "one.csv", jobs=1)
    extract([folder], tmp_path / "two.csv", jobs=2)
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()


def test_the_summary_tells_why_values_are_absent(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extract([folder / "900", folder / "900.hea"], tmp_path / "x.csv", jobs=1, as_json=True)
    summary = json.loads(capsys.readouterr().out)
    assert summary["records"] == 1
    assert summary["failed"] == {}
    assert summary["null_reasons"]["lead_missing"] > 0
    extract([folder], tmp_path / "x.csv", jobs=1)
    text = capsys.readouterr().out
    assert "2 records" in text
    assert "lead_missing" in text


def test_a_broken_record_is_named_and_costs_no_other(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "902.hea").write_text("902 1 250 1000\n902.dat 16 200 16 0 0 0 0 II\n")
    (bad / "903.hea").write_text("no header\n")
    out = tmp_path / "x.csv"
    with pytest.raises(typer.Exit) as ended:
        extract([folder, bad], out, jobs=1)
    assert ended.value.exit_code == 1
    errors = capsys.readouterr().err
    assert f"{bad / '902'}" in errors
    assert f"{bad / '903'}" in errors
    assert {Path(row["record"]).name for row in table(out)} == {"900", "901"}


def test_misuse_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.xls: the name has to end in \.csv"):
        extract([folder], tmp_path / "x.xls")
    with pytest.raises(ConfigError, match="nowhere: neither a folder nor a record"):
        extract([tmp_path / "nowhere"], tmp_path / "x.csv")
    with pytest.raises(ConfigError, match="no record in it"):
        extract([tmp_path], tmp_path / "x.csv")
    with pytest.raises(ConfigError, match=r"x\.csv: No such file"):
        extract([folder], tmp_path / "missing" / "x.csv")
