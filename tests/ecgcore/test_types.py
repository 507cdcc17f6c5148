import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.types import EcgChunk, Gap, GapReason, Lead, SampleClock, leads_of


@given(st.integers(0, 2**13 - 1))
def test_leads_of_a_mask_are_its_bits(mask: int) -> None:
    assert sum(1 << lead for lead in leads_of(mask)) == mask
    assert list(leads_of(mask)) == sorted(leads_of(mask))


def test_a_bit_beyond_the_leads_is_none() -> None:
    assert leads_of(1 << 13 | 1) == (Lead.I,)


def test_the_clock_gives_device_time_between_samples() -> None:
    clock = SampleClock(1000, 5_000_000_000, 7_692_307.5)
    assert clock.time_ms(1000) == 5000.0
    assert clock.time_ms(1130.5) == 5000.0 + 130.5 * 7.6923075
    assert clock.time_ms(999) < 5000.0


@given(at=st.integers(0, 10))
def test_both_parts_of_a_cut_chunk_keep_places_and_clock(at: int) -> None:
    clock = SampleClock(50, 0, 1e7)
    chunk = EcgChunk(50, np.arange(20.0).reshape(2, 10), clock)
    left, right = chunk.cut(at)
    assert (left.start, left.end, right.start, right.end) == (50, 50 + at, 50 + at, 60)
    assert np.array_equal(np.hstack((left.ecg_mv, right.ecg_mv)), chunk.ecg_mv)
    assert left.clock == right.clock == clock


def test_a_gap_ends_after_its_last_sample() -> None:
    assert Gap(10, 5, GapReason.RADIO_LOSS).end == 15
