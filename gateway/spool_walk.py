"""Reads what can be read of a damaged spool, row by row.

SQLite itself finds a row wherever the way down the tree to it is intact. A row behind a broken way
is read from its page (`gateway.spool_pages`).
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from ecgcore.errors import FrameError
from ecgcore.wire.frame import frame_identity
from gateway.spool_file import (
    DURABLE,
    TABLES,
    Connect,
    Connection,
    has_our_header,
    is_damage,
    opened,
)
from gateway.spool_pages import Pages
from gateway.spool_seal import DamagedError, Seal, is_sealed

_COPY, _FRESH = ".copy", ".fresh"
_BESIDE = ("", "-wal", "-shm", "-journal")
_BROKEN = object()
_N_COLUMNS = 9
_OTHER = dict(zip(TABLES, reversed(TABLES), strict=True))
_PAGE_SIZE = slice(16, 18)
_VALID_FOR_AT = 92


@dataclass(frozen=True, slots=True)
class Told:
    """What the index by counter says of a row."""

    row_id: int
    device: str
    boot_id: int
    start_counter: int
    end_counter: int
    kind: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A row as it could be read; nothing of it is verified."""

    row_id: int
    device: str
    boot_id: int
    start_counter: int
    end_counter: int
    utc_ns: int
    spooled_s: int
    kind: str | None
    frame: bytes


class Walk:
    """A damaged spool, open for reading.

    Parameters
    ----------
    db : Connection
    path : Path
        Of the file that is open.
    """

    def __init__(self, db: Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def told(self, table: str) -> tuple[list[Told], bool]:
        """Give what the index by counter says, by id, and whether it could be read to its end."""
        rows: list[Told] = []
        is_whole = True
        try:
            lines = self._db.execute(
                "SELECT id, device, boot_id, start_counter, end_counter, kind"
                f" FROM {table} INDEXED BY {table}_by_counter"
                " ORDER BY device, boot_id, end_counter, start_counter, kind"
            )
            rows.extend(Told(*line) for line in lines)
        except Exception as error:
            if not is_damage(error):
                raise
            is_whole = False
        sane = [row for row in rows if _is_sane(row)]
        return sorted(sane, key=lambda row: row.row_id), is_whole and len(sane) == len(rows)

    def found(self, table: str, told: list[Told], *, is_whole: bool) -> Iterator[Found]:
        """Give the rows that can be read, by id; with the index in pieces, of all ids there are."""
        known = {row.row_id for row in told}
        for row_id in sorted(known if is_whole else known | self._pages.ids):
            row = self._one(
                "SELECT id, device, boot_id, start_counter, end_counter, utc_ns, spooled_s, kind,"
                f" frame FROM {table} NOT INDEXED WHERE id = ?",
                row_id,
            )
            if row is _BROKEN or (row is None and row_id in known):
                yield from self._from_pages(table, row_id)
            elif row is not None and isinstance(row[-1], bytes):
                yield Found(*row)

    def _from_pages(self, table: str, row_id: int) -> Iterator[Found]:
        other = self._one(f"SELECT 1 FROM {_OTHER[table]} NOT INDEXED WHERE id = ?", row_id)
        if other is not None and other is not _BROKEN:
            return
        for row in self._pages.rows(row_id):
            found = Found(*row)  # type: ignore[arg-type]  # looked at right here
            if _is_sane(found) and isinstance(found.frame, bytes):
                yield found

    @cached_property
    def _pages(self) -> Pages:
        self._one("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._path.open("rb") as file:
            return Pages(mmap(file.fileno(), 0, access=ACCESS_READ), _N_COLUMNS)

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Give the recorders' states that can be read."""
        try:
            yield from self._db.execute("SELECT device, state FROM recorders")
        except Exception as error:
            if not is_damage(error):
                raise

    def key_check(self) -> bytes | None:
        """Give what the key is checked with; None if there is none or it cannot be read."""
        row = self._one("SELECT key_check FROM about WHERE one = ?", 1)
        return row[0] if row is not None and row is not _BROKEN else None

    def _one(self, sql: str, *parameters: int) -> Any:
        try:
            return self._db.execute(sql, parameters).fetchone()
        except Exception as error:
            if not is_damage(error):
                raise
            return _BROKEN


def is_spool(path: Path) -> bool:
    """Tell whether a file is, or was, a spool: by its header, or by a frame on one of its pages."""
    if has_our_header(path):
        return True
    if not path.stat().st_size:
        return False
    with path.open("rb") as file:
        pages = Pages(mmap(file.fileno(), 0, access=ACCESS_READ), _N_COLUMNS)
    return any(_is_frame(row[-1]) for row_id in pages.ids for row in pages.rows(row_id))


@contextmanager
def walking(path: Path, connect: Connect) -> Iterator[Walk]:
    """Open a damaged spool so that it can be read.

    Where the first page with the schema is damaged, a copy is opened whose first page is that of a
    new spool: every spool has its tables at the same pages.

    Raises
    ------
    sqlite3.Error, OSError
        If even that cannot be opened, or the disk refuses.
    """
    copy = path.with_name(path.name + _COPY)
    try:
        db = _readable(path, copy, connect)
        with closing(db):
            yield Walk(db, copy if copy.exists() else path)
    finally:
        _remove(copy)


def _readable(path: Path, copy: Path, connect: Connect) -> Connection:
    try:
        return _opened_as_is(path, connect)
    except Exception as error:
        if not is_damage(error):
            raise
    for ending in ("", "-wal"):
        if (part := Path(f"{path}{ending}")).exists():
            shutil.copyfile(part, f"{copy}{ending}")
    page = _first_page(path.with_name(path.name + _FRESH), connect)
    with copy.open("r+b") as file:
        file.write(page)
    return _opened_as_is(copy, connect)


def _opened_as_is(path: Path, connect: Connect) -> Connection:
    db = connect(path)
    try:
        for pragma in DURABLE:
            db.execute(f"PRAGMA {pragma}").fetchall()
        for table in TABLES:
            db.execute(f"SELECT id, frame FROM {table} LIMIT 0").fetchall()
    except BaseException:
        db.close()
        raise
    return db


def _first_page(fresh: Path, connect: Connect) -> bytes:
    try:
        opened(fresh, Seal(None), connect).close()
        content = bytearray(fresh.read_bytes())
    finally:
        _remove(fresh)
    # Unlike the change counter: the number of pages in the header does not hold then.
    content[_VALID_FOR_AT : _VALID_FOR_AT + 4] = bytes(4)
    return bytes(content[: int.from_bytes(content[_PAGE_SIZE], "big")])


def _remove(path: Path) -> None:
    for ending in _BESIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _is_frame(stored: object) -> bool:
    if not isinstance(stored, bytes):
        return False
    if is_sealed(stored):
        return True
    try:
        frame_identity(Seal(None).open(stored, "", 0, 0))
    except (DamagedError, FrameError):
        return False
    return True


def _is_sane(row: Told | Found) -> bool:
    numbers = (row.row_id, row.boot_id, row.start_counter, row.end_counter)
    is_text = isinstance(row.device, str) and isinstance(row.kind, str | None)
    return is_text and all(isinstance(number, int) for number in numbers)
