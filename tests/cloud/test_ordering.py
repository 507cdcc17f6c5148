"""Whatever comes in whatever order, each counter is accounted for once."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.ordering import FrameOrder, Verdict
from ecgcore.types import Gap, GapReason
from ecgcore.wire.frame import Frame
from tests.cloud.frames import frame, numbers, run


def _drain(order: FrameOrder, frames: list[Frame]) -> list[Frame | Gap]:
    items: list[Frame | Gap] = []
    for f in frames:
        order.accept(f)
        items += order.ready()
    return items


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=20))
def test_any_order_and_any_repeats_give_the_stream_once(order: list[int], again: list[int]) -> None:
    frames = run(12)
    arrivals = [frames[i] for i in [*order, *again]]
    items = _drain(FrameOrder(max_pending=64), arrivals)
    assert numbers([f for f in items if isinstance(f, Frame)]) == list(range(12 * 73))


def test_a_named_gap_is_part_of_the_order() -> None:
    order = FrameOrder(max_pending=8)
    items = _drain(order, [frame(0), frame(200, gap=127), frame(273)])
    assert [getattr(f, "first_counter", None) for f in items] == [0, 200, 273]
    assert order.next == 346


def test_a_hole_waits_for_max_pending_frames_and_is_then_named() -> None:
    order = FrameOrder(max_pending=3)
    items = _drain(order, [frame(0), *run(3, first=146)])
    assert len(items) == 1
    items = _drain(order, run(1, first=146 + 3 * 73))
    assert items[0] == Gap(73, 73, GapReason.MISSING)
    assert numbers([f for f in items if isinstance(f, Frame)])[0] == 146


def test_what_comes_after_its_hole_was_named_is_late_and_not_in_order() -> None:
    order = FrameOrder(max_pending=1)
    _drain(order, [frame(0), frame(146), frame(219)])
    assert order.accept(frame(73)) is Verdict.LATE
    assert order.ready() == []


def test_a_frame_that_contradicts_stored_counters_is_an_overlap() -> None:
    order = FrameOrder(max_pending=8)
    _drain(order, run(2))
    assert order.accept(frame(100)) is Verdict.OVERLAP
    assert order.accept(frame(73)) is Verdict.RESENT
    order.accept(frame(219))
    assert order.accept(frame(219, n=20)) is Verdict.OVERLAP


def test_frames_that_wait_must_not_overlap_either() -> None:
    order = FrameOrder(max_pending=8)
    order.accept(frame(100))
    assert order.accept(frame(150)) is Verdict.OVERLAP
    assert order.accept(frame(50)) is Verdict.OVERLAP
    assert order.accept(frame(173)) is Verdict.NEW
