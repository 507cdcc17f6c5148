"""The rows of an open spool: stored, handed out, moved, deleted, and counted."""

from collections import Counter
from collections.abc import Iterable, Mapping

from gateway.spool_eviction import Evicted, SpoolClock, evict_excess, evict_older
from gateway.spool_file import TABLES, Connection, transaction
from gateway.spool_rows import SAMPLES, Backlog, BootKey, Entry, Row
from gateway.spool_seal import DamagedError, Seal

_HEADROOM = 64
_AGE_EVERY_S = 60
# Sums of counters then stay within 64 bits.
_MODULUS = 1 << 31
_ROW = "id, boot_id, end_counter, frame, kind, start_counter"
_COLUMNS = "id, device, boot_id, start_counter, end_counter, utc_ns, spooled_s, kind, frame"


class Store:
    """Everything SQL; the file may turn out to be damaged, or the disk refuse, at any call.

    Parameters
    ----------
    db : Connection
        Open and of this version.
    seal : Seal
    max_bytes : int
        Of stored frames.
    max_age_s : float or None
    next_id : int
        Row ids start no lower.

    Raises
    ------
    DamagedError, sqlite3.Error
        If a row is not what was stored, or cannot be read.
    """

    def __init__(
        self, db: Connection, seal: Seal, max_bytes: int, max_age_s: float | None, next_id: int
    ) -> None:
        self._db, self._seal = db, seal
        self._max_bytes, self._max_age_s = max_bytes, max_age_s
        (self._stored_ahead_s,) = db.execute("SELECT ahead_s FROM about").fetchone()
        self._clock = SpoolClock(self._stored_ahead_s)
        self._aged_s = 0
        self._n_bytes = 0
        self._n_rows = {table: Counter[str]() for table in TABLES}
        self.next_id = next_id
        """Of the next row; ids only grow while the spool is open."""
        self.n_evicted = 0
        """Frames given up."""
        for table in TABLES:
            self._count(table)
        self._check_states()

    def write(
        self, entries: Iterable[Entry], committed: Mapping[BootKey, int]
    ) -> dict[str, Backlog]:
        """Delete what the cloud has and store frames in the order given; durable on return.

        Gives what is not yet committed then, by patch.
        """
        before = self._n_bytes, {table: n.copy() for table, n in self._n_rows.items()}
        n_evicted, now_s = self.n_evicted, self._clock.now_s()
        try:
            with transaction(self._db):
                for boot, through in committed.items():
                    self._delete(boot, through)
                states = {entry.device: entry.state for entry in entries}
                for entry in entries:
                    self._insert(entry, now_s)
                for device, state in states.items():
                    self._keep_state(device, state)
                self._give_way(now_s)
                self._keep_clock()
                # In here: once this has returned, nobody may have to write again.
                backlog = self.backlog()
        except BaseException:
            (self._n_bytes, self._n_rows), self.n_evicted = before, n_evicted
            raise
        self._stored_ahead_s = self._clock.ahead_s
        return backlog

    def after(self, device: str, row_id: int, limit: int) -> list[Row]:
        """Give rows of a patch behind one, in order."""
        return self._rows(
            device,
            f"SELECT {_ROW} FROM frames WHERE device = ? AND id > ? ORDER BY id LIMIT ?",
            (device, row_id, limit),
        )

    def held(self, device: str) -> list[Row]:
        """Give the held rows of a patch, by boot and counter."""
        return self._rows(
            device,
            f"SELECT {_ROW} FROM held WHERE device = ? ORDER BY boot_id, start_counter, id",
            (device,),
        )

    def state(self, device: str) -> bytes | None:
        """Give the recorder's state stored with the patch's last frame."""
        row = self._db.execute("SELECT state FROM recorders WHERE device = ?", (device,)).fetchone()
        return self._seal.open_state(row[0], device) if row else None

    def backlog(self) -> dict[str, Backlog]:
        """Give what is not yet committed, by patch."""
        in_order, held = (self._n_rows[table] for table in TABLES)
        devices = [device for device in {**in_order, **held} if in_order[device] or held[device]]
        return {
            device: Backlog(in_order[device], *self._ends(device), held[device])
            for device in devices
        }

    def _rows(self, device: str, sql: str, parameters: tuple[str | int, ...]) -> list[Row]:
        return [
            Row(
                row_id,
                boot_id,
                end,
                self._seal.open(stored, device, boot_id, end),
                kind or SAMPLES,
                start,
            )
            for row_id, boot_id, end, stored, kind, start in self._db.execute(sql, parameters)
        ]

    def _count(self, table: str) -> None:
        """Count the rows, looking at each once, so that damage shows before it is relied upon."""
        n_rows, ends = self._n_rows[table], 0
        for row_id, device, boot_id, end, stored in self._db.execute(
            f"SELECT id, device, boot_id, end_counter, frame FROM {table} NOT INDEXED"
        ):
            self._seal.open(stored, device, boot_id, end)
            if not isinstance(end, int):
                msg = f"{device}/{boot_id}: counter {end!r}"
                raise DamagedError(msg)
            self._n_bytes += len(stored)
            n_rows[device] += 1
            ends += end % _MODULUS
            self.next_id = max(self.next_id, row_id + 1)
        by_device = dict(
            self._db.execute(
                f"SELECT device, COUNT(*) FROM {table} INDEXED BY {table}_by_device GROUP BY device"
            )
        )
        (by_counter,) = self._db.execute(
            f"SELECT COALESCE(SUM(end_counter % {_MODULUS}), 0) FROM {table}"
            f" INDEXED BY {table}_by_counter"
        ).fetchone()
        if by_device != dict(n_rows) or by_counter != ends:
            msg = f"{table}: rows and index differ"
            raise DamagedError(msg)

    def _check_states(self) -> None:
        for device, state in self._db.execute("SELECT device, state FROM recorders"):
            self._seal.open_state(state, device)

    def _ends(self, device: str) -> tuple[int, int]:
        row = self._db.execute(
            "SELECT newest.id, oldest.utc_ns FROM"
            " (SELECT MIN(id) AS first, MAX(id) AS id FROM frames WHERE device = ?) AS newest"
            " JOIN frames AS oldest ON oldest.id = newest.first",
            (device,),
        ).fetchone()
        if row is None:
            (oldest_ns,) = self._db.execute(
                "SELECT MIN(utc_ns) FROM held WHERE device = ?", (device,)
            ).fetchone()
            return 0, int(oldest_ns)
        return int(row[0]), int(row[1])

    def _delete(self, boot: BootKey, through: int) -> None:
        deleted = self._db.execute(
            "DELETE FROM frames WHERE device = ? AND boot_id = ? AND end_counter <= ?"
            " RETURNING LENGTH(frame)",
            (*boot, through),
        ).fetchall()
        self._n_bytes -= sum(n_bytes for (n_bytes,) in deleted)
        self._n_rows["frames"][boot[0]] -= len(deleted)

    def _insert(self, entry: Entry, now_s: int) -> None:
        device, boot_id, end = entry.device, entry.boot_id, entry.end_counter
        table = "held" if entry.is_held else "frames"
        stored = self._seal.close(entry.frame, device, boot_id, end)
        kind = None if entry.kind == SAMPLES else entry.kind
        self._db.execute(
            f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._new_id(),
                device,
                boot_id,
                entry.start,
                end,
                entry.utc_ns,
                now_s,
                kind,
                stored,
            ),
        )
        self._n_bytes += len(stored)
        self._n_rows[table][device] += 1
        if entry.releases_to is not None:
            self._release((device, boot_id), entry.releases_to)

    def _release(self, boot: BootKey, to: int) -> None:
        released = self._db.execute(
            "SELECT id FROM held WHERE device = ? AND boot_id = ? AND start_counter <= ?"
            " ORDER BY start_counter, id",
            (*boot, to),
        ).fetchall()
        for (held_id,) in released:
            self._db.execute(
                f"INSERT INTO frames ({_COLUMNS}) SELECT ?{_COLUMNS.removeprefix('id')}"
                " FROM held WHERE id = ?",
                (self._new_id(), held_id),
            )
            self._db.execute("DELETE FROM held WHERE id = ?", (held_id,))
        self._n_rows["held"][boot[0]] -= len(released)
        self._n_rows["frames"][boot[0]] += len(released)

    def _new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _keep_state(self, device: str, state: bytes) -> None:
        self._db.execute(
            "INSERT INTO recorders VALUES (?, ?)"
            " ON CONFLICT (device) DO UPDATE SET state = excluded.state",
            (device, self._seal.close_state(state, device)),
        )

    def _keep_clock(self) -> None:
        if self._clock.ahead_s != self._stored_ahead_s:
            self._db.execute("UPDATE about SET ahead_s = ?", (self._clock.ahead_s,))

    def _give_way(self, now_s: int) -> None:
        if self._max_age_s is not None and now_s - self._aged_s >= _AGE_EVERY_S:
            self._aged_s = now_s
            self._account(evict_older(self._db, self._seal, int(now_s - self._max_age_s)))
        while self._n_bytes > self._max_bytes:
            excess_bytes = self._n_bytes - self._max_bytes + self._max_bytes // _HEADROOM
            if not self._account(evict_excess(self._db, self._seal, excess_bytes)):
                break

    def _account(self, evicted: list[Evicted]) -> bool:
        for one in evicted:
            self._n_rows[one.table][one.device] -= one.n_rows
            self._n_bytes -= one.n_bytes
            self.n_evicted += one.n_frames
        return bool(evicted)
