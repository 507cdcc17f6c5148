import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.blocks import BlockHasher, block_digests
from ecgcore.errors import StateError
from ecgcore.events import BlockClosed
from ecgcore.types import Gap, GapReason, Int32Array

FS_MHZ = 2000
BLOCK = 20


def brute_force(samples: dict[int, tuple[int, ...]]) -> list[BlockClosed]:
    """Hash counter by counter, with struct: samples by counter, one value a lead."""
    blocks = []
    for block in sorted({counter // BLOCK for counter in samples}):
        inside = [c for c in range(block * BLOCK, (block + 1) * BLOCK) if c in samples]
        data = b""
        while inside:
            run = [inside.pop(0)]
            while inside and inside[0] == run[-1] + 1:
                run.append(inside.pop(0))
            data += struct.pack("<QI", run[0], len(run))
            for lead in range(len(samples[run[0]])):
                data += b"".join(struct.pack("<i", samples[c][lead]) for c in run)
        n_samples = sum(c // BLOCK == block for c in samples)
        blocks.append(BlockClosed(block * BLOCK, n_samples, hashlib.sha256(data).digest()))
    return blocks


def samples_of(start: int, n_leads: int, n_samples: int, seed: int) -> Int32Array:
    rng = np.random.default_rng(seed)
    return rng.integers(-(2**31), 2**31, (n_leads, n_samples)).astype(np.int32)


@given(
    start=st.integers(0, 2**60),
    spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 45)), max_size=8),
    n_leads=st.integers(1, 3),
)
def test_equals_hashing_counter_by_counter(
    start: int, spans: list[tuple[int, int]], n_leads: int
) -> None:
    hasher, closed, pieces = BlockHasher(FS_MHZ), list[BlockClosed](), []
    truth: dict[int, tuple[int, ...]] = {}
    at = start
    for n_samples, n_missing in spans:
        adc = samples_of(at, n_leads, n_samples, n_samples)
        truth |= {at + i: tuple(adc[:, i].tolist()) for i in range(n_samples)}
        pieces.append((at, adc))
        closed += hasher.push_samples(at, adc)
        at += n_samples
        if n_missing:
            closed += hasher.push_gap(Gap(at, n_missing, GapReason.RADIO_LOSS))
            at += n_missing
    closed += hasher.finish()
    assert closed == brute_force(truth)
    assert block_digests(FS_MHZ, pieces) == closed


def test_a_block_closes_with_its_last_sample() -> None:
    hasher = BlockHasher(FS_MHZ)
    assert hasher.push_samples(0, np.zeros((1, 19), np.int32)) == []
    (block,) = hasher.push_samples(19, np.zeros((1, 1), np.int32))
    assert (block.start, block.n_samples) == (0, 20)


def test_a_gap_to_the_end_closes_and_an_endless_gap_costs_nothing() -> None:
    hasher = BlockHasher(FS_MHZ)
    hasher.push_samples(0, np.zeros((1, 5), np.int32))
    assert hasher.push_gap(Gap(5, 14, GapReason.LINK_LOST)) == []
    (block,) = hasher.push_gap(Gap(19, 2**40, GapReason.LINK_LOST))
    assert (block.start, block.n_samples) == (0, 5)
    assert hasher.push_gap(Gap(19 + 2**40, 2**40, GapReason.LINK_LOST)) == []


def test_one_changed_count_changes_the_hash() -> None:
    adc = samples_of(0, 1, 20, 1)
    (before,) = block_digests(FS_MHZ, [(0, adc)])
    adc[0, 13] ^= 1
    (after,) = block_digests(FS_MHZ, [(0, adc)])
    assert before.sha256 != after.sha256


def test_what_does_not_follow_is_refused() -> None:
    hasher = BlockHasher(FS_MHZ)
    hasher.push_samples(0, np.zeros((1, 5), np.int32))
    with pytest.raises(ValueError, match="item starts at 4, 5 is next"):
        hasher.push_samples(4, np.zeros((1, 5), np.int32))
    with pytest.raises(ValueError, match="item starts at 6, 5 is next"):
        hasher.push_gap(Gap(6, 1, GapReason.LINK_LOST))


def test_the_state_of_another_rate_is_refused() -> None:
    with pytest.raises(StateError, match="blocks/1/2000"):
        BlockHasher.restore(130_000, BlockHasher(FS_MHZ).dump())


def test_a_block_is_ten_seconds() -> None:
    assert BlockHasher(130_000).block_samples == 1300
    assert BlockHasher(199_950).block_samples == 2000
