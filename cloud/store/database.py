"""Opening the database: one pool, checked to be durable, migrated to the newest schema."""

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ecgcore.errors import ConfigError

if TYPE_CHECKING:
    DbConnection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    DbPool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    DbConnection = asyncpg.Connection
    DbPool = asyncpg.Pool

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A server killed in the middle of an answer can leave asyncpg's protocol in a state it rejects.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    TimeoutError,
)
"""What asyncpg raises when the server is not there (any more), or has no room right now."""

_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


def shown(url: str) -> str:
    """Give the address of a database without its password, for people."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 5432}{parts.path}"
    except ValueError:
        # Not a word of it: what cannot be read may be the password.
        return "address"


async def open_pool(url: str, *, max_size: int = 4, wait_s: float = 0) -> DbPool:
    """Connect to the database.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/name``.
    wait_s : float
        How long to go on trying while nothing answers.

    Raises
    ------
    ConfigError
        If it cannot be reached, refuses the credentials, or would lose commits.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=max_size, timeout=5, command_timeout=30, init=_set_codecs
            )
            break
        except (*LOST, asyncpg.PostgresError, ValueError) as error:
            # A wrong address is an InterfaceError too, and a ValueError.
            transient = isinstance(error, LOST) and not isinstance(error, ValueError)
            if not transient or loop.time() >= deadline:
                msg = f"database {shown(url)}: {str(error) or type(error).__name__}"
                raise ConfigError(msg) from error
            await asyncio.sleep(0.2)
    await _require_durable(pool, url)
    return pool


async def migrate(url: str) -> None:
    """Bring the schema up to date; doing it twice, or from two processes, is harmless.

    Raises
    ------
    ConfigError
        If the database does not let us, or is a newer version's.
    """
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (DBAPIError, CommandError) as error:
        why = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        msg = f"database {shown(url)}: the schema cannot be brought up to date: {why}"
        raise ConfigError(msg) from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    # Held until the transaction ends, so that two starting processes take turns.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4206137)")
    config = Config()
    config.set_main_option("script_location", "cloud:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _set_codecs(connection: DbConnection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


async def _require_durable(pool: DbPool, url: str) -> None:
    rows = await pool.fetch(
        "SELECT name, setting FROM pg_settings WHERE name = ANY($1)", _DURABILITY
    )
    off = [row["name"] for row in rows if row["setting"] == "off"]
    if off:
        await pool.close()
        msg = f"database {shown(url)}: {', '.join(off)} is off, so a commit would not be durable"
        raise ConfigError(msg)
