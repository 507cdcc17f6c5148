"""`ecgomics serve`: the composition root of what people see."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from cloud.api.app import create_app
from cloud.api.parts import Parts
from cloud.feed import feed
from cloud.ingest import require_broker
from cloud.live import Live
from cloud.logs import log_to_stderr
from cloud.orders import send_command
from cloud.phones import RelayTarget
from cloud.settings import ServeSettings, made
from cloud.store.database import migrate, open_pool
from cloud.workers import Workers, WorkersConfig
from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker

_log = logging.getLogger(__name__)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_POOL_SIZE = 8
_PAPER_WORKER = "cloud.paper.worker"
_DRAIN_S = 5
_MOST_MESSAGE_BYTES = 64 * 1024
_PAGES = Path(__file__).parent / "web" / "dist"


def serve(
    broker: Annotated[str | None, typer.Option(help="mqtt://USER:PASSWORD@HOST:PORT")] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://USER:PASSWORD@HOST/NAME")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    behind_tls_proxy: Annotated[
        bool | None, typer.Option(help="People come by https through a proxy.")
    ] = None,
    wait_s: Annotated[
        float | None, typer.Option(help="Wait this long for broker and database at start.")
    ] = None,
    clock_origin_ns: Annotated[
        int | None, typer.Option(help="Rig: where sped-up time began.")
    ] = None,
    clock_speed: Annotated[
        float | None,
        typer.Option("--clock-speed", "--speed", help="Rig: how much faster time runs."),
    ] = None,
) -> None:
    """Serve the pages, the REST interface and the live WebSocket.

    Reads `ECGOMICS_CLOUD_BROKER_URL`, `ECGOMICS_CLOUD_DATABASE_URL` and so on from the
    environment; options win. Stops orderly on SIGTERM.

    Example: `ecgomics serve --broker mqtt://server:secret@broker:1883
    --database postgresql://ecgomics:secret@db/ecgomics --port 8000`
    """
    given = {
        "broker_url": broker,
        "database_url": database,
        "host": host,
        "port": port,
        "behind_tls_proxy": behind_tls_proxy,
        "wait_s": wait_s,
        "clock_origin_ns": clock_origin_ns,
        "clock_speed": clock_speed,
    }
    settings = made(ServeSettings, given)
    log_to_stderr()
    asyncio.run(_serve(settings))


@contextlib.asynccontextmanager
async def running_parts(settings: ServeSettings) -> AsyncIterator[Parts]:
    """Open the database, keep the live picture fed, and end both on leaving.

    Raises
    ------
    ConfigError
        If broker or database cannot be reached or refuse the credentials.
    """
    broker = Broker.parse(settings.broker_url.get_secret_value())
    database_url = settings.database_url.get_secret_value()
    pool = await open_pool(database_url, max_size=_POOL_SIZE, wait_s=settings.wait_s)
    async with contextlib.AsyncExitStack() as stack:
        # Not close(): it would wait for a database that may be gone.
        stack.callback(pool.terminate)
        await migrate(database_url)
        await require_broker(broker, settings.wait_s)
        workers = Workers(
            WorkersConfig(
                _PAPER_WORKER,
                settings.analysis_processes,
                settings.analysis_waiting,
                settings.analysis_timeout_s,
            )
        )
        stack.push_async_callback(workers.close)
        live = Live(UtcClock(time.time_ns, settings.clock_origin_ns, settings.clock_speed))
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(feed(live, broker, pool), name="feed")
            yield Parts(
                pool=pool,
                live=live,
                workers=workers,
                relay=_relay_target(settings),
                pages_dir=_PAGES,
                is_secure=settings.behind_tls_proxy,
                wall_ns=time.time_ns,
                monotonic_s=time.monotonic,
                send_command=partial(send_command, broker),
            )
            feeding.cancel()


def _relay_target(settings: ServeSettings) -> RelayTarget | None:
    return RelayTarget(settings.relay_url, settings.relay_secret) if settings.relay_url else None


class OrderlyServer(uvicorn.Server):
    """Uvicorn whose signals are handled by us, so that an orderly end is exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True


def make_server(parts: Parts) -> OrderlyServer:
    """Put the application into a web server."""
    config = uvicorn.Config(
        create_app(parts),
        ws="websockets-sansio",
        ws_max_size=_MOST_MESSAGE_BYTES,
        # Strips are short and hardly compressible; compressing them for each client costs most.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        # Its INFO lines would put the tickets of the WebSockets into the log.
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    return OrderlyServer(config)


async def _serve(settings: ServeSettings) -> None:
    _require_private(settings)
    with _listening(settings) as listener:
        async with running_parts(settings) as parts:
            host, port = listener.getsockname()[:2]
            _log.info("serving url=http://%s:%d", host, port)
            await make_server(parts).serve(sockets=[listener])


def _require_private(settings: ServeSettings) -> None:
    if settings.behind_tls_proxy or _is_loopback(settings.host):
        return
    msg = (
        f"--host {settings.host}: without TLS only this machine may connect; "
        "put a TLS proxy in front and give --behind-tls-proxy"
    )
    raise ConfigError(msg)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(settings: ServeSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        # A name that cannot be resolved has a negative number of its own.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        msg = f"cannot listen on {settings.host}:{settings.port}: {why}"
        raise ConfigError(msg) from error
