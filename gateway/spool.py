"""Store and forward: frames in SQLite until the cloud has them.

One row a frame, durable when `write` returns (WAL, ``synchronous=FULL``). Only the engine's word
that it has a frame, and eviction, delete one. With a row the recorder's state is stored in the same
transaction, so a gateway that was killed goes on counting exactly behind its last durable frame.

At the size limit the oldest frames give way. A run of evicted frames of one boot, with the gaps
inside it, becomes one frame without samples whose gap has the reason SPOOL_EVICTED.

The file is locked while it is open: two gateways cannot share one.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeAlias

from ecgcore.errors import ConfigError
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame, decode_frame, encode_frame

_APPLICATION_ID = 0x45434721
_VERSION = 1
_EVICTION_ROWS = 4096
_HEADROOM = 64
BootKey: TypeAlias = tuple[str, int]
"""Device and boot id."""
_NOTHING: Mapping[BootKey, int] = MappingProxyType({})
_SCHEMA = """
CREATE TABLE frames (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    boot_id INTEGER NOT NULL,
    end_counter INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    frame BLOB NOT NULL
);
CREATE INDEX frames_by_counter ON frames (device, boot_id, end_counter);
CREATE INDEX frames_by_device ON frames (device);
CREATE TABLE recorders (device TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame to be stored, and the recorder's state right after it."""

    device: str
    boot_id: int
    end_counter: int
    utc_ns: int
    frame: bytes
    state: bytes

    @classmethod
    def of(cls, frame: Frame, state: bytes) -> Self:
        """Encode `frame`."""
        data = encode_frame(frame)
        return cls(frame.device, frame.boot_id, frame.end, frame.utc_ns, data, state)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored frame."""

    row_id: int
    boot_id: int
    end_counter: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of one patch is not yet committed."""

    n_frames: int
    newest_id: int
    oldest_utc_ns: int


class Spool:
    """The store; every method blocks and must be called from one thread.

    Parameters
    ----------
    path : Path
        Made if it does not exist, with its folder.
    max_bytes : int
        Of encoded frames.

    Raises
    ------
    ConfigError
        If the file cannot be opened, is no spool, or is in use.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.n_evicted = 0
        """Frames given up since opening."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _opened(path)
        except (OSError, sqlite3.Error) as error:
            msg = f"spool {path}: {error}"
            raise ConfigError(msg) from error
        self._recount()

    def write(self, entries: Iterable[Entry], committed: Mapping[BootKey, int] = _NOTHING) -> None:
        """Delete what the cloud has and store frames in the order given; durable on return.

        Parameters
        ----------
        entries : Iterable[Entry]
        committed : Mapping[BootKey, int]
            For a device and boot the counter below which the cloud has everything.

        Raises
        ------
        sqlite3.Error
            If the disk is full or broken; then nothing was done.
        """
        try:
            with self._db:
                for boot, through in committed.items():
                    self._delete(boot, through)
                for entry in entries:
                    self._insert(entry)
                while self._n_bytes > self._max_bytes and self._evict_oldest():
                    pass
        except sqlite3.Error:
            self._recount()
            raise

    def after(self, device: str, row_id: int, limit: int) -> list[Row]:
        """Give up to `limit` frames of a patch that were stored after row `row_id`, in order."""
        rows = self._db.execute(
            "SELECT id, boot_id, end_counter, frame FROM frames"
            " WHERE device = ? AND id > ? ORDER BY id LIMIT ?",
            (device, row_id, limit),
        )
        return [Row(*row) for row in rows]

    def state(self, device: str) -> bytes | None:
        """Give the recorder's state stored with the patch's last frame."""
        row = self._db.execute("SELECT state FROM recorders WHERE device = ?", (device,)).fetchone()
        return row[0] if row else None

    def backlog(self) -> dict[str, Backlog]:
        """Give what is not yet committed, by patch; patches with nothing are left out."""
        return {
            device: Backlog(n_frames, *self._ends(device))
            for device, n_frames in self._n_frames.items()
            if n_frames
        }

    def close(self) -> None:
        """Close the file; another gateway can open it."""
        self._db.close()

    def _recount(self) -> None:
        rows = self._db.execute(
            "SELECT device, COUNT(*), SUM(LENGTH(frame)) FROM frames GROUP BY device"
        ).fetchall()
        self._n_frames = Counter({device: n_frames for device, n_frames, _ in rows})
        self._n_bytes: int = sum(n_bytes for _, _, n_bytes in rows)

    def _ends(self, device: str) -> tuple[int, int]:
        row = self._db.execute(
            "SELECT newest.id, oldest.utc_ns FROM"
            " (SELECT MIN(id) AS first, MAX(id) AS id FROM frames WHERE device = ?) AS newest"
            " JOIN frames AS oldest ON oldest.id = newest.first",
            (device,),
        ).fetchone()
        return int(row[0]), int(row[1])

    def _delete(self, boot: BootKey, through: int) -> None:
        deleted = self._db.execute(
            "DELETE FROM frames WHERE device = ? AND boot_id = ? AND end_counter <= ?"
            " RETURNING LENGTH(frame)",
            (*boot, through),
        ).fetchall()
        self._n_bytes -= sum(n_bytes for (n_bytes,) in deleted)
        self._n_frames[boot[0]] -= len(deleted)

    def _insert(self, entry: Entry) -> None:
        self._db.execute(
            "INSERT INTO frames (device, boot_id, end_counter, utc_ns, frame)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                entry.device,
                entry.boot_id,
                entry.end_counter,
                entry.utc_ns,
                entry.frame,
            ),
        )
        self._db.execute(
            "INSERT INTO recorders VALUES (?, ?)"
            " ON CONFLICT (device) DO UPDATE SET state = excluded.state",
            (entry.device, entry.state),
        )
        self._n_bytes += len(entry.frame)
        self._n_frames[entry.device] += 1

    def _evict_oldest(self) -> bool:
        """Turn the oldest rows into one gap for each boot; False if that frees nothing."""
        before_bytes: int = self._n_bytes
        runs: dict[tuple[str, int], list[int]] = {}
        for device, boot_id, row_id in self._oldest():
            runs.setdefault((device, boot_id), []).append(row_id)
        for (device, _), row_ids in runs.items():
            self._make_gap(row_ids)
            self._n_frames[device] -= len(row_ids) - 1
        return self._n_bytes < before_bytes

    def _oldest(self) -> list[tuple[str, int, int]]:
        """Give (device, boot, id) of the rows that must go, with some room for what comes."""
        excess_bytes = self._n_bytes - self._max_bytes + self._max_bytes // _HEADROOM
        oldest = []
        for device, boot_id, row_id, n_bytes in self._db.execute(
            "SELECT device, boot_id, id, LENGTH(frame) FROM frames ORDER BY id LIMIT ?",
            (_EVICTION_ROWS,),
        ):
            oldest.append((device, boot_id, row_id))
            excess_bytes -= n_bytes
            if excess_bytes <= 0:
                break
        return oldest

    def _make_gap(self, row_ids: list[int]) -> None:
        rows = [self._frame(row_id) for row_id in (row_ids[0], row_ids[-1])]
        first, last = (decode_frame(data) for data in rows)
        marker = encode_frame(_gap_frame(last, first.start))
        (freed,) = self._db.execute(
            "SELECT SUM(LENGTH(frame)) FROM frames WHERE device = ? AND id BETWEEN ? AND ?",
            (last.device, row_ids[0], row_ids[-1]),
        ).fetchone()
        self._db.execute(
            "DELETE FROM frames WHERE device = ? AND id BETWEEN ? AND ?",
            (last.device, row_ids[0], row_ids[-1] - 1),
        )
        self._db.execute(
            "UPDATE frames SET frame = ? WHERE id = ?",
            (marker, row_ids[-1]),
        )
        self._n_bytes += len(marker) - freed
        # The first row may be the gap that an earlier eviction left.
        self.n_evicted += len(row_ids) - (first.n_samples == 0)

    def _frame(self, row_id: int) -> bytes:
        row = self._db.execute("SELECT frame FROM frames WHERE id = ?", (row_id,)).fetchone()
        return bytes(row[0])


def _gap_frame(last: Frame, start_counter: int) -> Frame:
    """Give the frame that names everything from `start_counter` to the end of `last` gone."""
    return replace(
        last,
        first_counter=last.end,
        adc=last.adc[:, :0],
        device_time_ns=last.device_time_ns + round(last.n_samples * last.period_ns),
        device_span_ns=0,
        utc_ns=last.end_utc_ns,
        gap_before=last.end - start_counter,
        gap_reason=GapReason.SPOOL_EVICTED,
    )


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _require_ours(db)
    except (sqlite3.Error, OSError):
        db.close()
        raise
    return db


def _require_ours(db: sqlite3.Connection) -> None:
    with db, closing(db.cursor()) as cursor:
        # Takes the lock now, not at the first frame.
        cursor.execute("BEGIN IMMEDIATE")
        (application_id,) = cursor.execute("PRAGMA application_id").fetchone()
        (version,) = cursor.execute("PRAGMA user_version").fetchone()
        (n_tables,) = cursor.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        if (application_id, version) == (_APPLICATION_ID, _VERSION):
            return
        if n_tables or application_id:
            msg = "not a spool of this version; move the file away to begin a new one"
            raise OSError(msg)
        for statement in _SCHEMA.split(";")[:-1]:
            cursor.execute(statement)
        cursor.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        cursor.execute(f"PRAGMA user_version = {_VERSION}")
