"""Mosquitto from Debian: the broker that speaks MQTT 5, encrypted, with accounts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.gateway.broker import free_port
from tests.gateway.certificates import Authority

_BINARY = "/usr/sbin/mosquitto"
_PASSWD = "/usr/bin/mosquitto_passwd"


@dataclass
class Mosquitto:
    """A broker that lets in who has a certificate of our CA and a right password."""

    folder: Path
    port: int
    ca: Authority
    process: asyncio.subprocess.Process | None = None

    def url(self, user: str = "home", password: str = "p-gateway") -> str:
        return f"mqtts://{user}:{password}@127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            _BINARY,
            "-c",
            str(self.folder / "mosquitto.conf"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        assert self.process
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running_mosquitto(folder: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(folder, free_port(), Authority(folder))
    certificate, key = broker.ca.issue("server")
    users = folder / "users"
    for user, password in (("home", "p-gateway"), ("engine", "p-engine")):
        flag = [] if users.exists() else ["-c"]
        making = await asyncio.create_subprocess_exec(
            _PASSWD, *flag, "-b", str(users), user, password, stderr=asyncio.subprocess.DEVNULL
        )
        assert await making.wait() == 0
    (folder / "mosquitto.conf").write_text(
        f"listener {broker.port} 127.0.0.1\n"
        f"cafile {broker.ca.path}\ncertfile {certificate}\nkeyfile {key}\n"
        f"require_certificate true\nallow_anonymous false\npassword_file {users}\n"
        "user root\npersistence false\n"
    )
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()
