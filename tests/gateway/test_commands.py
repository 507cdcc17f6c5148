import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.broker import until
from tests.gateway.rig import assert_exact, cloud, device_of
from tests.simulators.room import SPEED, room


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={f"ECGOMICS_GATEWAY_{name}": value for name, value in environment.items()},
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "error: no patch named: claim one (`ecgomics claim`), give "),
        (("--any", "--require-broker", "--broker-url", "mqtt://127.0.0.1:1"),
         "error: broker mqtt://127.0.0.1:1: Connection refused"),
        (("--any", "--spool", "/dev/null/s.db"), "error: spool /dev/null/s.db: "),
        (("--any", "--gateway-id", "a b"), "error: setting gateway_id: "),
        (("--device", "Polar H10 0A1B2C3D"), "error: setting devices: "),
        (("--any", "--speed", "2"), "error: setting: "),
        (("--any", "--radio", "bumble:tcp-client:127.0.0.1:1"), "error: "),
        (("--any", "--radio", "bumble:tcp-client:127.0.0.1:99999"), "error: "),
    ],
)  # fmt: skip
async def test_a_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    process = await start(*arguments, SPOOL_PATH=str(tmp_path / "s.db"))
    stdout, stderr = await asyncio.wait_for(process.communicate(), 20)
    lines = stderr.decode().splitlines()
    assert process.returncode == 2
    assert stdout == b""
    assert lines[-1].startswith(said)
    assert not any("Traceback" in line for line in lines)


async def test_an_environment_that_is_no_json_and_a_level_that_is_none_are_told(
    tmp_path: Path,
) -> None:
    process = await start(DEVICES="polar-h10-0A1B2C3D", SPOOL_PATH=str(tmp_path / "s.db"))
    _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, stderr.count(b"\n")) == (2, 1)
    assert stderr.startswith(b'error: environment: error parsing value for field "devices"')
    process = await start("--any", "--log-level", "LOUD")
    _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert b"Traceback" not in stderr


async def test_a_killed_gateway_goes_on_and_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    """SIGKILL in mid-stream, a second run, SIGTERM: every sample is there or in a named gap."""
    async with cloud(tmp_path) as (broker, engine), room(2) as there:
        arguments = (
            "--any", "--json",
            "--radio", f"bumble:{there.hci}",
            "--speed", str(SPEED),
            "--clock-origin-ns", str(time.time_ns()),
        )  # fmt: skip
        environment = {"BROKER_URL": broker.url, "SPOOL_PATH": str(tmp_path / "s.db")}
        first = await start(*arguments, **environment)
        await until(lambda: all(len(sent) > 40 for sent in there.sent.values()))
        first.kill()
        await first.communicate()
        before = {name: len(sent) for name, sent in there.sent.items()}
        second = await start(*arguments, **environment)
        await until(lambda: all(len(s) > before[n] + 40 for n, s in there.sent.items()))
        second.send_signal(signal.SIGTERM)
        stdout, stderr = await asyncio.wait_for(second.communicate(), 20)
        assert second.returncode == 0, stderr.decode()
        summary: dict[str, Any] = json.loads(stdout)
        assert summary["spooled_left"] == 0
        for name, sent in there.sent.items():
            _assert_exact_but_for_the_kill(engine.of(device_of(name)), sent, before[name])
            assert summary["devices"][device_of(name)]["gaps"] == 1


def _assert_exact_but_for_the_kill(frames: list[Any], sent: list[range], n_before: int) -> None:
    # What the killed process had not yet made durable was sent, but is in the gap.
    gap = next(frame for frame in frames if frame.gap_before)
    base = sent[0].start
    durable = [numbers for numbers in sent if numbers.stop <= gap.start + base]
    assert len(durable) >= n_before - 20
    assert_exact(frames, durable + sent[n_before:])
