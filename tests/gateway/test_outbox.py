import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ecgcore.errors import ConfigError
from gateway.outbox import Outbox
from gateway.spool import Backlog, BootKey, Entry, Spool, Wanted
from tests.gateway.test_spool import entries


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with Outbox.open(tmp_path / "s.db", max_bytes=1 << 20, linger_s=0.02) as outbox:
        writer = asyncio.create_task(outbox.run())
        yield outbox
        writer.cancel()
        await asyncio.wait([writer])


async def test_what_is_put_is_stored_together_and_then_told(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    write = Spool.write

    def counting(
        spool: Spool, batch: list[Entry], committed: dict[BootKey, int]
    ) -> dict[str, Backlog]:
        batches.append(len(batch))
        return write(spool, batch, committed)

    monkeypatch.setattr(Spool, "write", counting)
    made = entries("a", 1, 10)
    for entry in made:
        outbox.put(entry)
    assert not outbox.backlog
    await outbox.flush()
    assert outbox.changed.is_set()
    assert batches == [10]
    assert outbox.backlog["a"].n_frames == 10
    assert [row.frame for _, row in await outbox.evenly([Wanted("a", 0, 99)], 99)] == [
        e.frame for e in made
    ]
    assert await outbox.state("a") == b"state 9"


async def test_emptied_follows_the_backlog(outbox: Outbox) -> None:
    assert outbox.emptied.is_set()
    for entry in entries("a", 1, 2):
        outbox.put(entry)
    await outbox.flush()
    assert not outbox.emptied.is_set()
    outbox.committed("a", 1, 2 * 73)
    outbox.committed("a", 1, 73)
    await asyncio.wait_for(outbox.emptied.wait(), 1)
    assert not outbox.backlog


async def test_a_broken_disk_is_waited_for_and_nothing_is_lost(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.outbox._RETRY_S", 0.01)
    write, failures = Spool.write, iter([True, True, False])

    def failing(
        spool: Spool, batch: list[Entry], committed: dict[BootKey, int]
    ) -> dict[str, Backlog]:
        if next(failures, False):
            raise sqlite3.OperationalError("database or disk is full")
        return write(spool, batch, committed)

    monkeypatch.setattr(Spool, "write", failing)
    for entry in entries("a", 1, 5):
        outbox.put(entry)
    await outbox.flush()
    assert outbox.backlog["a"].n_frames == 5


async def test_room_ends_while_the_disk_is_behind(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.outbox._QUEUE_FRAMES", 8)
    for entry in entries("a", 1, 8):
        assert outbox.has_room
        outbox.put(entry)
    assert not outbox.has_room
    await outbox.flush()
    assert outbox.has_room


async def test_a_spool_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/s\.db"):
        async with Outbox.open(tmp_path / "file" / "s.db", max_bytes=1 << 20, linger_s=0):
            pass


def test_several_patches_share_evenly_and_leave_nothing_unused(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", 1 << 20)
    spool.write([e for device, n in (("a", 1), ("b", 9), ("c", 9)) for e in entries(device, 1, n)])
    wanted = [Wanted(device, 0, 99) for device in "abc"]
    given = [device for device, _ in spool.evenly(wanted, 9)]
    assert [given.count(device) for device in "abc"] == [1, 4, 4]
    assert [row.end_counter for device, row in spool.evenly(wanted, 99) if device == "b"] == [
        e.end_counter for e in entries("b", 1, 9)
    ]
    assert len(spool.evenly([Wanted("b", 0, 3)], 99)) == 3
    spool.close()
