"""Who reads which shard: advisory locks of PostgreSQL, and the epoch that fences who lost one.

A lock lives as long as its connection, so a dead worker's shards are free at once and nobody has to
coordinate. A worker that does not know yet that it lost a shard is stopped by the epoch: each new
holder counts it up, and a commit with an older one fails.
"""

from collections.abc import Mapping

from cloud.store.database import DbConnection
from ecgcore.errors import EcgomicsError

# Classes of two-key advisory locks: one lock a shard, one lock a living worker.
_SHARD_CLASS = 4206138
_WORKER_CLASS = 4206139


class StaleEpochError(EcgomicsError):
    """Shards were taken over by another worker; nothing of the transaction may stay."""

    def __init__(self, shards: frozenset[int]) -> None:
        super().__init__(f"shards {sorted(shards)} belong to another worker now")
        self.shards = shards


async def sign_in(connection: DbConnection, worker: int) -> None:
    """Count as a living worker while this connection lives; `worker` is any 31-bit number."""
    await connection.execute("SELECT pg_advisory_lock($1, $2)", _WORKER_CLASS, worker)


async def count_workers(connection: DbConnection) -> int:
    """Give how many workers live."""
    return len(await _locked(connection, _WORKER_CLASS))


async def held_shards(connection: DbConnection) -> frozenset[int]:
    """Give the shards that anybody holds."""
    return frozenset(await _locked(connection, _SHARD_CLASS))


async def take(connection: DbConnection, shard: int) -> int | None:
    """Take a shard; give its new epoch, None if somebody holds it."""
    if not await _try_lock(connection, shard):
        return None
    epoch: int = await connection.fetchval(
        "INSERT INTO shard_epoch VALUES ($1, 1) "
        "ON CONFLICT (shard) DO UPDATE SET epoch = shard_epoch.epoch + 1 RETURNING epoch",
        shard,
    )
    return epoch


async def take_again(connection: DbConnection, shard: int, epoch: int) -> bool:
    """Take a shard back after the connection was lost; False if anybody held it meanwhile."""
    if not await _try_lock(connection, shard):
        return False
    known = await connection.fetchval("SELECT epoch FROM shard_epoch WHERE shard = $1", shard)
    if known != epoch:
        await give(connection, shard)
    return bool(known == epoch)


async def give(connection: DbConnection, shard: int) -> None:
    """Let another worker have a shard."""
    await connection.execute("SELECT pg_advisory_unlock($1, $2)", _SHARD_CLASS, shard)


async def require_epochs(connection: DbConnection, epochs: Mapping[int, int]) -> None:
    """Make sure that nobody takes these shards over before the transaction ends.

    Raises
    ------
    StaleEpochError
        If somebody has done so already.
    """
    rows = await connection.fetch(
        "SELECT shard, epoch FROM shard_epoch WHERE shard = ANY($1::int[]) ORDER BY shard "
        "FOR SHARE",
        list(epochs),
    )
    known = {row["shard"]: row["epoch"] for row in rows}
    stale = frozenset(shard for shard, epoch in epochs.items() if known.get(shard) != epoch)
    if stale:
        raise StaleEpochError(stale)


async def _try_lock(connection: DbConnection, shard: int) -> bool:
    return bool(
        await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _SHARD_CLASS, shard)
    )


async def _locked(connection: DbConnection, lock_class: int) -> list[int]:
    rows = await connection.fetch(
        "SELECT objid::int AS number FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND objsubid = 2 AND classid::bigint = $1 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        lock_class,
    )
    return [row["number"] for row in rows]
