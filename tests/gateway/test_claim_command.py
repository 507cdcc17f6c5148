"""`ecgomics claim` with a simulated patch in reach."""

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.claim_command import claim
from gateway.patches import read_patches
from tests.simulators.room import Room, room

_app = typer.Typer()
_app.command()(claim)


async def _claim(there: Room, folder: Path, *args: str) -> dict[str, object]:
    options = ["--radio", f"bumble:{there.hci}", "--patches", str(folder / "patches.toml")]
    result = await asyncio.to_thread(CliRunner().invoke, _app, [*args, *options, "--json"])
    if result.exception:
        raise result.exception
    told: dict[str, object] = json.loads(result.stdout)
    return told


async def test_a_patch_is_found_looked_at_and_put_into_the_list(tmp_path: Path) -> None:
    async with room(2) as there:
        listed = await _claim(there, tmp_path, "--within", "1")
        assert [each["device"] for each in listed["in_reach"]] == [  # type: ignore[index,attr-defined]
            "polar-h10-0A1B2C01",
            "polar-h10-0A1B2C02",
        ]
        told = await _claim(there, tmp_path, "0a1b2c02", "--yes")
        assert told["claimed"] == "polar-h10-0A1B2C02"
        assert told["battery_pct"] == 90
        assert told["fs_hz"] == 130
        known = read_patches(tmp_path / "patches.toml")
        assert known["polar-h10-0A1B2C02"].serial == "0A1B2C02"
        assert not any(peripheral._patch.is_streaming for peripheral in there.peripherals)
        with pytest.raises(Exception, match="no patch '77777777' was heard within 1 s"):
            await _claim(there, tmp_path, "77777777", "--within", "1")
        await _claim(there, tmp_path, "polar-h10-0A1B2C02", "--forget")
        assert read_patches(tmp_path / "patches.toml") == {}
