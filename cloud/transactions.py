"""One transaction of a pool, an account's or the server's own, or the news that it is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloud.auth import Account
from cloud.store.database import LOST, DbConnection, DbPool
from cloud.store.policies import READER
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


@asynccontextmanager
async def account_transaction(pool: DbPool, account: Account) -> AsyncIterator[DbConnection]:
    """Hold a connection in a transaction that sees no more rows than the account may.

    Raises
    ------
    DatabaseDownError
        If there is no connection to be had, or it was lost in between.
    """
    async with transaction(pool) as connection:
        await connection.execute(
            "SELECT set_config('role', $1, true), set_config('ecgomics.username', $2, true)",
            READER,
            account.username,
        )
        yield connection
