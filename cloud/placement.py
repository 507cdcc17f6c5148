"""Which shards a worker reads: its fair share of them, taken and given as workers come and go.

Theory of operation. Every worker looks about once a second how many workers live and which shards
are free. One that holds less than its share takes free ones; one that holds more gives some up, for
others to take. A worker that dies holds nothing from then on. Nobody coordinates.

A shard is opened only once its lock is held, and its lock is given only once nothing of it is in
work any more. If the connection that carries the locks breaks, the shards stay open while it is
being made anew: commits are fenced by their epochs (`cloud.store.shard_locks`).
"""

import asyncio
import logging
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from typing import Protocol

import asyncpg

from cloud.store import shard_locks
from cloud.store.database import LOST, DbConnection, DbPool

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_LOOK_AGAIN_S = 0.1
"""While we hold less than our share: somebody is just giving it up."""
_ANSWER_S = 5.0
_MAX_WORKER = (1 << 31) - 1


class Place(Protocol):
    """What works on shards."""

    def open_shard(self, shard: int, epoch: int) -> None:
        """Begin with a shard."""

    async def close_shard(self, shard: int) -> None:
        """End with a shard; after this nothing of it is in work."""


def fair_share(n_shards: int, n_workers: int) -> int:
    """Give how many shards a worker may hold."""
    return ceil(n_shards / max(1, n_workers))


class Placement:
    """The shards of one worker."""

    def __init__(self, pool: DbPool, place: Place, shards: Iterable[int]) -> None:
        self._pool = pool
        self._place = place
        self._shards = frozenset(shards)
        self._worker = random.randint(0, _MAX_WORKER)  # noqa: S311 - a number apart, not a secret
        self._epochs: dict[int, int] = {}

    async def run(self) -> None:
        """Hold shards until cancelled; the locks are free as soon as the connection is."""
        while True:
            try:
                async with self._pool.acquire(timeout=_ANSWER_S) as connection:
                    with _soon_freed(connection):
                        await self._hold(connection)
            except LOST as error:
                _log.warning("connection that holds the shards lost error=%s", error)
            await asyncio.sleep(random.uniform(0, _LOOK_S))  # noqa: S311 - spreading, not secrecy

    async def _hold(self, connection: DbConnection) -> None:
        async with asyncio.timeout(_ANSWER_S):
            await shard_locks.sign_in(connection, self._worker)
            lost = [
                shard
                for shard, epoch in self._epochs.items()
                if not await shard_locks.take_again(connection, shard, epoch)
            ]
        for shard in lost:
            await self._close(shard)
        while True:
            is_short = await self._balance(connection)
            await asyncio.sleep(_LOOK_AGAIN_S if is_short else _LOOK_S)

    async def _balance(self, connection: DbConnection) -> bool:
        """Take or give towards our share; say whether we hold less still."""
        async with asyncio.timeout(_ANSWER_S):
            n_workers = await shard_locks.count_workers(connection)
            free = list(self._shards - await shard_locks.held_shards(connection))
        share = fair_share(len(self._shards), n_workers)
        for shard in list(self._epochs)[share:]:
            await self._close(shard)
            await shard_locks.give(connection, shard)
        # Workers that look at the same moment would otherwise all try the same ones.
        random.shuffle(free)
        taken = len(self._epochs)
        for shard in free:
            if len(self._epochs) >= share:
                break
            async with asyncio.timeout(_ANSWER_S):
                epoch = await shard_locks.take(connection, shard)
            if epoch is not None:
                self._epochs[shard] = epoch
                self._place.open_shard(shard, epoch)
        if len(self._epochs) != taken:
            _log.info("shards held=%d workers=%d", len(self._epochs), n_workers)
        return len(self._epochs) < len(self._shards) // max(1, n_workers)

    async def _close(self, shard: int) -> None:
        del self._epochs[shard]
        await self._place.close_shard(shard)
        _log.info("shard given up shard=%d", shard)


@contextmanager
def _soon_freed(connection: DbConnection) -> Iterator[None]:
    """End the connection with us: waiting for its orderly return could keep the locks."""
    try:
        yield
    finally:
        # The pool says so if it has noticed the end first.
        with suppress(asyncpg.InterfaceError):
            connection.terminate()
