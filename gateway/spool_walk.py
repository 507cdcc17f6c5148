"""Reads what can be read of a damaged spool, row by row."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.spool_file import DURABLE, TABLES, Connect, Connection, is_damage, opened
from gateway.spool_seal import Seal

_COPY, _FRESH = ".copy", ".fresh"
_BESIDE = ("", "-wal", "-shm", "-journal")
# No row takes less; with the index gone ids are looked for as many as there can be rows.
_ROW_BYTES = 64
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
    n_bytes : int
        Of the file.
    """

    def __init__(self, db: Connection, n_bytes: int) -> None:
        self._db = db
        self._most_rows = n_bytes // _ROW_BYTES

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
        for row_id in _between(told) if is_whole else self._all_ids(table, told):
            row = self._one(
                "SELECT id, device, boot_id, start_counter, end_counter, utc_ns, spooled_s, kind,"
                f" frame FROM {table} NOT INDEXED WHERE id = ?",
                row_id,
            )
            if row is not None and isinstance(row[-1], bytes):
                yield Found(*row)

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
        return row[0] if row is not None else None

    def _all_ids(self, table: str, told: list[Told]) -> range:
        # Whatever the damage, one of these searches goes down an intact branch of the tree.
        near = {row.row_id for row in told}
        for least in (1 << k for k in range(48)):
            row = self._one(f"SELECT MIN(id) FROM {table} NOT INDEXED WHERE id >= ?", least)
            near.update(row[:1] if row is not None and row[0] is not None else ())
        if not near:
            return range(1, self._most_rows)
        return range(max(1, min(near) - self._most_rows), max(near) + self._most_rows)

    def _one(self, sql: str, parameter: int) -> Any:
        try:
            return self._db.execute(sql, (parameter,)).fetchone()
        except Exception as error:
            if not is_damage(error):
                raise
            return None


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
        with closing(_readable(path, copy, connect)) as db:
            yield Walk(db, path.stat().st_size)
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


def _between(told: list[Told]) -> range:
    return range(told[0].row_id, told[-1].row_id + 1) if told else range(0)


def _is_sane(row: Told) -> bool:
    numbers = (row.row_id, row.boot_id, row.start_counter, row.end_counter)
    return isinstance(row.device, str) and all(isinstance(number, int) for number in numbers)
