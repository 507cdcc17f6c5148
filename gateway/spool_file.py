"""The spool's file: schema, settings that make a commit durable, and whose file it is."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ecgcore.errors import ConfigError
from gateway.spool_seal import DamagedError, Seal

APPLICATION_ID = 0x45434721
VERSION = 2
_OLD_VERSION = 1
TABLES = ("frames", "held")
_HEADER_BYTES = 100
_ID_AT = 68
_BUSY_S = 2.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# An exclusive lock keeps the write-ahead log's index in memory and other gateways out. EXTRA is
# FULL and syncs the folder: the journal of the first moment, were it to come back after a cut,
# would empty the file.
DURABLE = ("locking_mode = EXCLUSIVE", "synchronous = EXTRA", "journal_mode = WAL")
# After a burst the log gives its disk back.
_LOG_BYTES = 16 << 20
_ROWS = """
CREATE TABLE {table} (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    boot_id INTEGER NOT NULL,
    start_counter INTEGER NOT NULL,
    end_counter INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    spooled_s INTEGER NOT NULL,
    kind TEXT,
    frame BLOB NOT NULL
);
CREATE INDEX {table}_by_counter ON {table} (device, boot_id, end_counter, start_counter, kind);
CREATE INDEX {table}_by_device ON {table} (device);
"""
_SCHEMA = (
    "".join(_ROWS.format(table=table) for table in TABLES)
    + """
CREATE TABLE recorders (device TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE about (one INTEGER PRIMARY KEY CHECK (one = 1), key_check BLOB, ahead_s INTEGER);
INSERT INTO about VALUES (1, NULL, 0);
"""
)


class OldVersionError(ConfigError):
    """The file is a spool of an earlier version, which can be taken over."""


class Cursor(Protocol):
    """The part of a cursor of `sqlite3` that is used."""

    def fetchone(self) -> Any:
        """Give the next row, None behind the last."""

    def fetchall(self) -> list[Any]:
        """Give the rows left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The part of a connection of `sqlite3` that is used; it begins no transaction by itself."""

    @property
    def in_transaction(self) -> bool:
        """Whether one is open."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""

    def close(self) -> None:
        """Close the file."""


Connect: TypeAlias = Callable[[Path], Connection]


def connect(path: Path) -> Connection:
    """Open a file with the SQLite that Python has; usable from any one thread at a time."""
    return sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)


@contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """Do all of it, durably, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def opened(path: Path, seal: Seal, connect: Connect = connect) -> Connection:
    """Open a spool, or make one.

    Raises
    ------
    ConfigError
        If the file is something else's, or the key is not the one it was encrypted with.
    OldVersionError
        If it is a spool of version 1; then all of it is in the file, not in the log.
    DamagedError, sqlite3.Error
        If it is damaged, in use, or the disk refuses.
    """
    db = connect(path)
    try:
        for pragma in DURABLE:
            db.execute(f"PRAGMA {pragma}").fetchall()
        db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}").fetchall()
        if _is_made(db):
            # From now on the header on the disk says whose file it is.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        _require_key(db, seal)
    except BaseException:
        db.close()
        raise
    return db


def has_our_header(path: Path) -> bool:
    """Tell from the file's header whether it is a spool, however damaged the rest is."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return header[_ID_AT : _ID_AT + 4] == APPLICATION_ID.to_bytes(4, "big")


def is_damage(error: Exception) -> bool:
    """Tell whether an error means that stored bytes are wrong, not that the disk refuses."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        # Python's own word when SQLite hands it text that is none.
        return code in _DAMAGE or "decode to UTF-8" in str(error)
    return isinstance(error, DamagedError)


def _is_made(db: Connection) -> bool:
    version = _version(db)
    if version == _OLD_VERSION:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        msg = "is of an earlier version"
        raise OldVersionError(msg)
    return version is None


def _version(db: Connection) -> int | None:
    """Give the version; None if the file was empty and is made a spool here."""
    with transaction(db):  # takes the lock now, not at the first frame
        (application_id,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (n_tables,) = db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if application_id == APPLICATION_ID and version in (_OLD_VERSION, VERSION):
            return int(version)
        if n_tables or application_id:
            msg = "not a spool of this version; move the file away to begin a new one"
            raise ConfigError(msg)
        for statement in _SCHEMA.split(";")[:-1]:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        return None


def _require_key(db: Connection, seal: Seal) -> None:
    row = db.execute("SELECT key_check FROM about").fetchone()
    if row is None:
        msg = "about: row is gone"
        raise DamagedError(msg)
    if row[0] is None:
        if (check := seal.check()) is not None:
            with transaction(db):
                db.execute("UPDATE about SET key_check = ?", (check,))
        return
    if not seal.has_key:
        msg = "is encrypted; give its key file"
        raise ConfigError(msg)
    if not seal.is_key_of(row[0]):
        msg = "was encrypted with another key; nothing was changed"
        raise ConfigError(msg)
