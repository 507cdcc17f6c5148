"""Fills a new spool with what verifies of a damaged one, and names what is missing.

What the index by counter tells, and the counters of the rows left, say what is missing: frames
with a gap of the reason MISSING stand in its place. The index is believed only as far as its rows
follow one another without a break, because a gap that reached too far would swallow samples that
are still to come.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, replace
from typing import TypeAlias

from ecgcore.errors import ConfigError, FrameError
from ecgcore.types import GapReason
from ecgcore.wire.frame import MAX_SAMPLES, decode_frame, encode_frame, frame_identity
from gateway.spool_file import TABLES, Connection
from gateway.spool_gap import gap_frame
from gateway.spool_rows import BootKey
from gateway.spool_seal import DamagedError, Seal, is_sealed
from gateway.spool_walk import Found, Told, Walk

_IN_ORDER, _HELD = TABLES
Span: TypeAlias = tuple[str, int, int, int]
"""Device, boot, first counter, end."""


@dataclass(slots=True)
class _Boot:
    """Of one boot, while its rows go by."""

    kind: str | None = None
    told: list[Told] = field(default_factory=list)
    cursor: int | None = None
    """Where what is accounted for ends; None before the first row that verifies."""
    near: bytes | None = None
    """The last frame."""
    most_samples: int = 0
    """Of one frame so far."""


class Refill:
    """Moves what verifies, row by row.

    Parameters
    ----------
    db : Connection
        The new spool, inside a transaction.
    seal : Seal
    next_id : int
        Ids of rows start here.
    """

    def __init__(self, db: Connection, seal: Seal, next_id: int) -> None:
        self._db, self._seal, self._next_id = db, seal, next_id
        self._near: dict[str, bytes] = {}
        self._spooled_s = 0
        self._n_closed = self._n_opened = 0
        self.n_saved = 0
        """Rows that verified."""
        self.missing: list[Span] = []
        """What a gap was named for."""
        self.unnamed: list[Span] = []
        """What is known to be gone, with nothing left of the patch to make a frame from."""

    def run(self, walk: Walk) -> None:
        """Move everything.

        Raises
        ------
        ConfigError
            If it was encrypted with another key.
        """
        self._move_in_order(walk)
        self._move_held(walk)
        for device, stored in walk.states():
            self._move_state(device, stored)
        self._require_key(walk.key_check())

    def _require_key(self, check: bytes | None) -> None:
        is_other = check is not None and not self._seal.is_key_of(check)
        if is_other or (check is None and self._n_closed and not self._n_opened):
            msg = "is damaged, and encrypted with another key than the one given, if any"
            raise ConfigError(msg)

    def _move_in_order(self, walk: Walk) -> None:
        told, is_whole = walk.told(_IN_ORDER)
        boots: dict[BootKey, _Boot] = {}
        for line in told:
            boot = boots.setdefault((line.device, line.boot_id), _Boot(line.kind))
            boot.told.append(line)
        for row in walk.found(_IN_ORDER, told, is_whole=is_whole):
            if (payload := self._verified(row)) is not None:
                boot = boots.setdefault((row.device, row.boot_id), _Boot(row.kind))
                self._move(row, payload, boot)
        for key, boot in boots.items():
            self._name_end(key, boot)

    def _move(self, row: Found, payload: bytes, boot: _Boot) -> None:
        if boot.cursor is None:
            boot.cursor = _told_before(row.start_counter, boot.told)
        if row.start_counter > boot.cursor:
            span = (row.device, row.boot_id, boot.cursor, row.start_counter)
            self._name(_IN_ORDER, span, boot.kind, payload)
        self._keep(_IN_ORDER, row)
        boot.cursor, boot.near = max(boot.cursor, row.end_counter), payload
        boot.most_samples = max(boot.most_samples, row.end_counter - row.start_counter)

    def _name_end(self, key: BootKey, boot: _Boot) -> None:
        start = boot.told[0].start_counter if boot.cursor is None else boot.cursor
        most_samples = 2 * boot.most_samples or MAX_SAMPLES
        end = _told_behind(start, boot.told, most_samples)
        if end > start:
            self._name(_IN_ORDER, (*key, start, end), boot.kind, boot.near)

    def _move_held(self, walk: Walk) -> None:
        told, is_whole = walk.told(_HELD)
        gone = {line.row_id: line for line in told}
        for row in walk.found(_HELD, told, is_whole=is_whole):
            if self._verified(row) is not None:
                gone.pop(row.row_id, None)
                self._keep(_HELD, row)
        for line in gone.values():
            if 0 < line.end_counter - line.start_counter <= MAX_SAMPLES:
                span = (line.device, line.boot_id, line.start_counter, line.end_counter)
                self._name(_HELD, span, line.kind, None)

    def _move_state(self, device: str, stored: bytes) -> None:
        try:
            self._seal.open_state(stored, device)
        except (DamagedError, TypeError):
            return
        self._db.execute("INSERT OR IGNORE INTO recorders VALUES (?, ?)", (device, stored))

    def _verified(self, row: Found) -> bytes | None:
        """Give the payload of a row if it is what was stored under these counters."""
        is_closed = is_sealed(row.frame)
        place = (row.device, row.boot_id, row.start_counter, row.end_counter)
        try:
            payload = self._seal.open(row.frame, row.device, row.boot_id, row.end_counter)
            is_here = row.kind is not None or frame_identity(payload) == place
        except (DamagedError, FrameError):
            self._n_closed += is_closed
            return None
        self._n_opened += is_closed
        if row.kind is None and is_here:
            self._near[row.device] = payload
        return payload if is_here else None

    def _keep(self, table: str, row: Found) -> None:
        self._spooled_s = row.spooled_s
        self._insert(table, row)
        self.n_saved += 1

    def _name(self, table: str, span: Span, kind: str | None, near: bytes | None) -> None:
        device, boot_id, start, end = span
        near = near or self._near.get(device)
        if kind is not None or near is None:
            self.unnamed.append(span)
            return
        frame = decode_frame(near)
        if frame.boot_id != boot_id:
            frame = replace(frame, boot_id=boot_id, first_counter=end)
        gap = gap_frame(frame, start, end, GapReason.MISSING)
        stored = self._seal.close(encode_frame(gap), device, boot_id, end)
        row = Found(0, *span, gap.utc_ns, self._spooled_s, None, stored)
        self._insert(table, row)
        self.missing.append(span)

    def _insert(self, table: str, row: Found) -> None:
        self._db.execute(
            f"INSERT INTO {table} (id, device, boot_id, start_counter, end_counter, utc_ns,"
            " spooled_s, kind, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._next_id, *astuple(row)[1:]),
        )
        self._next_id += 1


def _told_before(start: int, told: list[Told]) -> int:
    """Follow the index down from `start`; give the first counter it reaches."""
    for line in sorted(told, key=lambda line: line.end_counter, reverse=True):
        if line.end_counter == start and line.start_counter < start:
            start = line.start_counter
    return start


def _told_behind(end: int, told: Iterable[Told], most_samples: int) -> int:
    """Follow the index up from `end`; give the counter behind the last it reaches."""
    for line in sorted(told, key=lambda line: line.end_counter):
        if line.start_counter == end and 0 < line.end_counter - end <= most_samples:
            end = line.end_counter
    return end
