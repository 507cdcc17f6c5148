"""SHA-256 over ten-second blocks of samples, so that anybody can check what was stored.

Block k covers the counters ``[k B, (k + 1) B)``, B the samples of ten nominal seconds. Hashed is,
for each unbroken run of samples in the block in order: first counter (u64), samples per lead
(u32), then the counts as i32 lead after lead, all little-endian. So a gap changes the hash, and
how the samples arrived does not.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ecgcore.events import BlockClosed
from ecgcore.state import dump_state, load_state
from ecgcore.types import Gap, GapReason, Int32Array, SampleIndex

BLOCK_S = 10
_RUN_HEADER = np.dtype([("first_counter", "<u8"), ("n_samples", "<u4")])


@dataclass(slots=True)
class BlockState:
    """The samples of the block under way, at most one block's."""

    cursor: SampleIndex | None = None
    """Next sample expected; None before the first."""
    run_starts: list[SampleIndex] = field(default_factory=list)
    runs: list[Int32Array] = field(default_factory=list)
    """shape (n_leads, n_samples) each"""


class BlockHasher:
    """Hashes a stream of samples and gaps block by block."""

    def __init__(self, fs_mhz: int, state: BlockState | None = None) -> None:
        self.block_samples = max(round(BLOCK_S * fs_mhz / 1000), 1)
        self.state = state or BlockState()
        self._tag = _tag(fs_mhz)

    def push_samples(self, start: SampleIndex, adc: Int32Array) -> list[BlockClosed]:
        """Take the next samples, shape (n_leads, n_samples); give the blocks they complete.

        Raises
        ------
        ValueError
            If `start` is not where the last item ended, or the number of leads changed.
        """
        self._advance(start, adc.shape[1])
        closed = []
        while adc.shape[1]:
            closed += self._close_before(start)
            n_fitting = self.block_samples - start % self.block_samples
            self._append(start, adc[:, :n_fitting])
            start += min(n_fitting, adc.shape[1])
            adc = adc[:, n_fitting:]
        return closed + self._close_before(start)

    def push_gap(self, gap: Gap) -> list[BlockClosed]:
        """Take a gap; blocks without a single sample have no hash."""
        self._advance(gap.start, gap.n_samples)
        return self._close_before(gap.end)

    def finish(self) -> list[BlockClosed]:
        """Close the block under way, as at the end of a recording."""
        return self._close()

    def dump(self) -> bytes:
        """Give the state as bytes."""
        return dump_state(self.state, self._tag)

    @classmethod
    def restore(cls, fs_mhz: int, data: bytes) -> "BlockHasher":
        """Go on from what `dump` gave.

        Raises
        ------
        StateError
            If the bytes are damaged or belong to another rate.
        """
        return cls(fs_mhz, load_state(BlockState, data, _tag(fs_mhz)))

    def _advance(self, start: SampleIndex, n_samples: int) -> None:
        if self.state.cursor not in (None, start):
            msg = f"item starts at {start}, {self.state.cursor} is next"
            raise ValueError(msg)
        self.state.cursor = start + n_samples

    def _append(self, start: SampleIndex, adc: Int32Array) -> None:
        state = self.state
        adc = np.array(adc, dtype="<i4", order="C")
        if state.runs and state.run_starts[-1] + state.runs[-1].shape[1] == start:
            state.runs[-1] = np.concatenate((state.runs[-1], adc), axis=1)
        else:
            state.run_starts.append(start)
            state.runs.append(adc)

    def _close_before(self, counter: SampleIndex) -> list[BlockClosed]:
        starts = self.state.run_starts
        is_over = starts and counter // self.block_samples > starts[0] // self.block_samples
        return self._close() if is_over else []

    def _close(self) -> list[BlockClosed]:
        state = self.state
        if not state.runs:
            return []
        digest = hashlib.sha256()
        for start, run in zip(state.run_starts, state.runs, strict=True):
            digest.update(np.array((start, run.shape[1]), _RUN_HEADER).tobytes())
            digest.update(run.tobytes())
        n_samples = sum(run.shape[1] for run in state.runs)
        block_start = state.run_starts[0] // self.block_samples * self.block_samples
        state.run_starts, state.runs = [], []
        return [BlockClosed(block_start, n_samples, digest.digest())]


def block_digests(
    fs_mhz: int, pieces: Iterable[tuple[SampleIndex, Int32Array]]
) -> list[BlockClosed]:
    """Hash stored pieces, ascending (start, adc); what lies between two is a gap.

    The last block is given too, though more samples might follow it.
    """
    hasher = BlockHasher(fs_mhz)
    blocks: list[BlockClosed] = []
    for start, adc in pieces:
        if hasher.state.cursor is not None and start > hasher.state.cursor:
            missing = start - hasher.state.cursor
            blocks += hasher.push_gap(Gap(hasher.state.cursor, missing, GapReason.MISSING))
        blocks += hasher.push_samples(start, adc)
    return blocks + hasher.finish()


def _tag(fs_mhz: int) -> str:
    return f"blocks/1/{fs_mhz}"
