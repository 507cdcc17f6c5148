"""The spool as the event loop sees it: one thread for SQLite, writes that share a sync.

While the disk is full, read-only or broken, what is put stays in memory, as much as there is room
for, and everything is tried again until it works; `Outbox.trouble` says what is wrong meanwhile.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

from ecgcore.errors import EcgomicsError
from gateway.commitments import Commitments
from gateway.placing import Position
from gateway.spool import Backlog, BootKey, Entry, Row, Spool, Wanted
from gateway.spool_salvage import Salvaged

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")
# Half a minute of 64 patches, 8 MB.
_QUEUE_FRAMES = 4096
_BATCH_FRAMES = 256
_RETRY_S = 1.0
_REFUSALS = (sqlite3.Error, OSError, EcgomicsError)


class Outbox:
    """Takes frames in, hands stored ones out.

    Whoever records asks for `has_room` first. While there is none the disk is behind, and what is
    not put shows as a gap.
    """

    def __init__(self, spool: Spool, thread: ThreadPoolExecutor, linger_s: float) -> None:
        self._spool = spool
        self._thread = thread
        self._linger_s = linger_s
        self._queue: asyncio.Queue[Entry] = asyncio.Queue()
        self._committed: dict[BootKey, int] = {}
        self._work = asyncio.Event()
        self._commitments = Commitments()
        self.backlog: dict[str, Backlog] = {}
        """What is not yet committed, by patch."""
        self.changed = asyncio.Event()
        """Set when frames were stored or committed."""
        self.emptied = asyncio.Event()
        """Set while nothing in order awaits its commitment."""
        self._troubles: dict[str, str] = {}
        self.listeners: list[Callable[[Entry], None]] = []
        """Called with each frame that is put, before it is stored."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        *,
        max_bytes: int,
        linger_s: float,
        max_age_s: float | None = None,
        key: bytes | None = None,
    ) -> AsyncIterator[Self]:
        """Open the spool; leaving closes it. Frames still queued then are lost: `flush` first.

        Parameters
        ----------
        path : Path
        max_bytes : int
            Of stored frames.
        linger_s : float
            How long a write waits for company.
        max_age_s : float or None
            Frames stored longer than this give way.
        key : bytes or None
            To encrypt with, 32 bytes.

        Raises
        ------
        ConfigError
            If the file cannot be used.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="spool") as thread:
            loop = asyncio.get_running_loop()
            opening = partial(Spool, path, max_bytes, max_age_s=max_age_s, key=key)
            spool = await loop.run_in_executor(thread, opening)
            try:
                outbox = cls(spool, thread, linger_s)
                outbox._note(await outbox._patiently("read", spool.backlog))
                yield outbox
            finally:
                with suppress(sqlite3.Error):
                    await loop.run_in_executor(thread, spool.close)

    async def run(self) -> None:
        """Store what is put and delete what is committed, until cancelled.

        A batch being written is finished.
        """
        while True:
            await self._work.wait()
            await asyncio.sleep(self._linger_s)
            batch = self._next_batch()
            committed, self._committed = self._committed, {}
            self._note(await self._write(batch, committed))
            for _ in batch:
                self._queue.task_done()

    @property
    def has_room(self) -> bool:
        """Whether a frame may be put."""
        return self._queue.qsize() < _QUEUE_FRAMES

    def put(self, entry: Entry) -> None:
        """Queue a frame for storing; never waits, so a frame once counted cannot be lost."""
        self.expect(entry.device)
        self._queue.put_nowait(entry)
        self._work.set()
        for listener in self.listeners:
            listener(entry)

    async def flush(self) -> None:
        """Wait until everything put so far is durable."""
        await self._queue.join()

    async def evenly(self, wanted: Sequence[Wanted], most: int) -> list[tuple[str, Row]]:
        """Give up to `most` stored frames of several patches, to each its share, in order."""
        return await self._patiently("read", self._spool.evenly, wanted, most)

    async def held(self, device: str) -> list[Row]:
        """Give the frames of a patch that wait behind a hole, by boot and counter."""
        return await self._patiently("read", self._spool.held, device)

    def committed(self, device: str, boot_id: int, through: int) -> None:
        """Have the frames deleted of which the cloud says that it has them."""
        boot = (device, boot_id)
        self._committed[boot] = max(through, self._committed.get(boot, 0))
        self._work.set()
        self._commitments.committed(device, boot_id, through)

    def expect(self, device: str) -> None:
        """Note that something of a patch is on its way here."""
        self._commitments.recorded(device)

    def when_committed(
        self, device: str, position: Position | None, call: Callable[[], None]
    ) -> None:
        """Have `call` called once the cloud has everything of a patch up to `position`.

        `position` is where its count stands now; None: nothing of it was ever recorded.
        """
        has_backlog = device in self.backlog
        self._commitments.wait(device, position, call, has_backlog=has_backlog)

    async def state(self, device: str) -> bytes | None:
        """Give the recorder's state stored with the patch's last frame."""
        return await self._patiently("read", self._spool.state, device)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored, or read, at the moment; None while the disk works."""
        told = [f"cannot {what}: {why}" for what, why in self._troubles.items()]
        return "; ".join(told) or None

    @property
    def salvaged(self) -> Salvaged | None:
        """What was saved of a damaged file since opening; None if none was."""
        return self._spool.salvaged

    @property
    def n_evicted(self) -> int:
        """Frames given up since opening."""
        return self._spool.n_evicted

    def _next_batch(self) -> list[Entry]:
        self._work.clear()
        n_frames = min(self._queue.qsize(), _BATCH_FRAMES)
        batch = [self._queue.get_nowait() for _ in range(n_frames)]
        if not self._queue.empty():
            self._work.set()
        return batch

    async def _write(
        self, batch: list[Entry], committed: Mapping[BootKey, int]
    ) -> dict[str, Backlog]:
        n_evicted = self._spool.n_evicted
        backlog = await self._patiently("write", self._spool.write, batch, committed)
        if self._spool.n_evicted > n_evicted:
            _log.warning("spool full evicted_frames=%d", self._spool.n_evicted - n_evicted)
        return backlog

    def _note(self, backlog: dict[str, Backlog]) -> None:
        self.backlog = backlog
        if any(backlog.n_frames for backlog in self.backlog.values()):
            self.emptied.clear()
        else:
            self.emptied.set()
        self.changed.set()

    async def _patiently(
        self, what: str, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Try until the disk lets it happen."""
        while True:
            try:
                result = await self._call(function, *args, **kwargs)
            except _REFUSALS as error:
                self._suffer(what, error)
            else:
                self._recover(what)
                return result
            await asyncio.sleep(_RETRY_S)
            # A disk that went and came back is found only by opening the file again.
            try:
                await self._call(self._spool.reopen)
            except _REFUSALS as error:
                self._suffer(what, error)

    def _suffer(self, what: str, error: Exception) -> None:
        is_consequence = isinstance(error, sqlite3.ProgrammingError)  # the file is closed
        if what not in self._troubles or not is_consequence:
            if self._troubles.get(what) != str(error):
                _log.error("spool cannot %s error=%s", what, error)
            self._troubles[what] = str(error)

    def _recover(self, what: str) -> None:
        if self._troubles.pop(what, None):
            _log.warning("spool can %s again", what)

    async def _call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        call = self._thread.submit(function, *args, **kwargs)
        return await asyncio.wrap_future(call)
