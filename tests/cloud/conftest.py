"""A PostgreSQL for the whole run, an empty migrated database for each test; a broker for each."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from cloud.embedded.nats import EmbeddedNats
from cloud.store.database import DbPool, migrate, open_pool
from tests.servers import Server, running_nats, running_postgres


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as (_, url):
        yield url


@pytest.fixture
async def database_url(postgres_url: str) -> str:
    name = f"t{uuid4().hex}"
    # An open port is not yet a server that takes orders, hence the waiting.
    admin = await open_pool(postgres_url, wait_s=20)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    url = postgres_url.rsplit("/", 1)[0] + f"/{name}"
    await migrate(url)
    return url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[DbPool]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, EmbeddedNats]]:
    with running_nats(tmp_path_factory.mktemp("nats")) as running:
        yield running
