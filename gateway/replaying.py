"""Asks a patch for the samples that did not come, while its link stands.

One chunk at a time, the oldest first: live notifications share the air and the inbox with it, and
what is behind the oldest hole waits. An answer that falls silent is asked for again, and in the end
given up (`gateway.holes`). What was not answered when the link ended stays a hole.
"""

import asyncio
import logging
from collections.abc import Callable

from devices.driver import Hole
from gateway.intake import Intake
from gateway.link import Link, LinkError

_log = logging.getLogger(__name__)
_CHUNK_S = 60
_MAX_CHUNK_SAMPLES = 1 << 31
_QUIET_S = 10.0
"""An answer that says nothing for so long has ended."""


class Replaying:
    """The holes of one patch, over one link.

    Parameters
    ----------
    now_ns : Callable[[], int]
        UTC.
    """

    def __init__(self, link: Link, intake: Intake, now_ns: Callable[[], int]) -> None:
        self._link = link
        self._intake = intake
        self._now_ns = now_ns

    async def run(self) -> None:
        """Ask until cancelled or the link is lost."""
        await self._intake.is_open.wait()
        n_samples = shortest = self._shortest()
        while shortest and not self._link.is_lost:
            self._intake.give_up(self._now_ns())
            hole = self._intake.next_hole(n_samples)
            if hole is None:
                self._intake.mended.clear()
                await self._intake.mended.wait()
                continue
            before = self._n_replayed
            await self._ask(hole)
            # What is gone for good is named at once, however much it is.
            is_gone = self._n_replayed == before and not self._awaits(hole)
            n_samples = min(2 * n_samples, _MAX_CHUNK_SAMPLES) if is_gone else shortest

    async def _ask(self, hole: Hole) -> None:
        conversation = self._link.dialogue.replay(hole)
        if conversation is None:
            self._intake.give_up(self._now_ns(), everything=True)
            return
        _log.info("replay first=%d samples=%d", hole.first_counter, hole.n_samples)
        try:
            await self._link.converse(conversation)
        except LinkError as error:
            _log.info("replay refused error=%s", error)
        await self._answered(hole)

    async def _answered(self, hole: Hole) -> None:
        """Wait until all of it came, or nothing more comes."""
        while self._awaits(hole) and not self._link.is_lost:
            before = self._n_mended
            try:
                async with asyncio.timeout(_QUIET_S):
                    while self._n_mended == before:
                        self._intake.mended.clear()
                        await self._intake.mended.wait()
            except TimeoutError:
                return

    def _awaits(self, hole: Hole) -> bool:
        return self._intake.recorder is not None and self._intake.recorder.awaits(hole)

    def _shortest(self) -> int:
        recorder = self._intake.recorder
        if recorder is None or not recorder.signal.is_stored:
            return 0
        return max(1, _CHUNK_S * recorder.signal.fs_mhz // 1000)

    @property
    def _n_replayed(self) -> int:
        recorder = self._intake.recorder
        return recorder.counters.replayed_samples if recorder else 0

    @property
    def _n_mended(self) -> int:
        recorder = self._intake.recorder
        return self._n_replayed + (recorder.counters.gap_samples if recorder else 0)
