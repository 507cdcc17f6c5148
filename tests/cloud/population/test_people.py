"""Who is taken for normal, by the labels of each archive."""

from pathlib import Path

import pytest

from cloud.population.people import archive_of, normal_records
from ecgcore.errors import ConfigError
from ecgcore.person import UNKNOWN, Person, Sex


def put(folder: Path, headers: dict[str, str], **tables: str) -> None:
    for name, text in headers.items():
        (folder / f"{name}.hea").write_text(text)
    for name, text in tables.items():
        (folder / name.replace("_csv", ".csv")).write_text(text)


def chosen(folder: Path) -> dict[str, Person]:
    archive = archive_of(folder)
    return {each.name: each.person for each in normal_records(folder, archive)}


def test_ludb(tmp_path: Path) -> None:
    start = "1 1 500 9\n# <age>: 30\n# <sex>: F\n# <diagnoses>:\n"
    axis = "# Electric axis of the heart: vertical.\n"
    put(
        tmp_path,
        {
            "1": f"{start}# Rhythm: Sinus rhythm.\n{axis}",
            "2": f"{start}# Rhythm: Sinus bradycardia.\n{axis}",
            "3": f"{start}# Rhythm: Sinus rhythm.\n# Left ventricular hypertrophy.\n",
            "4": start,
        },
        ludb_csv="ID\n",
    )
    assert archive_of(tmp_path).source.id == "ludb"
    assert chosen(tmp_path) == {"1": UNKNOWN}


def test_ptbxl_one_recording_a_person(tmp_path: Path) -> None:
    rows = [
        "scp_codes,patient_id,age,sex,filename_hr",
        "\"{'NORM': 100.0, 'SR': 0.0}\",7,26.0,0,records500/00000/00057_hr",
        "\"{'NORM': 100.0, 'SR': 0.0}\",7,27.0,0,records500/00000/00058_hr",
        "\"{'NORM': 80.0, '1AVB': 100.0}\",8,60.0,0,records500/00000/00218_hr",
        "\"{'NORM': 50.0, 'SR': 0.0}\",9,60.0,0,records500/00000/00219_hr",
        "\"{'NORM': 80.0, 'SARRH': 0.0}\",10,300.0,1,records500/00000/00220_hr",
        "\"{'NORM': 80.0}\",11,50.0,1,records500/00000/00221_hr",
    ]
    headers = {f"00{n}_hr": "1 1 500 9\n" for n in ("057", "058", "218", "219", "220")}
    put(tmp_path, headers, ptbxl_database_csv="\n".join(rows))
    assert chosen(tmp_path) == {
        # As the Challenge of 2021 calls the same recording.
        "HR00057": Person(Sex.MALE, 26.0),
        "HR00220": Person(Sex.FEMALE, 90.0),
    }


def test_the_challenges(tmp_path: Path) -> None:
    one, other = tmp_path / "2021", tmp_path / "2017"
    one.mkdir()
    other.mkdir()
    dx = {"E1": "426783006", "E2": "426783006,59118001", "E3": "427393009,426783006", "E4": ""}
    put(one, {name: f"{name} 12 500 9\n# Dx: {codes}\n" for name, codes in dx.items()})
    assert chosen(one) == {"E1": UNKNOWN, "E3": UNKNOWN}
    put(other, dict.fromkeys("ABC", "1 1 300 9\n"), REFERENCE_csv="A,N\nB,A\nC,~\nD,N\n")
    assert chosen(other) == {"A": UNKNOWN}


def test_what_has_no_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none of the archives .*ptbxl, ludb"):
        archive_of(tmp_path)
