"""Workers share the shards, take over from the dead, and cannot commit for what they lost."""

import asyncio
from collections.abc import Callable

import pytest

from cloud.placement import Placement, fair_share
from cloud.store import shard_locks
from cloud.store.database import DbPool, open_pool
from cloud.store.shard_locks import StaleEpochError

SHARDS = range(12)


class Room:
    """Notes which shards are open."""

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}

    def open_shard(self, shard: int, epoch: int) -> None:
        self.epochs[shard] = epoch

    async def close_shard(self, shard: int) -> None:
        del self.epochs[shard]


async def _until(holds: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - another process' connection cannot wake us
            await asyncio.sleep(0.02)


async def _n_workers(pool: DbPool) -> int:
    async with pool.acquire() as connection:
        return await shard_locks.count_workers(connection)


def _split(rooms: list[Room], *counts: int) -> Callable[[], bool]:
    def holds() -> bool:
        held = [shard for room in rooms for shard in room.epochs]
        return sorted(held) == list(SHARDS) and sorted(len(r.epochs) for r in rooms) == [*counts]

    return holds


@pytest.mark.parametrize(("workers", "share"), [(0, 64), (1, 64), (2, 32), (3, 22), (100, 1)])
def test_a_share_is_fair(workers: int, share: int) -> None:
    assert fair_share(64, workers) == share


async def test_shards_are_shared_and_taken_over(database_url: str) -> None:
    pool = await open_pool(database_url, max_size=8)
    rooms = [Room(), Room(), Room()]
    tasks = [asyncio.create_task(Placement(pool, rooms[0], SHARDS).run())]
    await _until(_split(rooms, 0, 0, 12))
    first = dict(rooms[0].epochs)
    tasks += [asyncio.create_task(Placement(pool, room, SHARDS).run()) for room in rooms[1:]]
    await _until(_split(rooms, 4, 4, 4))
    for shard in rooms[1].epochs:
        assert rooms[1].epochs[shard] > first[shard]
    # Killed, not stopped: it closes nothing.
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    dead = dict(rooms[1].epochs)
    rooms[1].epochs.clear()
    await _until(_split(rooms, 0, 6, 6))
    async with pool.acquire() as connection:
        with pytest.raises(StaleEpochError, match="belong to another worker"):
            await shard_locks.require_epochs(connection, dead)
        await shard_locks.require_epochs(connection, rooms[0].epochs | rooms[2].epochs)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    pool.terminate()


async def test_a_lost_connection_alone_closes_nothing(pool: DbPool) -> None:
    room = Room()
    running = asyncio.create_task(Placement(pool, room, SHARDS).run())
    await _until(_split([room], 12))
    before = dict(room.epochs)
    await pool.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    for expected in (0, 1):
        async with asyncio.timeout(10):
            while await _n_workers(pool) != expected:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
    async with pool.acquire() as connection, asyncio.timeout(10):
        while await shard_locks.held_shards(connection) != frozenset(SHARDS):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert room.epochs == before
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_shard_that_others_held_meanwhile_is_closed(pool: DbPool) -> None:
    async with pool.acquire() as one, pool.acquire() as other:
        epoch = await shard_locks.take(one, 3)
        assert epoch == 1
        assert await shard_locks.take(other, 3) is None
        await shard_locks.give(one, 3)
        assert await shard_locks.take_again(other, 3, 1)
        await shard_locks.give(other, 3)
        assert await shard_locks.take(other, 3) == 2
        await shard_locks.give(other, 3)
        assert not await shard_locks.take_again(one, 3, 1)
        assert await shard_locks.held_shards(one) == frozenset()
