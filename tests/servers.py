"""Real servers for tests, PostgreSQL and NATS from their wheels, to be killed and restarted."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloud.embedded import nats, postgres


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process; `ready` is what it logs once it serves."""

    def __init__(self, command: list[str], log: Path, ready: bytes, stop: signal.Signals) -> None:
        self._command, self._log, self._ready, self._stop = command, log, ready, stop
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            logged = log.tell()
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        # Not its port: PostgreSQL takes connections, to refuse them, before it serves.
        while self._ready not in self._log.read_bytes()[logged:]:
            if self._process.poll() is not None:  # e.g. old shared memory not yet released
                self.start()
                return
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._stop)
            # Its last checkpoint syncs every database that the tests made.
            self._process.wait(60)


@contextmanager
def running_postgres(folder: Path) -> Iterator[tuple[Server, str]]:
    """Give a server on a new folder and the address of its database."""
    embedded = postgres.prepare(folder / "pg", free_port())
    server = _postgres_server(embedded)
    server.start()
    try:
        yield server, embedded.url
    finally:
        server.stop()


@contextmanager
def running_postgres_on(embedded: postgres.EmbeddedPostgres) -> Iterator[str]:
    """Give the address of a database in a folder that is there already."""
    server = _postgres_server(embedded)
    server.start()
    try:
        yield embedded.url
    finally:
        server.stop()


def _postgres_server(embedded: postgres.EmbeddedPostgres) -> Server:
    log = embedded.data_dir.with_name("pg.log")
    return Server(embedded.command(), log, b"ready to accept connections", signal.SIGINT)


@contextmanager
def running_nats(
    folder: Path, gateways: tuple[str, ...] = ("gw1",)
) -> Iterator[tuple[Server, nats.EmbeddedNats]]:
    """Give a broker with users engine, server and the gateways; each one's name is its password."""
    embedded = nats.prepare(
        folder / "nats",
        free_port(),
        {name: name for name in ("engine", "server")},
        {name: name for name in gateways},
    )
    log = folder / "nats.log"
    server = Server(embedded.command(), log, b"Server is ready", signal.SIGTERM)
    server.start()
    try:
        yield server, embedded
    finally:
        server.stop()


@contextmanager
def running_nats_cluster(
    folder: Path, gateways: tuple[str, ...] = ("gw1",), n_nodes: int = 3
) -> Iterator[list[tuple[Server, nats.EmbeddedNats]]]:
    """Give the nodes of a cluster, with the users of `running_nats`."""
    ports = [free_port() for _ in range(n_nodes)]
    nodes: list[tuple[Server, nats.EmbeddedNats]] = []
    with ExitStack() as stack:
        for i, port in enumerate(ports):
            others = tuple(p for p in ports if p != port)
            embedded = nats.prepare(
                folder / f"nats{i}",
                free_port(),
                {name: name for name in ("engine", "server")},
                {name: name for name in gateways},
                nats.Node(f"node{i}", port, others),
            )
            log = folder / f"nats{i}.log"
            nodes.append(
                (Server(embedded.command(), log, b"Server is ready", signal.SIGTERM), embedded)
            )
        for server, _ in nodes:
            server.start()
            stack.callback(server.stop)
        yield nodes
