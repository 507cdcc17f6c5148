"""Everything between a patient's phone and the database, as processes a test may end."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cloud.accounts import NewClinician, NewPatient, seed
from cloud.store.database import migrate, open_pool
from tests.servers import running_nats, running_postgres

GATEWAY = "gw1"
PATIENT, PASSWORD = "p1", "a password for one run"
SECRET = "a secret of the relay for one run"


@dataclass(frozen=True, slots=True)
class Rig:
    """What every part is told."""

    folder: Path
    device_id: str
    origin_ns: int
    speed: float


class Clinic:
    """Engine, server and gateway as child processes."""

    def __init__(self, rig: Rig, broker_of: dict[str, str], database_url: str) -> None:
        self._rig = rig
        self.database_url = database_url
        self.http_port, self.relay_port = _lasting_port(), _lasting_port()
        clock = {"ORIGIN_NS": str(rig.origin_ns), "SPEED": str(rig.speed)}
        cloud = {
            "ECGOMICS_CLOUD_DATABASE_URL": database_url,
            "ECGOMICS_CLOUD_WAIT_S": "30",
            "ECGOMICS_CLOUD_RELAY_URL": f"ws://127.0.0.1:{self.relay_port}",
            "ECGOMICS_CLOUD_RELAY_SECRET": SECRET,
            **{f"ECGOMICS_CLOUD_CLOCK_{name}": value for name, value in clock.items()},
        }
        gateway = {
            "ECGOMICS_GATEWAY_BROKER_URL": broker_of[GATEWAY],
            "ECGOMICS_GATEWAY_GATEWAY_ID": GATEWAY,
            "ECGOMICS_GATEWAY_SPOOL_PATH": str(rig.folder / "spool.sqlite"),
            "ECGOMICS_GATEWAY_RELAY_SECRET": SECRET,
        }
        self._commands = {
            "engine": (["engine"], cloud | {"ECGOMICS_CLOUD_BROKER_URL": broker_of["engine"]}),
            "server": (
                ["serve", "--port", str(self.http_port)],
                cloud | {"ECGOMICS_CLOUD_BROKER_URL": broker_of["server"]},
            ),
            "gateway": (
                [
                    "gateway", "--device", rig.device_id,
                    "--radio", f"relay:127.0.0.1:{self.relay_port}",
                    "--speed", str(rig.speed), "--clock-origin-ns", str(rig.origin_ns),
                ],
                gateway,
            ),
        }  # fmt: skip
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self, part: str) -> None:
        """Start a part and wait until it serves."""
        self._spawn(part)
        if part == "engine":
            await self._until_logged(part, "engine ready")
        else:
            await self._until_listening(
                part, self.http_port if part == "server" else self.relay_port
            )

    def _spawn(self, part: str) -> None:
        arguments, environment = self._commands[part]
        with (self._rig.folder / f"{part}.log").open("ab") as log:
            self._running[part] = subprocess.Popen(
                [sys.executable, "-m", "ecgcore", *arguments],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    def kill(self, part: str) -> None:
        """End a part without a word."""
        self._running[part].kill()
        self._running[part].wait()

    def stop(self) -> None:
        """End all parts in order."""
        for part in ("gateway", "server", "engine"):
            if process := self._running.get(part):
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    def log(self, part: str) -> str:
        return (self._rig.folder / f"{part}.log").read_text(errors="replace")

    async def _until_logged(self, part: str, words: str) -> None:
        # A new machine compiles the analysis first.
        async with asyncio.timeout(400):
            while words not in self.log(part):
                assert self._running[part].poll() is None, self.log(part)
                await asyncio.sleep(0.1)

    async def _until_listening(self, part: str, port: int) -> None:
        async with asyncio.timeout(60):
            while True:
                assert self._running[part].poll() is None, self.log(part)
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    return
                await asyncio.sleep(0.1)


def _lasting_port() -> int:
    """Give a free port that no outgoing connection takes while its server is away."""
    while True:
        port = random.randint(20_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    with running_postgres(folder) as (_, url), running_nats(folder, (GATEWAY,)) as (_, nats):
        yield {name: nats.url(name, name) for name in ("engine", "server", GATEWAY)}, url


@asynccontextmanager
async def running_clinic(rig: Rig) -> AsyncIterator[Clinic]:
    """Run everything, with one patient who wears the patch."""
    with _servers(rig.folder) as (broker_of, database_url):
        await _seed(database_url, rig.device_id)
        clinic = Clinic(rig, broker_of, database_url)
        try:
            for part in ("engine", "server", "gateway"):
                await clinic.start(part)
            yield clinic
        finally:
            clinic.stop()


async def _seed(database_url: str, device_id: str) -> None:
    pool = await open_pool(database_url, wait_s=20)
    await migrate(database_url)
    patient = NewPatient(PATIENT, "Ada Moss", "1", device_id, PATIENT, PASSWORD)
    async with pool.acquire() as connection:
        await seed(
            connection,
            patients=[patient],
            clinician=NewClinician("clinician", "x"),
            from_ns=time.time_ns(),
        )
    await pool.close()
