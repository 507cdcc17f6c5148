"""The disk under the outbox is full, read-only or broken for a while."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import spool_file
from gateway.outbox import Outbox
from gateway.spool import Spool, Wanted
from gateway.spool_file import Connection, Cursor
from tests.gateway.broker import until
from tests.gateway.test_spool import MIB, entries

FULL, READ_ONLY, BROKEN = "full", "read-only", "broken"


class Disk:
    """Opens spools; while `trouble` is set, nothing can be written."""

    def __init__(self) -> None:
        self.trouble: str | None = None

    def connect(self, path: Path) -> Connection:
        return _Troubled(self, spool_file.connect(path))


class _Troubled:
    def __init__(self, disk: Disk, db: Connection) -> None:
        self._disk, self._db = disk, db
        self._has_changes = False

    def _fail_or_not(self) -> None:
        """Have SQLite itself refuse, as it does on such a disk."""
        is_read_only = int(self._disk.trouble == READ_ONLY)
        self._db.execute(f"PRAGMA query_only = {is_read_only}")
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        most = pages if self._disk.trouble == FULL else 1 << 30
        self._db.execute(f"PRAGMA max_page_count = {most}").fetchall()

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        verb = sql.split()[0]
        if verb == "BEGIN":
            self._fail_or_not()
        self._has_changes = verb != "BEGIN" and (
            self._has_changes or verb in ("INSERT", "UPDATE", "DELETE")
        )
        if self._disk.trouble == BROKEN and verb == "COMMIT" and self._has_changes:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC  # as SQLite's own has it
            raise error
        return self._db.execute(sql, parameters)

    def close(self) -> None:
        self._db.close()


@asynccontextmanager
async def running(path: Path, disk: Disk) -> AsyncIterator[Outbox]:
    with ThreadPoolExecutor(1) as thread:
        opening = thread.submit(lambda: Spool(path, MIB, connect=disk.connect))
        spool = await asyncio.wrap_future(opening)
        outbox = Outbox(spool, thread, linger_s=0)
        writer = asyncio.create_task(outbox.run())
        yield outbox
        writer.cancel()
        await asyncio.wait([writer])
        await asyncio.wrap_future(thread.submit(spool.close))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.outbox._RETRY_S", 0.01)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(FULL, "full"), (READ_ONLY, "readonly"), (BROKEN, "disk I/O error")],
)
async def test_recording_goes_on_in_memory_and_all_is_stored_when_the_disk_is_back(
    tmp_path: Path, trouble: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    disk, made = Disk(), entries("a", 1, 400)
    async with running(tmp_path / "s.db", disk) as outbox:
        for entry in made[:5]:
            outbox.put(entry)
        await outbox.flush()
        assert outbox.trouble is None
        disk.trouble = trouble
        for entry in made[5:]:
            outbox.put(entry)
        await until(lambda: outbox.trouble is not None)
        assert outbox.trouble is not None
        assert told in outbox.trouble
        # What was stored can be sent meanwhile, and what the cloud has is not forgotten.
        assert len(await outbox.evenly([Wanted("a", 0, 3)], 99)) == 3
        outbox.committed("a", 1, made[1].end_counter)
        await asyncio.sleep(0.05)
        assert outbox.trouble is not None, "reading works, writing still does not"
        disk.trouble = None
        await outbox.flush()
        await until(lambda: outbox.backlog["a"].n_frames == 398)
        rows = [row for _, row in await outbox.evenly([Wanted("a", 0, 999)], 999)]
        assert [row.frame for row in rows] == [entry.frame for entry in made[2:]]
        assert await outbox.state("a") == b"state 399"
        assert outbox.trouble is None
    assert sum("can write again" in line for line in caplog.messages) == 1
    assert sum(told in line for line in caplog.messages) == 1


async def test_memory_is_bounded_while_the_disk_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.outbox._QUEUE_FRAMES", 32)
    disk, made = Disk(), entries("a", 1, 600)
    async with running(tmp_path / "s.db", disk) as outbox:
        disk.trouble = READ_ONLY
        n_put = 0
        for entry in made:
            if outbox.has_room:
                outbox.put(entry)
                n_put += 1
            await asyncio.sleep(0)
        await until(lambda: outbox.trouble is not None)
        assert not outbox.has_room
        # A batch under way besides the queue.
        assert n_put < 32 + 257
        disk.trouble = None
        await outbox.flush()
        assert outbox.has_room
        assert outbox.backlog["a"].n_frames == n_put


async def test_a_damaged_file_is_mended_under_way(tmp_path: Path) -> None:
    disk, made = Disk(), entries("a", 1, 60)
    async with running(tmp_path / "s.db", disk) as outbox:
        for entry in made[:50]:
            outbox.put(entry)
        await outbox.flush()
        spool = outbox._spool
        broken = "UPDATE frames SET frame = CAST('EGx' AS BLOB) WHERE id = 20"
        await outbox._call(spool._db.execute, broken)
        assert len(await outbox.evenly([Wanted("a", 0, 99)], 99)) == 50
        assert outbox.salvaged is not None
        assert outbox.salvaged.n_saved == 49
        for entry in made[50:]:
            outbox.put(entry)
        await outbox.flush()
        assert outbox.backlog["a"].n_frames == 60
        assert outbox.trouble is None
    assert (tmp_path / "s.db.damaged-1").exists()
