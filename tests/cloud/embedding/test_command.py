"""`ecgomics embed` as a user runs it."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from pyarrow import parquet

from cloud.embedding.card import SHIPPED
from cloud.embedding.command import embed
from cloud.extraction.work import COLUMNS
from ecgcore.errors import ConfigError
from tests.cloud.evaluation.archives import heart, write_record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records") / "some"
    ecg_mv, _ = heart(25.0)
    write_record(folder, "900", [ecg_mv, 0.5 * ecg_mv], ["ii", "V1"])
    return folder


def test_a_table_holds_vectors_and_what_is_told_of_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.csv"
    embed([folder], out, beats=True, jobs=1, as_json=True)
    summary = json.loads(capsys.readouterr().out)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert {row["lead"] for row in rows} == {"II", "V1"}
    vectors = {
        row["lead"]: np.array(row["text"].split(), float)
        for row in rows
        if row["key"] == "emb_window_mean"
    }
    assert vectors["II"].shape == (288,)
    # The same lead at half the gain, in steps of a microvolt each.
    largest = float(np.abs(vectors["II"]).max())
    assert vectors["V1"] == pytest.approx(vectors["II"], abs=0.05 * largest)
    assert summary["values"]["emb_record"] == 2 * 3
    assert summary["values"]["emb_beat"] == summary["values"]["pca_beat_5"] > 40
    assert {row["algorithm"] for row in rows} == {summary["model"]}
    assert summary["model"] == "ecgomics-encoder@1/pooled"


def test_each_kind_of_table_and_several_processes(folder: Path, tmp_path: Path) -> None:
    embed([folder / "900"], tmp_path / "x.parquet", jobs=1)
    embed([folder / "900", folder / "900.hea"], tmp_path / "x.json", jobs=2)
    one = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    other = json.loads((tmp_path / "x.json").read_text())
    assert [row["text"] for row in one] == [row["text"] for row in other]


def test_misuse_is_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        embed([folder], tmp_path / "x.csv", model=tmp_path / "none.toml")
    shutil.copytree(SHIPPED.parent, tmp_path / "model")
    card = tmp_path / "model" / "card.toml"
    lines = card.read_text().splitlines()
    card.write_text("\n".join(line for line in lines if not line.startswith("beat_")))
    with pytest.raises(typer.Exit) as ended:
        embed([folder], tmp_path / "x.csv", model=card, beats=True)
    assert ended.value.exit_code == 2
    assert "takes no single beats" in capsys.readouterr().err


def test_a_broken_record_is_named_and_costs_no_other(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "903.hea"
    bad.write_text("no header\n")
    with pytest.raises(typer.Exit) as ended:
        embed([folder, bad], tmp_path / "x.csv", jobs=1)
    assert ended.value.exit_code == 1
    assert str(tmp_path / "903") in capsys.readouterr().err
    assert "900" in (tmp_path / "x.csv").read_text()
