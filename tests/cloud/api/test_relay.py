"""Phones on their way to the gateway, which here is a WebSocket server that tells what it hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cloud.embedded.nats import EmbeddedNats
from tests.cloud.api.house import RELAY_SECRET, House, open_house
from tests.cloud.frames import DEVICE
from tests.servers import Server, free_port


@dataclass
class Gateway:
    """Answers each message with itself; ``close CODE`` closes."""

    port: int
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request
        self.headers.append({name.lower(): v for name, v in connection.request.headers.items()})
        self.connections.append(connection)
        async for message in connection:
            if isinstance(message, str) and message.startswith("close "):
                await connection.close(int(message[6:]), "told")
            else:
                await connection.send(message)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with serve(self.handle, "127.0.0.1", self.port):
            yield


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(free_port())


@pytest.fixture
async def house(
    database_url: str, broker: tuple[Server, EmbeddedNats], tmp_path: Path, gateway: Gateway
) -> AsyncIterator[House]:
    url, relay_url = broker[1].url("server", "server"), f"ws://127.0.0.1:{gateway.port}"
    async with gateway.running(), open_house(database_url, url, tmp_path, relay_url) as house:
        yield house


@asynccontextmanager
async def phone(
    house: House, ticket: str, origin: str | None = None
) -> AsyncIterator[ClientConnection]:
    url = f"{house.live_url.replace('/live', '/relay')}?ticket={ticket}"
    given = house.url if origin is None else origin
    async with connect(url, origin=given) as link:  # type: ignore[arg-type]  # any text
        yield link


async def closed_with(link: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(link.recv(), 10)
    assert closed.value.rcvd
    return closed.value.rcvd.code


async def test_a_patients_messages_pass_unread_both_ways(house: House, gateway: Gateway) -> None:
    async with phone(house, await house.ticket("ada")) as link:
        for message in ("a text", b"\x01\x02\x00", "", b"x" * 60_000):
            await link.send(message)
            assert await asyncio.wait_for(link.recv(), 10) == message
    (headers,) = gateway.headers
    assert headers["authorization"] == f"Bearer {RELAY_SECRET}"
    assert headers["x-ecgomics-patches"] == DEVICE
    audit = await house.parts.pool.fetch(
        "SELECT username, patient_id FROM audit WHERE action = $1", "relay"
    )
    assert [tuple(row) for row in audit] == [("ada", "p1")]


@pytest.mark.parametrize("code", [1008, 4400])
async def test_the_gateways_refusal_reaches_the_phone(house: House, code: int) -> None:
    async with phone(house, await house.ticket("ada")) as link:
        await link.send(f"close {code}")
        assert await closed_with(link) == code


async def test_whoever_leaves_first_ends_the_other(house: House, gateway: Gateway) -> None:
    async with phone(house, await house.ticket("ada")) as link:
        await link.send("here")
        await link.recv()
    await asyncio.wait_for(gateway.connections[0].wait_closed(), 10)
    async with phone(house, await house.ticket("ada")) as link:
        await link.send("close 1001")
        assert await closed_with(link) == 1013


async def test_only_the_wearer_with_a_fresh_ticket_from_her_own_page_gets_in(
    house: House, gateway: Gateway
) -> None:
    ticket = await house.ticket("ada")
    for username, used, origin, code in (
        ("dr-in", None, None, 4403),
        ("ada", ticket, None, None),
        ("ada", ticket, None, 4401),
        ("ada", "guessed", None, 4401),
        ("ada", None, "https://elsewhere.example", 4403),
    ):
        given = used or await house.ticket(username)
        async with phone(house, given, origin) as link:
            if code is None:
                await link.send("in")
                assert await link.recv() == "in"
            else:
                assert await closed_with(link) == code
    assert len(gateway.headers) == 1


async def test_signing_out_hangs_up(house: House) -> None:
    async with house.browser("ada") as client:
        ticket = (await client.post("/api/v1/live/ticket")).json()["ticket"]
        async with phone(house, ticket) as link:
            await link.send("in")
            await link.recv()
            await client.post("/api/v1/logout")
            assert await closed_with(link) == 4401


async def test_a_gateway_that_is_away_is_said_to_be(
    database_url: str, broker: tuple[Server, EmbeddedNats], tmp_path: Path
) -> None:
    url = broker[1].url("server", "server")
    nowhere = f"ws://127.0.0.1:{free_port()}"
    async with (
        open_house(database_url, url, tmp_path, nowhere) as house,
        phone(house, await house.ticket("ada")) as link,
    ):
        assert await closed_with(link) == 1013


async def test_without_a_gateway_for_phones_there_is_none(
    database_url: str, broker: tuple[Server, EmbeddedNats], tmp_path: Path
) -> None:
    url = broker[1].url("server", "server")
    async with (
        open_house(database_url, url, tmp_path) as house,
        phone(house, await house.ticket("ada")) as link,
    ):
        assert await closed_with(link) == 4404
