"""What gives way when the spool is too large or its rows too old: the oldest, and said so.

A run of rows of one boot, with the gaps inside it, becomes one frame without samples whose gap has
the reason SPOOL_EVICTED. Held rows give way after those that are in order; an open hole between
them stays open, because it ends a run.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame, decode_frame, encode_frame
from gateway.spool_file import TABLES, Connection
from gateway.spool_gap import gap_frame
from gateway.spool_seal import Seal

_MOST_ROWS = 4096
_STEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Oldest:
    """One of the rows that stand first in their table."""

    row_id: int
    device: str
    boot_id: int
    start_counter: int
    end_counter: int
    spooled_s: int
    kind: str | None
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Evicted:
    """What one run gave up."""

    table: str
    device: str
    n_frames: int
    n_rows: int
    """Rows fewer than before: what is left may be a row that names the gap."""
    n_bytes: int


class SpoolClock:
    """Tells how old rows are; they never seem older than they are.

    A forward step of the host's clock, such as its first setting on a machine that woke up in the
    past, moves the rows along.

    Parameters
    ----------
    ahead_s : int
        Sum of the forward steps so far.
    """

    def __init__(
        self,
        ahead_s: int,
        utc_s: Callable[[], float] = time.time,
        running_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._utc_s, self._running_s = utc_s, running_s
        self._offset_s = utc_s() - running_s()
        self.ahead_s = ahead_s

    def now_s(self) -> int:
        """Give the time rows are stamped with."""
        utc_s = self._utc_s()
        offset_s = utc_s - self._running_s()
        if abs(offset_s - self._offset_s) > _STEP_S:
            self.ahead_s += max(0, round(offset_s - self._offset_s))
            self._offset_s = offset_s
        return int(utc_s) - self.ahead_s


def evict_excess(db: Connection, seal: Seal, excess_bytes: int) -> list[Evicted]:
    """Have the oldest rows give up about that much, or nothing where all are gaps already."""
    for table in TABLES:
        oldest, n_chosen = list(_oldest(db, table)), 0
        while n_chosen < len(oldest):
            n_chosen = _reaching(oldest, n_chosen, excess_bytes)
            evicted = _evict(db, seal, table, oldest[:n_chosen])
            if sum(one.n_bytes for one in evicted) > 0:
                return evicted
            # Gaps only; what comes behind them may give more.
    return []


def _reaching(oldest: list[Oldest], n_chosen: int, excess_bytes: int) -> int:
    for n, row in enumerate(oldest[n_chosen:], n_chosen + 1):
        excess_bytes -= row.n_bytes
        if excess_bytes <= 0:
            return n
    return len(oldest)


def evict_older(db: Connection, seal: Seal, before_s: int) -> list[Evicted]:
    """Have rows that were stored before a time give way; those behind a younger one wait for it."""
    evicted = []
    for table in TABLES:
        chosen = []
        for row in _oldest(db, table):
            if row.spooled_s >= before_s:
                break
            chosen.append(row)
        evicted += _evict(db, seal, table, chosen)
    return evicted


def _oldest(db: Connection, table: str) -> Iterator[Oldest]:
    rows = db.execute(
        "SELECT id, device, boot_id, start_counter, end_counter, spooled_s, kind, LENGTH(frame)"
        f" FROM {table} ORDER BY id LIMIT ?",
        (_MOST_ROWS,),
    )
    return (Oldest(*row) for row in rows)


def _evict(db: Connection, seal: Seal, table: str, rows: list[Oldest]) -> list[Evicted]:
    return [
        _drop(db, table, run) if run[0].kind else _name_gap(db, seal, table, run)
        for run in _runs(rows)
    ]


def _runs(rows: list[Oldest]) -> list[list[Oldest]]:
    runs: list[list[Oldest]] = []
    open_runs: dict[tuple[str, int, str | None], list[Oldest]] = {}
    for row in rows:
        key = (row.device, row.boot_id, row.kind)
        run = open_runs.get(key)
        if run is None or run[-1].end_counter != row.start_counter:
            open_runs[key] = run = []
            runs.append(run)
        run.append(row)
    return runs


def _drop(db: Connection, table: str, run: list[Oldest]) -> Evicted:
    for row in run:
        db.execute(f"DELETE FROM {table} WHERE id = ?", (row.row_id,))
    n_bytes = sum(row.n_bytes for row in run)
    return Evicted(table, run[0].device, len(run), len(run), n_bytes)


def _name_gap(db: Connection, seal: Seal, table: str, run: list[Oldest]) -> Evicted:
    first, last = run[0], run[-1]
    # The first row may be the gap that an earlier eviction left.
    was_gap = _frame(db, seal, table, first).n_samples == 0
    if was_gap and first is last:
        return Evicted(table, first.device, 0, 0, 0)
    gap = gap_frame(
        _frame(db, seal, table, last),
        first.start_counter,
        last.end_counter,
        GapReason.SPOOL_EVICTED,
    )
    marker = seal.close(encode_frame(gap), last.device, last.boot_id, last.end_counter)
    for row in run[:-1]:
        db.execute(f"DELETE FROM {table} WHERE id = ?", (row.row_id,))
    db.execute(
        f"UPDATE {table} SET frame = ?, start_counter = ? WHERE id = ?",
        (marker, first.start_counter, last.row_id),
    )
    n_bytes = sum(row.n_bytes for row in run) - len(marker)
    return Evicted(table, last.device, len(run) - was_gap, len(run) - 1, n_bytes)


def _frame(db: Connection, seal: Seal, table: str, row: Oldest) -> Frame:
    (stored,) = db.execute(
        f"SELECT frame FROM {table} WHERE id = ?",
        (row.row_id,),
    ).fetchone()
    return decode_frame(seal.open(stored, row.device, row.boot_id, row.end_counter))
