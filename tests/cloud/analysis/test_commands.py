"""The commands that others can score us by."""

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ecgcore.__main__ import main
from tests.strategies import ecg_of

FS_HZ = 250.0
RPEAKS_S = [0.5 + 0.8 * k for k in range(36)]
ECG_MV = ecg_of(RPEAKS_S, FS_HZ, 30.0, noise_mv=0.01)


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]
Rows = Callable[..., list[list[str]]]


@pytest.fixture
def ecgomics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, so that the analysis is compiled once."""

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr("sys.argv", ["ecgomics", *arguments])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def rows(ecgomics: Run) -> Rows:
    """Run a command that succeeds and split its lines."""

    def run(*arguments: str, stdin: bytes = b"") -> list[list[str]]:
        done = ecgomics(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    return run


def raw(ecg_mv: np.ndarray) -> bytes:
    return ecg_mv.astype("<f4").tobytes()


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the signal as the second lead of a WFDB record."""
    folder = tmp_path_factory.mktemp("record")
    uv = np.column_stack((np.zeros_like(ECG_MV), 1000 * ECG_MV))
    np.rint(uv).astype("<i2").tofile(folder / "two.dat")
    leads = "".join(f"two.dat 16 1000/mV 16 0 0 0 0 {name}\n" for name in ("V1", "II"))
    (folder / "two.hea").write_text(f"two 2 250 {ECG_MV.size}\n{leads}")
    return folder / "two"


def test_beats_come_one_a_line_whatever_the_chunk(rows: Rows, record: Path) -> None:
    found = rows("beats", "--fs", "250", "-", stdin=raw(ECG_MV))
    samples = np.array([int(sample) for sample, _ in found])
    assert samples == pytest.approx(FS_HZ * np.array(RPEAKS_S), abs=2)
    assert {label for _, label in found} <= set("NSVFQ")
    assert rows("beats", "--fs", "250", "--chunk", "7", "-", stdin=raw(ECG_MV)) == found
    of_record = rows("beats", str(record), "--lead", "II")
    assert [sample for sample, _ in of_record] == [sample for sample, _ in found]


def test_waves_come_in_order_with_a_header(rows: Rows) -> None:
    header, *beats = rows("delineate", "--fs", "250", "-", stdin=raw(ECG_MV))
    assert header == ["p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off"]
    assert len(beats) == len(RPEAKS_S)
    inner = np.array([[int(place) for place in beat] for beat in beats[2:-2]])
    assert (np.diff(inner, axis=1) >= 0).all()


def test_u_waves_have_columns_if_they_are_wanted(rows: Rows) -> None:
    header, *beats = rows("delineate", "--fs", "250", "--u", "-", stdin=raw(ECG_MV))
    assert header[9:] == ["u_on", "u", "u_off"]
    assert {len(beat) for beat in beats} == {12}


def test_absent_waves_are_empty(rows: Rows) -> None:
    # R alone: Gaussians of 12 ms, nothing before or after.
    at_s = np.arange(ECG_MV.size) / FS_HZ
    ecg_mv = sum(np.exp(-0.5 * ((at_s - r) / 0.012) ** 2) for r in RPEAKS_S)
    ecg_mv += 0.004 * np.random.default_rng(1).standard_normal(at_s.size)
    _, *beats = rows("delineate", "--fs", "250", "-", stdin=raw(ecg_mv))
    without_p = [beat[:3] == ["", "", ""] for beat in beats]
    assert np.mean(without_p) > 0.9


def test_rhythms_cover_the_signal_and_stop_at_a_gap(rows: Rows) -> None:
    ecg_mv = ECG_MV.copy()
    ecg_mv[4000:4500] = np.nan
    found = rows("rhythm", "--fs", "250", "-", stdin=raw(ecg_mv))
    assert [(start, end) for start, end, *_ in found if end == "4000" or start == "4500"]
    assert {label for _, _, label, _ in found} == {"undetermined", "sinus_rhythm"}
    assert all(0 <= float(confidence) <= 1 for *_, confidence in found)


def test_rhythms_come_from_beats_alone(rows: Rows) -> None:
    rng = np.random.default_rng(3)
    steady = np.cumsum(np.full(120, 0.8))
    irregular = steady[-1] + np.cumsum(rng.uniform(0.4, 1.1, 300))
    lines = "".join(f"{t:.3f}\tN\n" for t in [*steady, *irregular])
    found = rows("rhythm", "--beats", "-", stdin=lines.encode())
    (start, end) = next((float(a), float(b)) for a, b, label, _ in found if label == "afib")
    assert start == pytest.approx(steady[-1], abs=20)
    assert end == pytest.approx(irregular[-1], abs=1.5)


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["beats", "-"], b"", "--fs: raw samples do not say their rate"),
        (["beats", "--fs", "2000", "-"], b"", "rate of 2000 Hz, 100 to 1000 are supported"),
        (["beats", "--fs", "99", "-"], b"", "rate of 99 Hz"),
        (["beats", "--fs", "250", "--lead", "II", "-"], b"", "--lead II: raw samples"),
        (["beats", "--fs", "250", "-"], raw(ECG_MV)[:-1], "stdin ends inside sample 7499: 3 of 4"),
        (["beats", "--fs", "250", "-"], raw(1000 * ECG_MV), "are they uV (--unit uV) or counts"),
        (["beats", "--fs", "250", "-"], raw(np.array([0, np.inf])), "sample 1 is inf mV"),
        (["beats", "no/such/record"], b"", "record no/such/record: there is no record.hea"),
        (["rhythm", "--beats", "-"], b"1.0\tN\n0.5\tN\n", "line 2: beat at 0.5 s after one at 1 s"),
        (["rhythm", "--beats", "-"], b"1.0 N\nhello\n", "line 2: 'hello' is not SECONDS"),
        (["rhythm", "--beats", "-"], b"\xff\xfe\n", "line 1: "),
        (["rhythm", "--beats", "nowhere"], b"", "nowhere: No such file"),
        (["rhythm", "--beats", "--fs", "250", "-"], b"", "--fs and --lead do not go with it"),
    ],
)
def test_bad_input_is_one_line_that_names_it(
    ecgomics: Run, arguments: list[str], stdin: bytes, said: str
) -> None:
    done = ecgomics(*arguments, stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["beats", "delineate", "rhythm"])
@pytest.mark.parametrize(
    "ecg_mv",
    [
        np.empty(0),
        np.zeros(1),
        np.full(3000, np.nan),
        np.full(3000, 5.0),
        np.where(np.arange(3000) % 100 < 50, 10.0, -10.0),
    ],
    ids=["empty", "one sample", "missing", "constant", "railing"],
)
def test_what_is_no_ecg_gives_no_beats_and_no_crash(
    rows: Rows, command: str, ecg_mv: np.ndarray
) -> None:
    found = rows(command, "--fs", "250", "-", stdin=raw(ecg_mv))
    if command == "rhythm":
        assert {label for _, _, label, _ in found} <= {"undetermined", "noise", "lead_off"}
    else:
        assert len(found) <= (command == "delineate")


def test_microvolts_are_read_as_such(rows: Rows) -> None:
    in_mv = rows("beats", "--fs", "250", "-", stdin=raw(ECG_MV))
    in_uv = rows("beats", "--fs", "250", "--unit", "uV", "-", stdin=raw(1000 * ECG_MV))
    assert in_uv == in_mv


def test_a_reader_that_stops_is_no_error() -> None:
    command = f"{sys.executable} -m ecgcore beats --fs 250 - | head -n 1"
    done = subprocess.run(
        ["/bin/sh", "-c", command], input=raw(ECG_MV), capture_output=True, timeout=60, check=False
    )
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1
