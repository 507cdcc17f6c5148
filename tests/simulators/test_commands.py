import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import free_port


def simulate(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulators", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--record", "nowhere/100"], "record nowhere/100: there is no 100.hea"),
        (["--listen", "6402"], "--listen '6402' is not HOST:PORT"),
        (["--listen", "127.0.0.1:65536"], "is not HOST:PORT"),
        (["--synthetic", "--sample-number"], "exclude each other"),
        (["--patients", "0"], "1 to 200"),
        (["--kind", "nobody"], "patch kind 'nobody': there are bitalino, "),
        (["nowhere"], "scenario nowhere: no such file; shipped are "),
        (["quiet-night", "--relay", "127.0.0.1:0"], "--relay needs --broker"),
        (["quiet-night", "--level", "mqtt"], "--level mqtt needs --broker"),
        (["quiet-night", "--level", "in-process"], "--level in-process is for tests"),
        (["quiet-night", "--rig", "6480"], "--rig '6480' is not HOST:PORT"),
    ],
)
def test_misuse_is_one_line_and_code_2(arguments: list[str], message: str) -> None:
    process = simulate(*arguments)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 2
    assert stdout == ""
    assert stderr.startswith("error: ")
    assert message in stderr
    assert stderr.count("\n") == 1


def test_sigterm_ends_a_fleet_cleanly(tmp_path: Path) -> None:
    process = simulate(
        "--patients", "2", "--listen", f"127.0.0.1:{free_port()}", "--journal", str(tmp_path)
    )
    assert process.stderr is not None
    assert "on the air patches=2" in process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "off the air" in stderr
    books = [json.loads(path.read_text()) for path in sorted(tmp_path.iterdir())]
    assert [book["device_id"] for book in books] == ["polar-h10-0A1B2C01", "polar-h10-0A1B2C02"]


def test_a_plan_is_printed_and_fixed_by_its_seed() -> None:
    plans = []
    for seed in ("3", "3", "4"):
        process = simulate("everything-breaks", "--plan", "--seed", seed)
        stdout, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        plans.append(stdout)
    assert plans[0] == plans[1] != plans[2]
    assert plans[0].startswith("Everything breaks: 4 patches, 0:10:00.0, seed 3\n")
    process = simulate("everything-breaks", "--plan", "--json")
    assert json.loads(process.communicate(timeout=20)[0])["patches"] == 4
