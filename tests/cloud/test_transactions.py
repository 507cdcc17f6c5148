"""A database that goes away in mid-work is one error, however asyncpg words it."""

import asyncpg
import pytest

from cloud.store.database import DbPool
from cloud.transactions import DatabaseDownError, transaction


@pytest.mark.parametrize(
    "loss",
    [
        ConnectionRefusedError("Connect call failed"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress"),
        TimeoutError(),
    ],
)
async def test_every_way_to_lose_it(pool: DbPool, loss: Exception) -> None:
    with pytest.raises(DatabaseDownError):
        async with transaction(pool):
            raise loss


async def test_what_the_caller_does_wrong_is_not_the_database_being_away(pool: DbPool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with transaction(pool) as connection:
            await connection.execute("SELECT FROM nothing")
