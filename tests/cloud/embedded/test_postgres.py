import os
from pathlib import Path

import asyncpg
import pytest

from cloud.embedded import postgres
from ecgcore.errors import ConfigError
from tests.servers import free_port, running_postgres_on


@pytest.fixture
def no_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What containers often do: user namespaces are forbidden."""
    unshare = tmp_path / "bin" / "unshare"
    unshare.parent.mkdir()
    unshare.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", f"{unshare.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("no_namespaces")
async def test_without_namespaces_it_runs_in_a_folder_that_only_its_owner_enters(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    embedded = postgres.prepare(folder / "pg", free_port())
    with running_postgres_on(embedded) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT current_database()") == "ecgomics"
        await connection.close()


def test_root_with_no_way_to_be_someone_else_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"run as an ordinary user or give --database$"):
        postgres.prepare(tmp_path / "pg", free_port())


def test_a_folder_is_made_once_and_keeps_its_password(tmp_path: Path) -> None:
    made = postgres.prepare(tmp_path / "pg", free_port())
    secret = tmp_path / "pg.password"
    assert secret.stat().st_mode & 0o777 == 0o600
    again = postgres.prepare(tmp_path / "pg", made.port)
    assert again == made
