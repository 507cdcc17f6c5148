"""What systemd is told, and what it is given to run."""

import asyncio
import configparser
import os
import socket
import subprocess
from pathlib import Path

import pytest

from gateway.service import Service
from gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "gateway"


@pytest.mark.parametrize("prefix", ["@", ""])
async def test_systemd_hears_ready_alive_and_stopping(tmp_path: Path, prefix: str) -> None:
    path = f"@ecgomics-test-{os.getpid()}" if prefix else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path.replace("@", "\0", 1))
        systemd.settimeout(2)
        service = Service({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000"})
        running = asyncio.create_task(service.run(lambda: "1 of 1 patches stream"))
        await asyncio.sleep(0.15)
        running.cancel()
        await asyncio.wait([running])
        systemd.setblocking(False)
        told = []
        while True:
            try:
                told.append(systemd.recv(4096).decode())
            except BlockingIOError:
                break
    assert told[0] == "READY=1"
    assert told[1] == "WATCHDOG=1\nSTATUS=1 of 1 patches stream"
    assert told.count(told[1]) >= 2
    assert told[-1] == "STOPPING=1"


async def test_without_systemd_nothing_happens() -> None:
    await asyncio.wait_for(Service({}).run(lambda: ""), 1)


async def test_a_deaf_systemd_is_no_error(tmp_path: Path) -> None:
    service = Service({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.run(lambda: ""), 0.1)


def test_the_unit_watches_sandboxes_and_restarts() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(FOLDER / "ecgomics-gateway.service")
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert int(service["WatchdogSec"]) > 0
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["ExecStart"].endswith("/bin/ecgomics gateway")


def test_every_setting_of_the_environment_file_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (FOLDER / "gateway.env").read_text().splitlines()
    given = dict(line.lstrip("#").split("=", 1) for line in lines if "ECGOMICS_GATEWAY" in line)
    names = {f"ECGOMICS_GATEWAY_{name.upper()}" for name in GatewaySettings.model_fields}
    assert set(given) <= names
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert GatewaySettings().page_port == 8077


def test_the_installer_is_sound_shell() -> None:
    subprocess.run(["sh", "-n", str(FOLDER / "install.sh")], check=True)
