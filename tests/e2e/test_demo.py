"""The account of whole runs: clean, and with each process killed in turn."""

import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from cloud.demo.plan import taken
from tests.e2e.demo_run import RECORD, running_demo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


NINETY_SECONDS = ("--record", str(RECORD), "--patients", "3", "--for", "90")


def _assert_exact(account: dict[str, Any]) -> None:
    samples = account["samples"]
    assert samples["lost"] == 0, account
    assert samples["duplicated"] == 0, account
    assert samples["produced"] == samples["stored"] + samples["in_gaps"], account
    assert samples["sent"] >= samples["stored"], account
    assert all(account["sessions"].values()), account
    assert account["quarantined"] == 0, account


def test_a_clean_run_stores_what_was_produced_and_delivers_reports(tmp_path: Path) -> None:
    with running_demo(tmp_path, *NINETY_SECONDS) as run:
        account = run.result()
    _assert_exact(account)
    assert account["samples"]["produced"] == account["samples"]["stored"] > 3 * 130 * 80
    assert account["samples"]["received"] == account["samples"]["stored"]
    assert account["gaps"] == {"count": 0}
    assert account["reports"]["stored"] >= 3
    assert account["reports"]["delivered"] == account["reports"]["stored"]
    assert account["beats"] > 3 * 60
    assert account["blocks"] >= 3 * 7
    for way in ("sample_to_websocket", "sample_to_commit"):
        assert 0 < account["latency"][way]["p50_s"] < account["latency"][way]["p99_s"] < 2.5


def test_servers_killed_in_turn_cost_nothing(tmp_path: Path) -> None:
    with running_demo(tmp_path, *NINETY_SECONDS) as run:
        run.wait_for("recording opened")
        for part in ("broker", "engine", "postgres", "server"):
            time.sleep(5)
            run.kill(part)
        account = run.result()
    _assert_exact(account)
    assert account["samples"]["produced"] == account["samples"]["stored"]
    assert account["samples"]["in_gaps"] == 0
    assert account["reports"]["delivered"] > 0
    for part in ("broker", "engine", "postgres", "server"):
        assert account["processes"][part]["restarts"] >= 1


def test_gateway_link_and_patches_lost_leave_named_gaps_only(tmp_path: Path) -> None:
    with running_demo(tmp_path, *NINETY_SECONDS) as run:
        run.wait_for("recording opened")
        time.sleep(8)
        run.kill("gateway")
        time.sleep(12)
        run.signal_part("patches", signal.SIGUSR1)
        time.sleep(15)
        run.kill("patches")
        account = run.result()
    _assert_exact(account)
    assert account["samples"]["in_gaps"] > 0
    assert account["gaps"]["gateway_down"] > 0
    assert account["gaps"]["link_lost"] >= 3 * 130 * 2
    # A patch that was off starts its clock, and so its recording, anew.
    assert len(account["sessions"]) == 6


def test_time_can_run_faster(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--patients", "2", "--for", "20", "--speed", "8") as run:
        account = run.result()
    _assert_exact(account)
    assert account["samples"]["stored"] == account["samples"]["produced"] > 2 * 130 * 8 * 14
    assert account["reports"]["delivered"] >= 2


def test_everything_breaks_and_the_account_is_exact(tmp_path: Path) -> None:
    options = ("--scenario", "everything-breaks", "--for", "45", "--speed", "6")
    with running_demo(tmp_path, *options) as run:
        run.wait_for("faults of everything-breaks at http://127.0.0.1:")
        account = run.result()
    _assert_exact(account)
    assert account["samples"]["stored"] > 4 * 130 * 6 * 20
    assert account["gaps"]["radio_loss"] > 0
    assert account["gaps"]["link_lost"] > 0
    # Patches were started anew and clocks were set.
    assert len(account["sessions"]) > 4


def test_a_scenario_that_is_none_is_one_line(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--scenario", "nowhere") as run:
        assert run.exit_code() == 2
        assert "scenario nowhere: no such file; shipped are everything-breaks, " in run.log
        assert len(run.log.strip().splitlines()) == 1


def test_ctrl_c_ends_in_order_and_the_folder_serves_again(tmp_path: Path) -> None:
    for _ in range(2):
        with running_demo(tmp_path, "--patients", "1") as run:
            run.wait_for("recording opened")
            time.sleep(4)
            run.stop()
            account = run.result()
        _assert_exact(account)
        assert account["samples"]["produced"] == account["samples"]["stored"] > 130


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running_demo(tmp_path, "--port", str(port)) as run:
            assert run.exit_code() == 2
            assert run.log.strip().startswith(f"error: port {port} on 127.0.0.1: ")
            assert len(run.log.strip().splitlines()) == 1


def test_a_folder_in_use_is_one_line(tmp_path: Path) -> None:
    with taken(tmp_path / "data"), running_demo(tmp_path) as run:
        assert run.exit_code() == 2
        assert "another demo runs in it" in run.log
        assert len(run.log.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--record", "nowhere/119"), "nowhere/119"),
        (("--broker", "mqtt://127.0.0.1:1"), "127.0.0.1:1"),
        (("--database", "postgresql://a:b@127.0.0.1:1/x"), "127.0.0.1:1/x"),
    ],
)
def test_a_mistake_ends_with_one_line_and_exit_code_2(
    tmp_path: Path, options: tuple[str, str], says: str
) -> None:
    with running_demo(tmp_path, *options) as run:
        code = run.exit_code()
        last_line = run.log.strip().splitlines()[-1]
    assert code == 2, run.log
    assert last_line.startswith("error: ")
    assert says in last_line
    assert "Traceback" not in run.log
