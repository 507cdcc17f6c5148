"""A disk in memory whose power can be cut, as a file system for SQLite (by `apsw`).

What was not synced when the power goes is up to the seed: each sector of each write survives or
not, truncations, new names and deletions too. What was synced is there.
"""

import random
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

_SECTOR = 512


class PowerCut(Exception):
    """The power is gone; every further access raises this."""


@dataclass
class _File:
    view: bytearray = field(default_factory=bytearray)
    """What a reader sees."""
    durable: bytes | None = None
    """What a cut leaves for certain; None: not even the name."""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes since the last sync, as offset and data; None is a truncation."""


class Disk:
    """Files by name.

    Parameters
    ----------
    cut_at : int or None
        The power goes at this access that changes something, counted from 1.
    rng : random.Random
        Decides whether the last access, if a sync, was carried out.
    refusals : Collection[int]
        Accesses, counted the same, that fail for want of room or with an I/O error.
    """

    def __init__(
        self, cut_at: int | None, rng: random.Random, refusals: Collection[int] = ()
    ) -> None:
        self.files: dict[str, _File] = {}
        self.deleted: dict[str, _File] = {}
        self.n_accesses = 0
        self._cut_at, self._rng, self._refusals = cut_at, rng, refusals
        self.is_cut = False

    def after_cut(self, cut_at: int | None) -> "Disk":
        """Give the disk as it is when the power comes back."""
        disk = Disk(cut_at, self._rng)
        share = self._rng.choice([0.0, 0.5, 0.9, 1.0])
        old = {**self.deleted, **self.files}
        for name, file in old.items():
            is_uncertain = file.durable is None or name not in self.files
            if is_uncertain and self._rng.random() < 0.5:
                continue
            content = self._survived(file, share)
            disk.files[name] = _File(bytearray(content), content)
        return disk

    def _survived(self, file: _File, share: float) -> bytes:
        content = bytearray(file.durable or b"")
        for offset, data in file.pending:
            if data is None:
                if self._rng.random() < share:
                    _set_size(content, offset)
                continue
            for at in range(0, len(data), _SECTOR):
                if self._rng.random() < share:
                    _put(content, offset + at, data[at : at + _SECTOR])
        return bytes(content)

    def file(self, name: str) -> _File:
        self.check()
        return self.files.setdefault(name, _File())

    def write(self, file: _File, offset: int, data: bytes) -> None:
        self.check()
        self._refuse()
        _put(file.view, offset, data)
        file.pending.append((offset, data))
        self._count()

    def truncate(self, file: _File, size: int) -> None:
        self.check()
        self._refuse()
        _set_size(file.view, size)
        file.pending.append((size, None))
        self._count()

    def sync(self, file: _File) -> None:
        self.check()
        self._refuse()
        is_last = self.n_accesses + 1 == self._cut_at
        if not is_last or self._rng.random() < 0.5:
            file.durable, file.pending = bytes(file.view), []
        self._count()

    def delete(self, name: str, *, is_synced: bool) -> None:
        self.check()
        self._refuse()
        self.deleted[name] = self.files.pop(name)
        if is_synced:
            self.deleted.clear()
        self._count()

    def check(self) -> None:
        if self.is_cut:
            raise PowerCut

    def _refuse(self) -> None:
        if self.n_accesses + 1 in self._refusals:
            self.n_accesses += 1
            raise self._rng.choice([apsw.FullError, apsw.IOError])

    def _count(self) -> None:
        self.n_accesses += 1
        if self.n_accesses == self._cut_at:
            self.is_cut = True
            raise PowerCut


class DiskFiles(apsw.VFS):
    """The disk for SQLite, under a name of its own."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, base="")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary"
        flags[1] = flags[0]
        return _OpenFile(self._disk, self._disk.file(path))

    def xAccess(self, pathname: str, flags: int) -> bool:
        self._disk.check()
        return pathname in self._disk.files

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.delete(filename, is_synced=syncdir)

    def xFullPathname(self, name: str) -> str:
        return name


class _OpenFile:
    def __init__(self, disk: Disk, file: _File) -> None:
        self._disk, self._file = disk, file

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.check()
        return bytes(self._file.view[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write(self._file, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._disk.truncate(self._file, size)

    def xSync(self, flags: int) -> None:
        self._disk.sync(self._file)

    def xFileSize(self) -> int:
        return len(self._file.view)

    def xClose(self) -> None:
        pass

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        # As SQLite takes every Unix to be: a write harms nothing beside it.
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE


class _Rows(list[Any]):
    """A cursor that has read everything: errors come while the statement runs."""

    def fetchone(self) -> Any:
        return self.pop(0) if self else None

    def fetchall(self) -> list[Any]:
        return list(self)


class _Connection:
    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        try:
            return _Rows(self._db.execute(sql, parameters).fetchall())
        except apsw.Error as error:
            told = sqlite3.OperationalError(str(error))
            # What this disk raised itself has no code.
            told.sqlite_errorcode = getattr(error, "result", sqlite3.SQLITE_IOERR)
            raise told from error

    def close(self) -> None:
        with suppress(apsw.Error):  # `sqlite3` does not tell either
            self._db.close()


class Machine:
    """Opens spools on a disk; a cut takes everything that was open with it."""

    _n_made = 0

    def __init__(self, disk: Disk, checkpoint_pages: int) -> None:
        Machine._n_made += 1
        self._name = f"powercut-{Machine._n_made}"
        self._files = DiskFiles(self._name, disk)
        self._checkpoint_pages = checkpoint_pages
        self._open: list[apsw.Connection] = []

    def connect(self, path: Path) -> _Connection:
        db = apsw.Connection(str(path), vfs=self._name)
        db.execute(f"PRAGMA wal_autocheckpoint = {self._checkpoint_pages}")
        self._open.append(db)
        return _Connection(db)

    def go_down(self) -> None:
        """Let go of what is open."""
        for db in self._open:
            with suppress(PowerCut, apsw.Error):
                db.close(force=True)
        self._files.unregister()


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _set_size(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
