"""A running server on a real broker and database, with two patients and their clinicians."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from cloud import accounts
from cloud.embedded.nats import EmbeddedNats
from tests.cloud.api.house import House, open_house
from tests.servers import Server


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as real accounts are, only with little memory: most tests sign somebody in."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    monkeypatch.setattr(accounts, "_hasher", quick)


@pytest.fixture
async def house(
    database_url: str, broker: tuple[Server, EmbeddedNats], tmp_path: Path
) -> AsyncIterator[House]:
    async with open_house(database_url, broker[1].url("server", "server"), tmp_path) as house:
        yield house
