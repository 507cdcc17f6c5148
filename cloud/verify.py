"""Accounting for a recording from what the database holds, trusting no counter kept elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from asyncpg import Record

from cloud.store.database import DbConnection
from ecgcore.blocks import BlockHasher
from ecgcore.errors import ConfigError
from ecgcore.events import BlockClosed
from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import Frame, decode_frame

Interval: TypeAlias = tuple[int, int]
"""First counter, counter after the last."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The ledger of one recording; every figure but the blocks counts samples."""

    session_id: str
    span: int
    """Counters from 0 to the last."""
    stored: int
    gaps: dict[str, int]
    """By reason."""
    n_gaps: int
    lost: int
    """Accounted for by nothing."""
    duplicated: int
    """Accounted for more than once."""
    resent: int
    """Arrived again and dropped."""
    late: int
    blocks: int
    blocks_equal: int
    """Whose hash is the one kept when they arrived."""

    @property
    def holds(self) -> bool:
        """Whether every sample is accounted for once and every block is as it was."""
        return not self.lost and not self.duplicated and self.blocks == self.blocks_equal

    def as_dict(self) -> dict[str, Any]:
        """Give all figures, for JSON."""
        return {**asdict(self), "holds": self.holds}


async def verify_sessions(connection: DbConnection, sessions: Sequence[str]) -> list[Audit]:
    """Audit the named recordings, or all.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    rows = await connection.fetch(
        "SELECT session_id, device_id, boot_id, fs_mhz FROM recording "
        "WHERE cardinality($1::text[]) = 0 OR session_id = ANY($1) ORDER BY start_ns, session_id",
        list(sessions),
    )
    unknown = set(sessions) - {row["session_id"] for row in rows}
    if unknown:
        msg = f"no recording named {', '.join(sorted(unknown))}"
        raise ConfigError(msg)
    return [
        await _audit(
            connection, row["session_id"], (row["device_id"], row["boot_id"]), row["fs_mhz"]
        )
        for row in rows
    ]


async def _audit(
    connection: DbConnection, session_id: str, key: tuple[str, int], fs_mhz: int
) -> Audit:
    # One snapshot: what is committed meanwhile would be in one table and not in the other.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await _audit_snapshot(connection, session_id, key, fs_mhz)


async def _audit_snapshot(
    connection: DbConnection, session_id: str, key: tuple[str, int], fs_mhz: int
) -> Audit:
    ledger = await connection.fetch(
        "SELECT kind, first_counter, n_samples, times FROM ledger "
        "WHERE device_id = $1 AND boot_id = $2 ORDER BY first_counter",
        *key,
    )
    holes = [_interval(row) for row in ledger if row["kind"] == "gap"]
    late = {_interval(row) for row in ledger if row["kind"] == "late"}
    tally = _Tally(BlockHasher(fs_mhz), holes, late)
    async for row in connection.cursor(
        "SELECT body FROM frame WHERE device_id = $1 AND boot_id = $2 "
        "ORDER BY first_counter, n_samples",
        *key,
    ):
        tally.add(decode_frame(row["body"]))
    kept = await connection.fetch(
        "SELECT start_counter, sha256 FROM block WHERE device_id = $1 AND boot_id = $2", *key
    )
    return Audit(
        session_id=session_id,
        span=tally.end,
        stored=tally.stored,
        gaps=dict(tally.gaps()),
        n_gaps=tally.n_gaps,
        lost=tally.lost(),
        duplicated=tally.duplicated,
        resent=sum(row["n_samples"] * row["times"] for row in ledger if row["kind"] == "resent"),
        late=sum(end - start for start, end in late),
        blocks=len(kept),
        blocks_equal=sum(tally.digests.get(b["start_counter"]) == b["sha256"] for b in kept),
    )


def _interval(row: Record) -> Interval:
    return row["first_counter"], row["first_counter"] + row["n_samples"]


class _Tally:
    """Adds up frames that come in counter order."""

    def __init__(self, hasher: BlockHasher, holes: list[Interval], late: set[Interval]) -> None:
        self.stored = 0
        self.duplicated = 0
        self.n_gaps = len(holes)
        self.end = max((end for _, end in holes), default=0)
        self.digests: dict[int, bytes] = {}
        self._covered: list[Interval] = []
        self._gaps: Counter[str] = Counter()
        self._hasher = hasher
        self._hashed_to = 0
        self._holes = holes
        self._unhashed_holes = list(holes)
        self._late = late

    def add(self, frame: Frame) -> None:
        """Count a frame, its gap included, and hash it unless it came late."""
        overlap = self._cover(frame.start, frame.end)
        self.duplicated += overlap
        self.stored += frame.n_samples
        gap = frame.gap()
        if gap is not None:
            self.n_gaps += 1
            self._gaps[gap.reason.name.lower()] += gap.n_samples
        if (frame.start, frame.end) not in self._late:
            self._hash(frame, gap)

    def gaps(self) -> Counter[str]:
        """Give missing samples by reason."""
        left = sum(end - start - self._covered_within(start, end) for start, end in self._holes)
        return self._gaps + Counter({GapReason.MISSING.name.lower(): left})

    def lost(self) -> int:
        """Give how many counters nothing accounts for."""
        covered = sum(end - start for start, end in self._covered)
        missing = self.gaps()[GapReason.MISSING.name.lower()] - self._gaps["missing"]
        return self.end - covered - missing

    def _cover(self, start: int, end: int) -> int:
        self.end = max(self.end, end)
        last_end = self._covered[-1][1] if self._covered else 0
        overlap = max(0, min(last_end, end) - start)
        if self._covered and start <= last_end:
            self._covered[-1] = (self._covered[-1][0], max(last_end, end))
        else:
            self._covered.append((start, end))
        return overlap

    def _covered_within(self, start: int, end: int) -> int:
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self._covered)

    def _hash(self, frame: Frame, gap: Gap | None) -> None:
        while self._unhashed_holes and self._unhashed_holes[0][0] < frame.start:
            start, end = self._unhashed_holes.pop(0)
            self._keep(self._hasher.push_gap(Gap(start, end - start, GapReason.MISSING)))
            self._hashed_to = end
        if gap is not None:
            self._keep(self._hasher.push_gap(gap))
        elif frame.start > self._hashed_to:
            # Rows are gone from the store: the hash must differ, and the audit must go on.
            lost = frame.start - self._hashed_to
            self._keep(self._hasher.push_gap(Gap(self._hashed_to, lost, GapReason.MISSING)))
        if frame.n_samples:
            self._keep(self._hasher.push_samples(frame.first_counter, frame.adc))
        self._hashed_to = frame.end

    def _keep(self, blocks: list[BlockClosed]) -> None:
        self.digests |= {block.start: block.sha256 for block in blocks}
