from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.types import FrameFlag, GapReason
from ecgcore.wire.frame import Frame
from gateway.batching import IN_ORDER, Batching, Closed, Place

FS_HZ = 100
PERIOD_NS = 10**9 // FS_HZ


def part(first: int, n: int, **changed: Any) -> Frame:
    made = Frame(
        device="bitalino",
        boot_id=1,
        first_counter=first,
        adc=np.arange(first, first + n, dtype=np.int32)[None],
        lead_mask=1,
        fs_mhz=FS_HZ * 1000,
        lsb_pv=1_000_000,
        device_time_ns=first * PERIOD_NS,
        device_span_ns=n * PERIOD_NS,
        utc_ns=10**18 + first * PERIOD_NS,
        arrival_ns=10**18 + (first + n) * PERIOD_NS,
    )
    return replace(made, **changed)


def joined(parts: list[Frame], target_s: float = 1.0) -> list[Closed]:
    """Give the frames these become; each part arrives when its last sample is made."""
    batching, closed = Batching(), []
    for each in parts:
        closed += batching.push(each, str(each.end).encode(), each.end / FS_HZ, target_s)
    return closed + batching.flush()


def test_one_sample_a_notification_becomes_frames_of_a_second() -> None:
    frames = [each.frame for each in joined([part(k, 1) for k in range(250)])]
    assert [(frame.first_counter, frame.n_samples) for frame in frames] == [
        (0, 100),
        (100, 100),
        (200, 50),
    ]
    assert frames[1].device_span_ns == 10**9
    assert frames[1].utc_ns == 10**18 + 10**9
    assert frames[1].arrival_ns == frames[2].utc_ns


def test_a_notification_that_fills_a_frame_by_itself_does_not_wait() -> None:
    batching = Batching()
    for k in range(3):
        closed = batching.push(part(56 * k, 56), b"", 0.0, 1.0)
        assert [each.frame.n_samples for each in closed] == [56]
        assert batching.due_s(1.0) == float("inf")


def test_a_stream_that_stops_leaves_a_frame_that_is_due_in_time() -> None:
    batching = Batching()
    assert batching.push(part(0, 10), b"", 7.0, 1.0) == []
    assert batching.push(part(10, 10), b"", 7.1, 1.0) == []
    assert batching.due_s(1.0) == 8.0
    [closed] = batching.flush()
    assert closed.frame.n_samples == 20
    assert batching.flush() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"first_counter": 25, "gap_before": 5, "gap_reason": GapReason.RADIO_LOSS},
        {"boot_id": 2, "first_counter": 0},
        {"lead_off": 1},
        {"flags": FrameFlag.DISCONTINUITY},
        {"flags": FrameFlag.SATURATED},
        {"fs_mhz": 50_000},
        {"lsb_pv": 5},
        {"device_time_ns": 20 * PERIOD_NS + 6_000_000},
    ],
)
def test_what_a_frame_cannot_hold_closes_it(changed: dict[str, Any]) -> None:
    before, after = part(0, 20), part(20, 20, **changed)
    closed = joined([before, after])
    assert [each.frame for each in closed] == [before, after]
    assert [each.state for each in closed] == [b"20", str(after.end).encode()]


@given(
    sizes=st.lists(st.integers(1, 130), min_size=1, max_size=40),
    gaps=st.sets(st.integers(0, 39)),
    flushes=st.sets(st.integers(0, 39)),
    target_s=st.sampled_from([0.02, 1.0, 5.0]),
)
def test_cut_anywhere_and_flushed_anywhere_the_same_samples_come_out(
    sizes: list[int], gaps: set[int], flushes: set[int], target_s: float
) -> None:
    """Nothing lost, nothing twice, in order, every gap told, and the state is the last sample's."""
    parts, at = [], 0
    for k, n in enumerate(sizes):
        gap = 7 if k in gaps else 0
        reason = GapReason.RADIO_LOSS if gap else GapReason.NONE
        parts.append(part(at + gap, n, gap_before=gap, gap_reason=reason))
        at += gap + n
    batching, closed = Batching(), []
    for k, each in enumerate(parts):
        closed += batching.push(each, str(each.end).encode(), each.end / FS_HZ, target_s)
        if k in flushes:
            closed += batching.flush()
    closed += batching.flush()
    end = 0
    for each in closed:
        assert each.frame.start == end
        end = each.frame.end
        assert each.state == str(end).encode()
        assert each.frame.adc[0].tolist() == list(range(each.frame.first_counter, end))
        assert each.frame.n_samples <= max(*sizes, target_s * FS_HZ)
    assert end == at
    assert sum(each.frame.gap_before for each in closed) == sum(p.gap_before for p in parts)


def test_what_is_held_stays_apart_and_a_release_ends_its_frame() -> None:
    batching, closed = Batching(), []
    held, last = Place(is_held=True), Place(releases_to=70)
    for k, (first, place) in enumerate(
        [(60, held), (70, held), (20, IN_ORDER), (30, IN_ORDER), (40, last), (80, IN_ORDER)]
    ):
        closed += batching.push(part(first, 10), b"%d" % k, 0.0, 1.0, place)
    closed += batching.flush()
    found = [(each.frame.first_counter, each.frame.end, each.place) for each in closed]
    assert found == [(60, 80, held), (20, 50, last), (80, 90, IN_ORDER)]
    assert [each.state for each in closed] == [b"1", b"4", b"5"]
