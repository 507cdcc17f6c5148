import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ecgcore.wire.frame import Frame, decode_frame
from gateway.cancellation import cancel_all
from gateway.framing import Framer
from gateway.outbox import Outbox
from gateway.spool import Wanted
from tests.gateway.broker import until
from tests.gateway.test_batching import part


@asynccontextmanager
async def framing(folder: Path, target_s: float) -> AsyncIterator[tuple[Outbox, Framer]]:
    async with Outbox.open(folder / "s.db", max_bytes=1 << 20, linger_s=0) as outbox:
        framer = Framer(outbox, lambda: target_s)
        tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(framer.run())]
        try:
            yield outbox, framer
        finally:
            await cancel_all(tasks, 1)


async def stored(outbox: Outbox) -> list[Frame]:
    await outbox.flush()
    return [
        decode_frame(row.frame) for _, row in await outbox.evenly([Wanted("bitalino", 0, 99)], 99)
    ]


async def test_a_frame_is_stored_when_it_is_full_or_due(tmp_path: Path) -> None:
    async with framing(tmp_path, target_s=0.2) as (outbox, framer):
        for k in range(25):
            framer.put(part(k, 1), b"%d" % k)
        assert [frame.n_samples for frame in await stored(outbox)] == [20]
        await until(lambda: outbox.backlog["bitalino"].n_frames == 2, within_s=5)
        assert [frame.n_samples for frame in await stored(outbox)] == [20, 5]
        assert await outbox.state("bitalino") == b"24"


async def test_what_is_open_is_stored_on_a_flush_of_its_patch(tmp_path: Path) -> None:
    async with framing(tmp_path, target_s=60) as (outbox, framer):
        framer.put(part(0, 3), b"2")
        framer.flush("another")
        assert await stored(outbox) == []
        framer.flush("bitalino")
        framer.put(part(3, 3), b"5")
        framer.flush()
        assert [(f.first_counter, f.end) for f in await stored(outbox)] == [(0, 3), (3, 6)]
        assert await outbox.state("bitalino") == b"5"


async def test_what_was_not_stored_was_not_counted(tmp_path: Path) -> None:
    """Killed with an open frame, the recorder goes on behind the last one that is durable."""
    async with framing(tmp_path, target_s=60) as (outbox, framer):
        framer.put(part(0, 3), b"counted to 3")
        framer.flush()
        framer.put(part(3, 3), b"counted to 6")
        await outbox.flush()
    async with framing(tmp_path, target_s=60) as (outbox, _):
        assert await outbox.state("bitalino") == b"counted to 3"
        assert [frame.end for frame in await stored(outbox)] == [3]
