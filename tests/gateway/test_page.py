"""The gateway's own page: what it serves, to whom, and what it tells."""

import json
import socket
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ecgcore.errors import ConfigError
from gateway.page.server import LocalPage
from tests.gateway.broker import free_port, until
from tests.gateway.rig import Running, device_of, settings
from tests.simulators.room import room


def empty_page() -> LocalPage:
    return LocalPage(lambda: (), dict, lambda: 7)


async def test_page_and_feed_without_a_cloud(tmp_path: Path) -> None:
    port = free_port()
    async with room() as there:
        (name,) = there.names
        gateway = Running(
            settings(tmp_path, "mqtt://127.0.0.1:1", there, page_port=port, drain_s=0)
        )
        await until(lambda: there.sent[name])
        async with httpx.AsyncClient() as client:
            page = await client.get(f"http://127.0.0.1:{port}/")
        assert page.status_code == 200
        assert "Not a medical device" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        numbers: list[int] = []
        status: dict[str, object] = {}
        async with connect(f"ws://127.0.0.1:{port}/feed") as feed:
            while len(numbers) < 2000:
                told = json.loads(await feed.recv())
                if told["kind"] == "status":
                    (status,) = told["patches"]
                    continue
                assert told["device"] == device_of(name)
                numbers += told["ecg_uv"][0]
        await gateway.stop()
    # The strap sends each sample's number as its value: nothing is left out of the picture.
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert status["link"] == "streaming"
    assert status["battery_pct"] == 90
    oldest_ns = status["oldest_uncommitted_ns"]
    assert status["safe_through_ns"] == oldest_ns is not None


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 200),
        ("/page.js", {}, 200),
        ("/page.css", {}, 200),
        ("/../server.py", {}, 404),
        ("/nothing", {}, 404),
        ("/", {"Host": "evil.example:80"}, 403),
        ("/feed", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_only_the_page_is_served_and_only_to_this_machine(
    path: str, headers: dict[str, str], status: int
) -> None:
    async with empty_page().serving(0) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)
        assert answer.status_code == status


async def test_another_sites_page_cannot_read_the_feed() -> None:
    async with empty_page().serving(0) as port:
        with pytest.raises(InvalidStatus, match="403"):
            await connect(f"ws://127.0.0.1:{port}/feed", origin="http://evil.example")  # type: ignore[arg-type]  # any text


async def test_a_taken_port_is_one_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"page: port {port}"):
            async with empty_page().serving(port):
                pass
