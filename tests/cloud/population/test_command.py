"""`ecgomics population` as a user runs it."""

from pathlib import Path

import numpy as np
import pytest
import typer

from cloud.population.command import population
from ecgcore.population import parse
from tests.cloud.evaluation.archives import heart, write_record


def test_an_archive_becomes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "2017"
    for k in range(24):
        ecg_mv, _ = heart(12.0, rr_s=0.7 + 0.01 * k)
        write_record(folder, f"A{k}", [ecg_mv], ["ECG"])
    write_record(folder, "B", [np.zeros(2500)], ["ECG"])
    labels = "".join(f"A{k},{'N' if k < 22 else 'A'}\n" for k in range(24))
    (folder / "REFERENCE.csv").write_text(f"{labels}B,N\n")
    out = tmp_path / "made.json"
    population([folder], out, jobs=1)
    made = parse(out.read_bytes())
    [single] = made.tables
    rate = next(row for row in single.rows if row.key == "hr_mean")
    # Those of normal people alone; a flat line tells of nobody.
    assert rate.n == 22
    assert rate.centre == pytest.approx(60.0 / 0.805, rel=0.01)
    assert [(source.id, source.n) for source in made.sources] == [("cinc2017", 22)]
    assert "single: " in capsys.readouterr().out


def test_a_record_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "2017"
    ecg_mv, _ = heart(12.0)
    for k in range(20):
        write_record(folder, f"A{k}", [ecg_mv], ["ECG"])
    (folder / "bad.hea").write_text("bad 1 300 9\n")
    (folder / "REFERENCE.csv").write_text("".join(f"A{k},N\n" for k in range(20)) + "bad,N\n")
    with pytest.raises(typer.Exit):
        population([folder], tmp_path / "made.json", jobs=1)
    assert "bad" in capsys.readouterr().err
