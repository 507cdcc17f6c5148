"""What the demo runs: addresses, credentials and the command line of every part."""

import fcntl
import json
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cloud.demo.scenario import Stage, ask
from cloud.demo.supervisor import Part
from cloud.embedded import nats, postgres
from ecgcore.errors import ConfigError

GATEWAY = "gw-home"
CLINICIAN = "clinician"
DRAIN_S = 60
"""Longest that the gateway waits at the end: in fast time the engine may be behind."""
_TROUBLE = re.compile(r"FATAL|PANIC|ERROR|\[ERR\]|\[FTL\]|ready to accept|Server is ready")
_NAMES = (
    "Ada Moss", "Ben Okoro", "Chen Li", "Dana Weiss", "Elif Kaya", "Femi Ade", "Greta Lind",
    "Hugo Marin", "Ines Costa", "Jun Sato", "Kira Novak", "Luis Vega", "Mei Wong", "Nils Berg",
    "Olga Petrov", "Pia Rossi", "Quinn Daly", "Ravi Nair", "Sara Amin", "Tom Hale",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller asked for."""

    patients: int
    record: Path | None
    sample_number: bool
    duration_s: float | None
    speed: float
    data_dir: Path
    http_port: int
    broker_url: str | None
    database_url: str | None
    scenario: str | None = None
    """File, or name of a shipped one; it says how many patients there are."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of this data folder, made once."""

    engine: str
    server: str
    gateway: str
    clinician: str
    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before the first process starts."""

    options: Options
    secrets: Secrets
    parts: dict[str, Part]
    database_url: str
    base_url: str
    origin_ns: int
    stage: Stage | None = None

    @property
    def journal_dir(self) -> Path:
        """Folder in which the patches account for what they sent."""
        return self.options.data_dir / "journal"


@contextmanager
def taken(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this run; the system lets go of it even after a crash.

    Raises
    ------
    ConfigError
        If the folder cannot be made, or another demo runs in it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("w")
    except OSError as error:
        msg = f"data folder {data_dir}: {error.strerror}"
        raise ConfigError(msg) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = f"data folder {data_dir}: another demo runs in it; choose one with --data-dir"
            raise ConfigError(msg) from error
        yield


def make_plan(options: Options, origin_ns: int) -> Plan:
    """Prepare folders, database and broker configuration, and write down every command.

    Raises
    ------
    ConfigError
        If a port is taken, a server's folder cannot be made or the scenario is none.
    """
    data = options.data_dir
    ports = _free_ports()
    stage = ask(options.scenario, ecgomics("simulate"), ports) if options.scenario else None
    if stage:
        options = replace(options, patients=stage.patches)
    for folder in ("logs", "journal"):
        (data / folder).mkdir(exist_ok=True)
    for old in (data / "journal").glob("*.json"):
        old.unlink()
    words = _secrets(data / "secrets.json", options.patients)
    _require_free(options.http_port)
    parts: dict[str, Part] = {}
    database_url = options.database_url or _postgres(parts, data, next(ports))
    broker = options.broker_url or _nats(parts, data, next(ports), words)
    hci_port = next(ports)
    clock = {"ORIGIN_NS": str(origin_ns), "SPEED": str(options.speed)}
    urls = {name: _as_user(broker, name, word) for name, word in (
        ("engine", words.engine), ("server", words.server), (GATEWAY, words.gateway))}  # fmt: skip
    if options.broker_url:
        urls = dict.fromkeys(urls, options.broker_url)
    parts["engine"] = _cloud_part("engine", urls["engine"], database_url, clock)
    parts["server"] = _server(urls["server"], database_url, clock, options.http_port)
    parts["patches"] = _patches(options, origin_ns, hci_port, stage, broker)
    near = stage.relayed(urls[GATEWAY]) if stage else urls[GATEWAY]
    parts["gateway"] = _gateway(options, near, origin_ns, hci_port)
    base_url = f"http://127.0.0.1:{options.http_port}"
    return Plan(options, words, parts, database_url, base_url, origin_ns, stage)


def name_of(index: int) -> str:
    """Give the invented name of patient `index`, from 0."""
    turn, at = divmod(index, len(_NAMES))
    return _NAMES[at] + (f" {turn + 1}" if turn else "")


def ecgomics(*arguments: str) -> list[str]:
    """Give the command line of a subcommand, run by this very Python."""
    return [sys.executable, "-m", "ecgcore", *arguments]


def _postgres(parts: dict[str, Part], data: Path, port: int) -> str:
    server = postgres.prepare(data / "postgres", port)
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave.
    parts["postgres"] = Part(
        "postgres", server.command(), stop_signal=signal.SIGINT, shown=_TROUBLE
    )
    return server.url


def _nats(parts: dict[str, Part], data: Path, port: int, words: Secrets) -> str:
    services = {"engine": words.engine, "server": words.server}
    broker = nats.prepare(data / "nats", port, services, {GATEWAY: words.gateway})
    parts["broker"] = Part("broker", broker.command(), shown=_TROUBLE)
    return f"mqtt://127.0.0.1:{port}"


def _as_user(broker_url: str, name: str, word: str) -> str:
    return broker_url.replace("mqtt://", f"mqtt://{name}:{word}@", 1)


def _cloud_part(name: str, broker_url: str, database_url: str, clock: dict[str, str]) -> Part:
    environment = {
        "ECGOMICS_CLOUD_BROKER_URL": broker_url,
        "ECGOMICS_CLOUD_DATABASE_URL": database_url,
        "ECGOMICS_CLOUD_WAIT_S": "30",
        **{f"ECGOMICS_CLOUD_CLOCK_{key}": value for key, value in clock.items()},
    }
    return Part(name, ecgomics("engine"), environment)


def _server(broker_url: str, database_url: str, clock: dict[str, str], port: int) -> Part:
    environment = _cloud_part("server", broker_url, database_url, clock).environment
    return Part("server", ecgomics("serve", "--port", str(port)), environment)


def _patches(
    options: Options, origin_ns: int, hci_port: int, stage: Stage | None, broker_url: str
) -> Part:
    source = ["--record", str(options.record)] if options.record else ["--synthetic"]
    if options.sample_number:
        source = ["--sample-number"]
    if stage:
        source = stage.arguments(broker_url)
    return Part(
        "patches",
        ecgomics(
            "simulate", *source,
            "--patients", str(options.patients),
            "--listen", f"127.0.0.1:{hci_port}",
            "--journal", str(options.data_dir / "journal"),
            "--speed", str(options.speed),
            "--clock-origin-ns", str(origin_ns),
        ),
    )  # fmt: skip


def _gateway(options: Options, broker_url: str, origin_ns: int, hci_port: int) -> Part:
    return Part(
        "gateway",
        ecgomics(
            "gateway", "--any", "--json",
            "--radio", f"bumble:tcp-client:127.0.0.1:{hci_port}",
            "--speed", str(options.speed),
            "--clock-origin-ns", str(origin_ns),
        ),
        {
            "ECGOMICS_GATEWAY_BROKER_URL": broker_url,
            "ECGOMICS_GATEWAY_GATEWAY_ID": GATEWAY,
            "ECGOMICS_GATEWAY_DRAIN_S": str(DRAIN_S),
            "ECGOMICS_GATEWAY_SPOOL_PATH": str(options.data_dir / "spool.sqlite"),
        },
    )  # fmt: skip


def _secrets(path: Path, patients: int) -> Secrets:
    if path.exists():
        kept = _read_secrets(path)
    else:
        kept = {name: secrets.token_urlsafe(12) for name in ("engine", "server", "gateway")}
        kept |= {"clinician": secrets.token_hex(4), "patients": []}
    kept["patients"] += [secrets.token_hex(4) for _ in range(patients - len(kept["patients"]))]
    # Put in place whole: half a file would lock everybody out of what is stored.
    written = path.with_suffix(".new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    written.replace(path)
    return Secrets(**{**kept, "patients": tuple(kept["patients"])})


def _read_secrets(path: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}; remove it for new passwords"
        raise ConfigError(msg) from error
    return kept


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            msg = f"port {port} on 127.0.0.1: {error.strerror}; choose another with --port"
            raise ConfigError(msg) from error


def _free_ports() -> Iterator[int]:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            yield probe.getsockname()[1]
