"""The server with people in it: the whole of it but the command line, over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect

from cloud.accounts import (
    NewClinician,
    NewPatient,
    add_clinician,
    seed,
)
from cloud.api.parts import Parts
from cloud.serve import make_server, running_parts
from cloud.settings import ServeSettings
from cloud.store.database import DbConnection, DbPool, open_pool
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import Frame, encode_frame
from tests.cloud.frames import DEVICE, START_NS, frame

PASSWORDS = {"ada": "pa-1", "bea": "pb-2", "dr-in": "ci-3", "dr-out": "co-4"}
OTHER_DEVICE = "polar-h10-0A1B2C3E"
ADA, BEA = "p1", "p2"
RELAY_SECRET = "between server and gateway"


@dataclass(frozen=True, slots=True)
class House:
    """Where the server is and what is in it."""

    parts: Parts
    url: str
    broker: Broker

    @property
    def live_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/live"

    @asynccontextmanager
    async def browser(self, username: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A client with cookies and the right Origin, signed in unless nobody is named."""
        headers = {"Origin": self.url}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10) as client:
            if username is not None:
                response = await client.post("/api/v1/login", json=credentials(username))
                assert response.status_code == 200, response.text
            yield client

    async def ticket(self, username: str) -> str:
        async with self.browser(username) as client:
            response = await client.post("/api/v1/live/ticket")
            return str(response.json()["ticket"])

    @asynccontextmanager
    async def page(self, username: str) -> AsyncIterator["Page"]:
        """A live WebSocket of somebody signed in."""
        url = f"{self.live_url}?ticket={await self.ticket(username)}"
        async with connect(url, origin=self.url, max_size=None) as link:  # type: ignore[arg-type]
            yield Page(link)

    async def publish(self, *messages: tuple[str, bytes]) -> None:
        async with aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            username=self.broker.username,
            password=self.broker.password,
        ) as client:
            for topic, payload in messages:
                await client.publish(topic, payload, qos=1)

    async def until(self, holds: Callable[[], bool], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.02)


class Page:
    """What a page hears."""

    def __init__(self, link: ClientConnection) -> None:
        self.link = link

    async def say(self, kind: str, *patients: str) -> None:
        await self.link.send(json.dumps({"type": kind, "patients": patients, "strips": True}))

    async def hear(self, kind: str, within_s: float = 10) -> dict[str, Any]:
        """Wait for the next message of a kind; ``strip`` for the binary ones."""
        async with asyncio.timeout(within_s):
            while True:
                message = await self.link.recv()
                if isinstance(message, bytes):
                    if kind == "strip":
                        return {"bytes": message}
                    continue
                body: dict[str, Any] = json.loads(message)
                if body["type"] == kind:
                    return body


def credentials(username: str) -> dict[str, str]:
    return {"username": username, "password": PASSWORDS.get(username, "")}


@asynccontextmanager
async def open_house(
    database_url: str, broker_url: str, folder: Path, relay_url: str = ""
) -> AsyncIterator[House]:
    settings = ServeSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr(broker_url),
        port=0,
        relay_url=relay_url,
        relay_secret=SecretStr(RELAY_SECRET),
    )
    seeding = await open_pool(database_url, max_size=1)
    async with seeding.acquire() as connection:
        await people(connection)
    await seeding.close()
    async with running_parts(settings) as parts:
        parts = replace(parts, pages_dir=folder / "dist")
        server = make_server(parts)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            house = House(parts, url, Broker.parse(broker_url))
            await house.until(lambda: server.started and _has_wearers(parts))
            yield house
            server.should_exit = True
            await serving


async def people(connection: DbConnection) -> None:
    """Two patients; one clinician cares for the first alone, one for nobody."""
    await seed(
        connection,
        patients=[NewPatient(ADA, "Ada Moss", "1", DEVICE, "ada", PASSWORDS["ada"])],
        clinician=NewClinician("dr-in", PASSWORDS["dr-in"]),
        from_ns=START_NS,
    )
    await seed(
        connection,
        patients=[NewPatient(BEA, "Bea Fern", "2", OTHER_DEVICE, "bea", PASSWORDS["bea"])],
        clinician=NewClinician("dr-bea", "x"),
        from_ns=START_NS,
    )
    await add_clinician(connection, NewClinician("dr-out", PASSWORDS["dr-out"]))


async def store_frames(pool: DbPool, frames: list[Frame]) -> None:
    await pool.executemany(
        "INSERT INTO frame VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                f.device, f.boot_id, f.first_counter, f.utc_ns, f.n_samples, f.gap_before,
                int(f.gap_reason), f.end_utc_ns, f.arrival_ns, f.arrival_ns, encode_frame(f),
            )
            for f in frames
        ],
    )  # fmt: skip


async def store_minute(pool: DbPool, device: str = DEVICE, from_ns: int = START_NS) -> None:
    """A minute of one patient as the engine leaves it: frames, beats and the windows' rows."""
    shift_ns = from_ns - START_NS
    frames = [
        replace(f, utc_ns=f.utc_ns + shift_ns)
        for f in (frame(at, 100, device=device) for at in range(0, 7800, 100))
    ]
    await store_frames(pool, frames)
    await pool.execute(
        "INSERT INTO recording VALUES ($1, 7, $2, 'gw1', 130000, 1000000, 4096, 0, $3)",
        device, f"{device}.7", from_ns,
    )  # fmt: skip
    await pool.executemany(
        "INSERT INTO beat VALUES ($1, 7, $2, $3, 0, 1.0, $4, 1, 'N')",
        [
            (device, at, from_ns + round(at * 1e9 / 130), 800.0 if at > 50 else None)
            for at in range(50, 7800, 104)
        ],
    )
    windows = [("10s", 1300 * i, 1300 * (i + 1)) for i in range(6)] + [("60s", 0, 7800)]
    await pool.executemany(
        "INSERT INTO feature_window VALUES ($1, 7, $2, $3, $4, $5, $6, 12, 0.9, 1, 75, $7, $8, "
        "'1', 'abc')",
        [
            (
                device, kind, start, end, from_ns + round(start * 1e9 / 130),
                from_ns + round(end * 1e9 / 130), [RATE], [],
            )
            for kind, start, end in windows
        ],
    )  # fmt: skip


RATE = {
    "key": "hr_mean", "value": 75.0, "unit": "/min", "dim": "S", "n": 74, "sqi": 0.9,
    "null_reason": None, "lead": None,
}  # fmt: skip


def _has_wearers(parts: Parts) -> bool:
    return parts.live.worn.of_device(OTHER_DEVICE) is not None
