"""The full analysis on this machine, with the cloud off: in a process of its own, by a plug-in.

What analyses is an ``ecgomics.local_analysis`` entry point (the cloud's engine room without the
cloud), loaded in the child process only, so that a gateway without it stays light. A child that
falls behind loses frames of the *picture*, never of the record: the spool has them all.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import entry_points
from multiprocessing import get_context
from typing import Any, Protocol

from ecgcore.errors import ConfigError
from ecgcore.wire.frame import Frame, encode_frame

_log = logging.getLogger(__name__)
_GROUP = "ecgomics.local_analysis"
_QUEUE_FRAMES = 1024
_BATCH_FRAMES = 64


class Analyser(Protocol):
    """What a plug-in gives."""

    def push(self, frames: list[bytes]) -> dict[str, dict[str, Any]]:
        """Analyse encoded frames in order; give the latest numbers by patch."""
        ...


class LocalAnalysis:
    """Frames in, latest numbers out.

    Raises
    ------
    ConfigError
        If nothing that analyses is installed.
    """

    def __init__(self) -> None:
        if not entry_points(group=_GROUP):
            msg = "--analyse: nothing that analyses is installed; `pip install ecgomics[cloud]`"
            raise ConfigError(msg)
        self._queue: asyncio.Queue[Frame] = asyncio.Queue(_QUEUE_FRAMES)
        self.numbers: Mapping[str, Mapping[str, Any]] = {}
        """What the analysis last said, by patch."""
        self.n_left_out = 0
        """Frames it was too slow for."""

    def push(self, frame: Frame) -> None:
        """Have a frame analysed."""
        if self._queue.full():
            self._queue.get_nowait()
            self.n_left_out += 1
        self._queue.put_nowait(frame)

    async def run(self) -> None:
        """Analyse until cancelled; a child that died begins anew."""
        while True:
            # Spawned: a fork would take the Bluetooth connection along.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                try:
                    await self._serve(pool)
                except BrokenProcessPool as error:
                    _log.warning("analysis begins anew error=%s", error)

    async def _serve(self, pool: ProcessPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty() and len(batch) < _BATCH_FRAMES:
                batch.append(self._queue.get_nowait())
            encoded = [encode_frame(frame) for frame in batch]
            told = await loop.run_in_executor(pool, _analyse, encoded)
            self.numbers = {**self.numbers, **told}


_analyser: Analyser | None = None


def _analyse(frames: list[bytes]) -> dict[str, dict[str, Any]]:
    global _analyser
    if _analyser is None:
        (point, *_) = entry_points(group=_GROUP)
        _analyser = point.load()()
    assert _analyser is not None  # noqa: S101 - for the type checker
    return _analyser.push(frames)
