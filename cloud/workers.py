"""Processes that compute for the server, so that it stays light and its loop free.

A worker starts with the first job and keeps its compiled code. There are so many and no more; of
the jobs that wait for one, those beyond a bound are refused. A job that takes too long or kills its
worker is an error, and the next one gets a fresh worker.
"""

import asyncio
import contextlib
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class WorkersConfig:
    """How many, and what a job may take."""

    module: str
    """Run with ``python -m``; speaks as `cloud.paper.worker` does."""
    n_processes: int = 1
    most_waiting: int = 8
    """Jobs beside those in work; more are refused."""
    timeout_s: float = 30.0
    """Of one job, once its worker is ready."""
    start_timeout_s: float = 600.0
    """Until a worker is ready: on a new machine it has to compile first."""


class BusyError(Exception):
    """Too many jobs wait."""


class JobFailedError(Exception):
    """A worker took too long or ended."""


class Workers:
    """A bounded pool of processes, for one event loop."""

    def __init__(self, config: WorkersConfig) -> None:
        self._config = config
        self._free = asyncio.Semaphore(config.n_processes)
        self._n_jobs = 0
        self._idle: list[asyncio.subprocess.Process] = []

    async def run(self, message: bytes) -> bytes:
        """Have a job done; cancelling ends its worker.

        Raises
        ------
        BusyError
            If as many jobs wait as may.
        JobFailedError
            If the worker took too long or ended.
        """
        config = self._config
        if self._n_jobs >= config.n_processes + config.most_waiting:
            msg = f"{self._n_jobs} calls are being answered; try again shortly"
            raise BusyError(msg)
        self._n_jobs += 1
        try:
            async with self._free, self._worker() as worker:
                return await self._asked(worker, message)
        finally:
            self._n_jobs -= 1

    async def close(self) -> None:
        """End the workers that have nothing to do."""
        while self._idle:
            await _ended(self._idle.pop())

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        worker = self._idle.pop() if self._idle else await self._started()
        try:
            yield worker
        except BaseException:
            await _ended(worker)
            raise
        self._idle.append(worker)

    async def _started(self) -> asyncio.subprocess.Process:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._config.module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await _heard(worker, self._config.start_timeout_s)
        except BaseException:
            await _ended(worker)
            raise
        return worker

    async def _asked(self, worker: asyncio.subprocess.Process, message: bytes) -> bytes:
        return await _heard(worker, self._config.timeout_s, message)


async def _heard(
    worker: asyncio.subprocess.Process, timeout_s: float, message: bytes | None = None
) -> bytes:
    """Give what a worker says next, after a message if there is one.

    Raises
    ------
    JobFailedError
        If it took too long or ended.
    """
    if worker.stdin is None or worker.stdout is None:
        msg = "a worker without pipes"
        raise TypeError(msg)
    try:
        async with asyncio.timeout(timeout_s):
            if message is not None:
                worker.stdin.write(_LENGTH.pack(len(message)) + message)
                await worker.stdin.drain()
            [length] = _LENGTH.unpack(await worker.stdout.readexactly(_LENGTH.size))
            return await worker.stdout.readexactly(length)
    except TimeoutError as error:
        msg = f"not answered within {timeout_s:g} s"
        raise JobFailedError(msg) from error
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        msg = "the process that worked on it ended"
        raise JobFailedError(msg) from error


async def _ended(worker: asyncio.subprocess.Process) -> None:
    """Kill a worker and wait for it; it keeps nothing that could be lost."""
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
