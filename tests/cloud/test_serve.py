"""`ecgomics serve` as people start it: one line for every mistake, and an orderly end."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud.embedded.nats import EmbeddedNats
from cloud.serve import serve as serve_command
from ecgcore.errors import ConfigError
from tests.servers import Server, free_port


async def serve(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    root = str(Path(__file__).parents[2])
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "from cloud.serve import serve; import typer, sys\n"
        "from ecgcore.errors import ConfigError\n"
        "try: typer.run(serve)\n"
        "except ConfigError as error: print(f'error: {error}', file=sys.stderr); sys.exit(2)",
        *arguments,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def mistake(*arguments: str, **environment: str) -> str:
    process = await serve(*arguments, **environment)
    _, error = await process.communicate()
    assert process.returncode == 2, error.decode()
    lines = error.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


async def test_no_database_is_one_line() -> None:
    url = f"postgresql://u:secretword@127.0.0.1:{free_port()}/x"
    line = await mistake("--database", url, "--port", "0")
    assert line.startswith("error: database postgresql://127.0.0.1:")
    assert "secretword" not in line


async def test_a_wrong_password_is_one_line(database_url: str) -> None:
    wrong = database_url.replace(database_url.split(":")[2].split("@")[0], "wrong")
    line = await mistake("--database", wrong, "--port", "0")
    assert "password authentication failed" in line


async def test_no_broker_is_one_line(database_url: str) -> None:
    broker = f"mqtt://server:secretword@127.0.0.1:{free_port()}"
    line = await mistake(
        "--port", "0", ECGOMICS_CLOUD_DATABASE_URL=database_url, ECGOMICS_CLOUD_BROKER_URL=broker
    )
    assert line.startswith("error: broker mqtt://127.0.0.1:")
    assert "secretword" not in line


async def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = await mistake("--port", str(port))
    assert line == f"error: cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_without_tls_only_this_machine_may_connect(host: str) -> None:
    with pytest.raises(ConfigError, match="TLS proxy"):
        serve_command(host=host)


@pytest.mark.parametrize(
    ("given", "named"), [({"port": 70_000}, "port"), ({"clock_speed": 0.0}, "clock_speed")]
)
def test_a_setting_out_of_range_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=f"setting {named}: "):
        serve_command(**given)


async def test_it_serves_and_ends_orderly(
    database_url: str, broker: tuple[Server, EmbeddedNats]
) -> None:
    process = await serve(
        "--port", "0",
        ECGOMICS_CLOUD_DATABASE_URL=database_url,
        ECGOMICS_CLOUD_BROKER_URL=broker[1].url("server", "server"),
    )  # fmt: skip
    assert process.stderr
    line = ""
    while "serving url=" not in line:
        line = (await process.stderr.readline()).decode()
    url = line.strip().rsplit("=", 1)[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in await reader.readline()
    writer.close()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0
