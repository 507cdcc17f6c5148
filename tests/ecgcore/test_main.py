"""The `ecgomics` command: complete, quick to answer, plain about mistakes."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest


def _ecgomics(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ecgcore", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_overview_names_every_command() -> None:
    overview = _ecgomics("--help").stdout
    names = {point.name for point in entry_points(group="ecgomics.commands")}
    assert names >= {
        "beats",
        "catalogue",
        "delineate",
        "demo",
        "engine",
        "evaluate",
        "gateway",
        "rhythm",
        "serve",
        "simulate",
        "verify",
    }
    assert all(f"│ {name}" in overview for name in names)


def test_the_overview_imports_no_command() -> None:
    code = (
        "import sys; sys.argv = ['ecgomics', '--help']\n"
        "from ecgcore.__main__ import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'scipy', 'fastapi', 'bleak', 'bumble', 'asyncpg'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "command",
    [
        "beats",
        "catalogue",
        "delineate",
        "demo",
        "engine",
        "evaluate",
        "gateway",
        "rhythm",
        "serve",
        "simulate",
        "verify",
    ],
)
def test_each_command_explains_itself_with_an_example(command: str) -> None:
    result = _ecgomics(command, "--help")
    assert result.returncode == 0, result.stderr
    assert f"ecgomics {command}" in result.stdout.replace("\n", " ").replace("  ", " ")


def test_an_unknown_command_is_exit_code_2() -> None:
    result = _ecgomics("nonsense")
    assert result.returncode == 2
    assert "No such command 'nonsense'" in result.stderr


def test_a_missing_extra_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['bleak'] = None; sys.argv = ['ecgomics', 'gateway', '--any']\n"
        "from ecgcore.__main__ import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stderr.strip().startswith("error: gateway: bleak")
    assert "pip install 'ecgomics[gateway]'" in result.stderr
