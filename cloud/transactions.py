"""One transaction of a pool, or the news that the database is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloud.store.database import LOST, DbConnection, DbPool
from ecgcore.errors import EcgomicsError

_ACQUIRE_S = 3.0


class DatabaseDownError(EcgomicsError):
    """The database does not answer; asking again later is right."""


@asynccontextmanager
async def transaction(pool: DbPool) -> AsyncIterator[DbConnection]:
    """Hold a connection in a transaction.

    Raises
    ------
    DatabaseDownError
        If there is no connection to be had, or it was lost in between.
    """
    try:
        async with pool.acquire(timeout=_ACQUIRE_S) as connection, connection.transaction():
            yield connection
    except LOST as error:
        msg = "the database does not answer"
        raise DatabaseDownError(msg) from error
