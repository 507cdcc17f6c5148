"""Children that die come back, those that cannot work say so, all stop when told."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import pytest

from cloud.demo.supervisor import Child, Part
from ecgcore.errors import ConfigError

Said = list[tuple[str, str]]


def _child(folder: Path, code: str, said: Said, shown: str = "") -> Child:
    part = Part("part", [sys.executable, "-u", "-c", code], shown=re.compile(shown))
    return Child(part, folder, lambda name, line: said.append((name, line)))


_READY = "import sys, time; print('ready', file=sys.stderr); time.sleep(60)"


async def _until(said: Said, line: str, times: int = 1) -> None:
    async with asyncio.timeout(15):
        while [text for _, text in said].count(line) < times:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.02)


async def test_a_child_told_to_stop_while_it_starts_does_not_stay(tmp_path: Path) -> None:
    child = _child(tmp_path, _READY, [])
    running = asyncio.create_task(child.run())
    await asyncio.sleep(0)
    await child.stop(5)
    async with asyncio.timeout(5):
        await running
    assert child.pid is None


async def test_a_killed_child_is_started_again_and_it_is_said_why(tmp_path: Path) -> None:
    said: Said = []
    child = _child(tmp_path, _READY, said)
    running = asyncio.create_task(child.run())
    await _until(said, "ready")
    child.measure()
    child.kill()
    await _until(said, "ready", times=2)
    assert ("demo", "part was ended by SIGKILL; starting it again") in said
    assert child.usage.restarts == 1
    assert child.usage.peak_memory_mb > 1
    await child.stop(5)
    await running
    assert child.pid is None
    assert (tmp_path / "part.log").read_text() == "ready\nready\n"


async def test_a_child_that_cannot_work_ends_the_run_with_its_last_line(tmp_path: Path) -> None:
    code = "import sys; print('error: no such record', file=sys.stderr); sys.exit(2)"
    with pytest.raises(ConfigError, match=r"^no such record$"):
        await _child(tmp_path, code, []).run()


async def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    said: Said = []
    code = f"import signal; signal.signal({signal.SIGTERM.value}, signal.SIG_IGN); {_READY}"
    child = _child(tmp_path, code, said)
    running = asyncio.create_task(child.run())
    await _until(said, "ready")
    await child.stop(0.2)
    await running
    assert said[-1] == ("demo", "part did not stop within 0.2 s; killed")


async def test_only_chosen_lines_are_shown_but_all_are_kept(tmp_path: Path) -> None:
    said: Said = []
    code = "import sys, time; print('noise\\nERROR here\\nready', file=sys.stderr); time.sleep(60)"
    child = _child(tmp_path, code, said, shown="ERROR|ready")
    running = asyncio.create_task(child.run())
    await _until(said, "ready")
    await child.stop(5)
    await running
    assert [line for _, line in said] == ["ERROR here", "ready"]
    assert (tmp_path / "part.log").read_text().startswith("noise\n")
