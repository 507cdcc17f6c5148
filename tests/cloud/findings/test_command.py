"""`ecgomics findings` as a user runs it, on records with labels of every kind."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from cloud.extraction.command import extract
from cloud.findings.command import findings
from cloud.findings.labels import Label, Labelled, labelled, labels
from ecgcore.errors import ConfigError
from ecgcore.person import Person, Sex
from ecgcore.vocabulary import vocabulary
from tests.cloud.evaluation.archives import heart, write_record

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", *(f"V{n}" for n in range(1, 7)))
# A heart whose limb leads add up and whose frontal axis is at 30 degrees.
FACTORS = (1.0, 1.0, 0.0, -1.0, 0.5, 0.5, -0.5, 0.3, 0.8, 1.2, 1.1, 0.9)
LUDB = "#<age>: 51\n#<sex>: F\n#<diagnoses>:\n#Rhythm: Sinus rhythm.\n#I degree AV block.\n"
DX = "# Age: 78\n# Sex: Male\n# Dx: 164889003,426177001\n"


def record(folder: Path, name: str, comments: str = "", gain: tuple[float, ...] = FACTORS) -> Path:
    ecg_mv, _ = heart(12.0)
    write_record(folder, name, [factor * ecg_mv for factor in gain], LEADS)
    header = folder / f"{name}.hea"
    header.write_text(header.read_text() + comments)
    return folder / name


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("archives")
    record(root / "ludb", "7", LUDB)
    record(root / "cinc2021", "E01", DX)
    record(root / "ptbxl", "00009_hr")
    (root / "ptbxl" / "ptbxl_database_subset.csv").write_text(
        "ecg_id,age,sex,scp_codes\n9,55.0,0,\"{'NORM': 100.0, 'SR': 0.0}\"\n"
        "10,300.0,1,\"{'AFIB': 100.0}\"\n"
    )
    return root


def test_statements_are_printed_with_their_numbers(
    archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings([archives / "ludb" / "7"], jobs=1)
    out = capsys.readouterr().out
    assert "Sinus rhythm" in out
    assert "rhythm_confidence" in out


def test_json_tells_what_was_said_and_what_could_not_be_judged(
    archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = record(archives / "wrong", "1", gain=(1.0, 1.0, -0.5, *FACTORS[3:]))
    findings([wrong], jobs=1, as_json=True)
    (found,) = json.loads(capsys.readouterr().out)
    said = {each["id"]: each for each in found["statements"]}
    (evidence,) = said["lead_mismatch"]["evidence"]
    assert evidence["key"] == "einthoven_resid"
    assert evidence["value"] == pytest.approx(0.5, rel=0.01)
    assert evidence["threshold"] == 0.1
    assert said["lead_mismatch"]["rules"] == found["rules"]
    posterior = next(each for each in found["not_judged"] if each["rule"] == "ste_posterior")
    assert posterior["absent"][0] == {"key": "st_j0", "lead": "V7", "reason": "lead_missing"}


def test_a_table_of_an_extraction_gives_the_same_but_rhythms(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = archives / "cinc2021" / "E01"

    def told(path: Path) -> tuple[str, set[str]]:
        findings([path], jobs=1, as_json=True)
        (found,) = json.loads(capsys.readouterr().out)
        groups = {each["id"]: vocabulary()[each["id"]].group for each in found["statements"]}
        needs_person = {"lvh", "normal_ecg"}
        return found["record"], {
            id_ for id_, group in groups.items() if group != "rhythm" and id_ not in needs_person
        }

    expected = told(given)
    for kind in ("csv", "json", "parquet"):
        table = tmp_path / f"all.{kind}"
        extract([given], table, jobs=1)
        capsys.readouterr()
        assert told(table) == expected


def test_agreement_counts_every_archive(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs" / "findings.md"
    paths = [archives / name for name in ("ludb", "ptbxl", "cinc2021")]
    findings(paths, agree=True, page=page, jobs=1, as_json=True)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    columns = found["columns"]["agreement"]
    rows = {
        (row[0], row[1]): dict(zip(columns[2:], row[2:], strict=True))
        for row in found["rows"]["agreement"]
    }
    for archive in ("ludb", "ptbxl", "cinc2021"):
        sinus = rows["sinus rhythm", archive]
        assert (sinus["labelled"], sinus["stated"], sinus["both"]) == (1, 1, 1)
        assert sinus["Se %"] == 100.0
    assert rows["atrial fibrillation", "cinc2021"]["Se %"] == 0.0
    # PTB-XL has no label for a long P wave of its own; what nobody says or labels has no row.
    assert ("left axis deviation", "ptbxl") not in rows
    assert ("low voltage", "cinc2021") not in rows
    text = page.read_text()
    assert "## Findings beside labels" in text
    assert found["rules"] in text
    findings(paths, agree=True, jobs=1)
    assert "Why values are null" in capsys.readouterr().out


def test_limits_of_a_file_hold(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = tmp_path / "limits.toml"
    given = archives / "ludb" / "7"
    findings([given], jobs=1, as_json=True)
    plain = json.loads(capsys.readouterr().out)[0]["rules"]
    limits.write_text('rate_low = 60\n"qtc_long.men" = 455\nqtc_long = 470\n')
    findings([given], limits=limits, jobs=1, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["rules"] != plain


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate_lo = 60\n", "limit rate_lo: there is none of that name"),
        ("rate_low = 10\n", "limit rate_low = 10: has to be from 30 to 60 /min"),
        ("rate_low\n", "Expected '='"),
    ],
)
def test_limits_that_cannot_be_are_named(tmp_path: Path, text: str, problem: str) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(text)
    with pytest.raises(ConfigError, match=problem) as raised:
        findings([tmp_path], limits=limits)
    assert str(limits) in str(raised.value)


def test_what_cannot_be_read_is_named(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "902.hea").write_text("902 1 250 1000\n902.dat 16 200 16 0 0 0 0 II\n")
    with pytest.raises(typer.Exit) as ended:
        findings([tmp_path / "902", archives / "ludb" / "7"], jobs=1)
    assert ended.value.exit_code == 1
    captured = capsys.readouterr()
    assert f"error: record {tmp_path / '902'}" in captured.err
    assert "Sinus rhythm" in captured.out
    table = tmp_path / "other.csv"
    table.write_text("record,key\n1,hr_mean\n")
    with pytest.raises(ConfigError, match="no table of ecgomics extract: it lacks the columns"):
        findings([table])
    with pytest.raises(ConfigError, match="neither a folder nor a record"):
        findings([tmp_path / "nowhere"])


def test_labels_are_read_from_where_each_archive_has_them(archives: Path) -> None:
    ludb = labelled(archives / "ludb" / "7")
    assert ludb == Labelled(
        "ludb", "ludb", frozenset({"rhythm: sinus rhythm", "i degree av block"})
    )
    cinc = labelled(archives / "cinc2021" / "E01")
    assert cinc == Labelled("cinc2021", "snomed", frozenset({"164889003", "426177001"}))
    ptbxl = labelled(archives / "ptbxl" / "00009_hr")
    assert ptbxl is not None
    assert (ptbxl.labels, ptbxl.person) == (frozenset({"NORM", "SR"}), Person(Sex.MALE, 55.0))
    oldest = labelled(archives / "ptbxl" / "00010_hr")
    assert oldest is not None
    assert oldest.person == Person(Sex.FEMALE, 120.0)
    assert labelled(record(archives / "other", "1")) is None


def test_an_archive_without_a_label_for_a_finding_is_not_counted() -> None:
    label = Label(finding="x", says=("lad",), ludb=("electric axis*: left*",), snomed=("39732003",))
    axis = frozenset({"electric axis of the heart: left axis deviation"})
    assert Labelled("ludb", "ludb", axis).shows(label) is True
    assert Labelled("ludb", "ludb", frozenset({"rhythm: sinus rhythm"})).shows(label) is False
    assert Labelled("ptbxl", "scp", frozenset({"SR"})).shows(label) is None


def test_labels_name_statements_of_the_vocabulary_and_their_codes() -> None:
    for label in labels():
        assert set(label.says) <= set(vocabulary().terms)
    of = {label.says[0]: label for label in labels() if len(label.says) == 1}
    for id_, label in of.items():
        term = vocabulary()[id_]
        if label.snomed and term.snomed:
            assert term.snomed in label.snomed
