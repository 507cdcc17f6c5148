"""`ecgomics evaluate` as a user runs it, on archives with a known truth."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cloud.evaluation import archive
from cloud.evaluation.command import SETS, evaluate
from cloud.evaluation.noise import Mode
from cloud.evaluation.noise_stress import NSTDB
from cloud.evaluation.studies import STUDIES
from cloud.evaluation.study import Options, tuned_flag
from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray
from tests.cloud.evaluation.archives import FS_HZ, heart, write_marks, write_record

WHOLE_S = 330.0


@pytest.fixture(scope="module")
def mitdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "mitdb"
    ecg_mv, peaks = heart(WHOLE_S)
    # The last beat that is marked as V, and one that nobody marked.
    marks = [(at, "N", "") for at in peaks[:-3]] + [(peaks[-3], "V", ""), (peaks[-2], "N", "")]
    for name in ("900", "901"):
        write_record(folder, name, [ecg_mv, 0.5 * ecg_mv], ["MLII", "V1"])
        write_marks(folder, name, "atr", [*marks, (5, "+", "(N")])
    return folder


def result(capsys: pytest.CaptureFixture[str], *arguments: Any, **options: Any) -> Any:
    evaluate(*arguments, as_json=True, workers=1, **options)
    return json.loads(capsys.readouterr().out)


def test_mitdb(mitdb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "pages" / "mitdb.md"
    found = result(capsys, "mitdb", mitdb, page=page)
    assert found["n_records"] == 2
    assert found["n_tuned_on"] == 0
    assert found["sha256"] == archive.sha256_of(mitdb)
    beats = {row["record"]: row for row in found["tables"]["beats"]}
    assert beats["gross"]["QRS Se %"] == 100.0
    assert beats["gross"]["QRS +P %"] < 100.0
    assert beats["900"]["tuned on"] == "no"
    confusion = {row["annotated"]: row for row in found["tables"]["confusion"]}
    assert confusion["V"]["n"] + confusion["V"]["f"] + confusion["V"]["v"] == 2
    assert sum(confusion["O"][letter] for letter in "nsvfq") == 2
    rates = {row["record"]: row for row in found["tables"]["heart_rate"]}
    assert rates["gross"]["RMS bpm"] < 0.5
    text = page.read_text()
    assert text.startswith("# mitdb\n")
    assert found["sha256"] in text


def test_the_text_has_every_table(mitdb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("mitdb", mitdb, workers=1)
    out, err = capsys.readouterr()
    for title in ("Beside others", "Beat by beat", "Run by run", "Episodes", "Heart rate error"):
        assert title in out
    assert "mitdb" in err


@pytest.mark.timeout(180)
def test_several_processes_give_the_same(mitdb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = result(capsys, "mitdb", mitdb)
    evaluate("mitdb", mitdb, as_json=True, workers=2)
    assert json.loads(capsys.readouterr().out) == alone


def test_nstdb_mixes_with_the_clean_records_beside_it(
    mitdb: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = mitdb.parent / "nstdb"
    noise_mv = np.cumsum(np.random.default_rng(3).standard_normal(80_000)) / 100
    write_record(folder, "em", [noise_mv, noise_mv], ["noise1", "noise2"])
    jobs = NSTDB.jobs(folder, folder, Options())
    assert len(jobs) == 2 * (1 + 2 * 6)
    worst = next(j for j in jobs if j.snr_db == -6 and j.mode is Mode.CONTINUOUS)
    clean, noisy = NSTDB.score(jobs[0]), NSTDB.score(worst)
    assert noisy.confusion.qrs.f1_pct < clean.confusion.qrs.f1_pct
    tables = {table.key: table for table in NSTDB.tables([clean, noisy])}
    assert len(tables["noise"].rows) == 14


def _marks_of_waves(peaks: list[int]) -> list[tuple[int, str, str]]:
    # Places of the waves of `tests.strategies.ecg_of`: P 160 ms before R, T 260 ms after it.
    at = {"p": -40, "N": 0, "t": 65}
    half = {"p": 13, "N": 12, "t": 28}
    return [
        (peak + at[kind] + side, symbol, "")
        for peak in peaks
        for kind in at
        for side, symbol in ((-half[kind], "("), (0, kind), (half[kind], ")"))
    ]


def test_ludb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ecg_mv, peaks = heart(12.0)
    write_record(tmp_path, "3", [0 * ecg_mv, ecg_mv], ["i", "ii"])
    write_marks(tmp_path, "3", "ii", _marks_of_waves(peaks[1:-1]))
    found = result(capsys, "ludb", tmp_path)
    points = {row["point"]: row for row in found["tables"]["points"]}
    assert points["r"]["Se %"] == 100.0
    assert abs(points["r"]["mean ms"]) <= 4.0
    assert points["qrs_on"]["annotated"] == len(peaks) - 2
    assert [row["tuned on"] for row in found["tables"]["records"]] == ["yes"]


def test_qtdb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ecg_mv, peaks = heart(30.0)
    write_record(tmp_path, "sel999", [0.1 * ecg_mv, ecg_mv], ["ECG1", "ECG2"])
    write_marks(tmp_path, "sel999", "q1c", _marks_of_waves(peaks[15:25]))
    found = result(capsys, "qtdb", tmp_path)
    points = {row["point"]: row for row in found["tables"]["points"]}
    assert points["t"]["annotated"] == 10
    assert points["r"]["Se %"] == 100.0


def test_cinc2017_from_a_folder_and_from_a_tar_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "cinc2017"
    ecg_mv, _ = heart(30.0)
    rng = np.random.default_rng(1)
    for name, signal in (("A1", ecg_mv), ("A2", rng.standard_normal(ecg_mv.size))):
        write_record(folder, name, [signal], ["ECG"])
    (folder / "REFERENCE.csv").write_text("A1,N\nA2,~\nA3,O\n")
    with tarfile.open(tmp_path / "cinc2017.tar.xz", "w:xz") as tar:
        tar.add(folder, "cinc2017")
    found = result(capsys, "cinc2017", folder)
    taken_for = {row["recording"]: row["found"] for row in found["tables"]["recordings"]}
    assert taken_for["A1"] == "N"
    assert set(taken_for) == {"A1", "A2"}
    assert result(capsys, "cinc2017", tmp_path / "cinc2017.tar.xz") == found


def _af_beats(seed: int) -> tuple[list[int], int, int]:
    """Give ten minutes of beats; between the samples that are given they are irregular."""
    rng = np.random.default_rng(seed)
    rr_s = np.concatenate(
        (np.full(250, 0.8), rng.uniform(0.45, 1.15, 250), np.full(250, 0.8))
    ) + 0.005 * rng.standard_normal(750)
    samples = np.rint(np.cumsum(rr_s) * FS_HZ).astype(int).tolist()
    return samples, samples[250], samples[500]


def test_afdb_from_intervals_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples, start, end = _af_beats(2)
    silent: FloatArray = np.zeros(samples[-1] + 100)
    write_record(tmp_path, "f1", [silent], ["ECG1"])
    (tmp_path / "f1.dat").unlink()
    write_marks(tmp_path, "f1", "qrs", [(at, "N", "") for at in samples])
    write_marks(tmp_path, "f1", "atr", [(1, "+", "(N"), (start, "+", "(AFIB"), (end, "+", "(N")])
    found = result(capsys, "afdb", tmp_path)
    gross = next(row for row in found["tables"]["episodes"] if row[""] == "gross, AF, intervals")
    assert gross["there"] == 1
    assert gross["duration Se %"] > 85.0
    assert gross["Sp %"] > 85.0


@pytest.mark.parametrize("dataset", SETS)
def test_a_folder_without_records_is_named(dataset: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path)):
        evaluate(dataset, tmp_path, workers=1)


@pytest.mark.parametrize("dataset", SETS)
def test_a_folder_that_is_not_there_is_named(dataset: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        evaluate(dataset, tmp_path / "nowhere", workers=1)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (place := tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        evaluate("mitdb", place, workers=1)
    with pytest.raises(ConfigError, match="mitdb, nstdb"):
        evaluate("edb", tmp_path, workers=1)


def test_a_damaged_record_is_named(mitdb: Path, tmp_path: Path) -> None:
    for path in mitdb.glob("900.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "900.dat").write_bytes(b"short")
    with pytest.raises(ConfigError, match="900"):
        evaluate("mitdb", tmp_path, workers=1)


def test_single_records_may_be_chosen(mitdb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The folder that holds the archive's will do as well.
    assert result(capsys, "mitdb", mitdb.parent, record=["901"])["n_records"] == 1
    with pytest.raises(ConfigError, match="--record: there is no 77"):
        evaluate("mitdb", mitdb, workers=1, record=["77", "901"])


def test_noise_without_clean_records_says_what_to_give(tmp_path: Path) -> None:
    write_record(tmp_path / "nstdb", "em", [np.zeros(500)], ["noise1"])
    with pytest.raises(ConfigError, match="--clean"):
        evaluate("nstdb", tmp_path / "nstdb", workers=1)


def test_records_of_a_person_who_was_tuned_on_are_flagged() -> None:
    assert tuned_flag("mitdb", "201") == "yes"
    assert tuned_flag("mitdb", "202") == "person (201)"
    assert tuned_flag("mitdb", "100") == "no"
    assert tuned_flag("afdb", "04015") == "no"
    assert set(STUDIES) == set(SETS)


def test_help_needs_no_data() -> None:
    import typer

    app = typer.Typer()
    app.command()(evaluate)
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert "mitdb" in shown.output
