"""SIGKILL at named points of record, store, publish, commit, delete; the ledger stays exact.

One seed alone: ``python -m tests.gateway.kill_run --seed 17``.
"""

import subprocess
import sys

import pytest

from tests.gateway.kill_run import ALL_POINTS, MUTANTS

SEEDS = 200
_MOST_S = 880


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # A process of its own: it forks, which only one without threads may do.
    command = [sys.executable, "-m", "tests.gateway.kill_run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S, check=False)


# Half a minute alone; however busy the machine is, only a hang may end it.
@pytest.mark.timeout(900)
def test_killed_anywhere_nothing_is_lost_or_stored_twice() -> None:
    done = run("--seeds", str(SEEDS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SEEDS} seeds, 0 failed" in done.stdout
    for point in ALL_POINTS:
        assert f" {point} " in done.stdout, "nobody was killed there"


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_gateway_that_would_lose_samples_is_caught(mutant: str) -> None:
    done = run("--seeds", "60", "--mutant", mutant)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
