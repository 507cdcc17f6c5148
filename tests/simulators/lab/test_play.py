"""A scenario as a process: a gateway's radio comes, the plan is carried out, the page answers."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from simulators.backend import open_radio
from simulators.journal import read_journal
from tests.servers import free_port
from tests.simulators.room import connected, find

TEXT = """
name = "short"
about = "Two patches, one fault."
duration = "40 s"
[[patch]]
count = 2
signal = "sample_number"
[[fault]]
kind = "lead_off"
at = "4 s"
for = "1 s"
patches = [1]
"""


async def state(page: ClientConnection) -> dict[str, Any]:
    while True:
        message = json.loads(await asyncio.wait_for(page.recv(), 10))
        if "state" in message:
            return message["state"]  # type: ignore[no-any-return]


async def said(page: ClientConnection, wish: object) -> str:
    await page.send(wish if isinstance(wish, str) else json.dumps(wish))
    while True:
        message = json.loads(await asyncio.wait_for(page.recv(), 10))
        if "said" in message:
            return message["said"]  # type: ignore[no-any-return]


async def test_the_page_shows_the_scenario_and_lets_faults_happen(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(TEXT)
    hci, page_port = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", str(tmp_path / "short.toml"), "--json"),
        *("--listen", f"127.0.0.1:{hci}", "--rig", f"127.0.0.1:{page_port}"),
        *("--journal", str(tmp_path / "journal"), "--seed", "5", "--speed", "5"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    while b"waiting for a host" not in await asyncio.wait_for(process.stderr.readline(), 30):
        pass
    assert len(read_journal(tmp_path / "journal")) == 2
    async with open_radio(f"tcp-client:127.0.0.1:{hci}") as radio:
        listener = await connected(radio, await find(radio, "Polar H10 0A1B3101"))
        await listener.start()
        await listener.until(lambda: len(listener.values) > 100)
        with pytest.raises(InvalidStatus, match="403"):
            await connect(f"ws://127.0.0.1:{page_port}/live", origin="http://evil.example")  # type: ignore[arg-type]
        async with connect(f"ws://127.0.0.1:{page_port}/live") as page:
            about = json.loads(await page.recv())["about"]
            assert (about["name"], about["seed"], about["duration_s"]) == ("short", 5, 40.0)
            first = await state(page)
            assert [each["device"] for each in first["patches"]] == [
                "polar-h10-0A1B3101",
                "polar-h10-0A1B3102",
            ]
            assert [each["kind"] for each in first["faults"]] == ["lead_off"]
            assert await said(page, "nonsense") == "that is no wish"
            assert await said(page, {"inject": "mtu", "patch": 1}) == (
                "inject 'mtu' into patch 1: not possible"
            )
            assert "not possible" in await said(page, {"inject": "silence", "patch": 9})
            await said(page, {"inject": "link_cut", "patch": 1})
            await asyncio.wait_for(listener.lost.wait(), 5)
            now = await state(page)
            assert now["patches"][0]["state"] == "cut off"
            assert now["faults"][-1]["kind"] == "link_cut"
    stdout, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    account = json.loads(stdout)
    assert [each["kind"] for each in account["faults"]] == ["lead_off", "link_cut"]
    assert account["patches"][0]["sent_samples"] >= len(listener.values) > 0
    streamed = [book for book in read_journal(tmp_path / "journal") if book.sent_samples]
    assert sum(book.sent_samples for book in streamed) == account["patches"][0]["sent_samples"]
