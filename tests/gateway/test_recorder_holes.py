"""Laws of a recorder whose patch stores what it samples, with the real spool behind it."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Counting, Hole, Missing, Samples, Signal
from ecgcore.types import FrameFlag, GapReason
from ecgcore.wire.frame import Frame, decode_frame
from gateway.holes import HolesConfig
from gateway.recorder import Recorded, Recorder, RecorderConfig
from gateway.spool import Entry, Spool

NS = 1_000_000_000
SIGNAL = Signal(250_000, 1_000_000, 1, Counting.COUNTER, is_stored=True)
PERIOD_NS = 4_000_000


def recorder(
    stored: bytes | None = None, signal: Signal = SIGNAL, holes: HolesConfig | None = None
) -> Recorder:
    ids = itertools.count(100)
    config = RecorderConfig("open-patch-1", signal, holes=holes or HolesConfig())
    return Recorder(config, lambda: next(ids), stored)


def samples(first: int, end: int, *, boot: int = 7, is_replayed: bool = False) -> Samples:
    return Samples(
        np.arange(first, end, dtype=np.int32)[np.newaxis],
        last_sample_ns=(end - 1) * PERIOD_NS,
        first_counter=first,
        boot=boot,
        is_replayed=is_replayed,
    )


def record(tested: Recorder, of: Samples) -> list[Recorded]:
    end = (of.first_counter or 0) + of.adc.shape[1]
    return list(tested.record(of, 1000 * NS + end * PERIOD_NS, is_lead_off=False))


def entries(recorded: list[Recorded]) -> Iterator[Entry]:
    for each in recorded:
        yield Entry.of(each.frame, each.state, is_held=each.is_held, releases_to=each.releases_to)


def in_order(path: Path, recorded: list[Recorded]) -> list[Frame]:
    spool = Spool(path, 1 << 24)
    try:
        spool.write(entries(recorded))
        assert spool.held("open-patch-1") == []
        return [decode_frame(row.frame) for row in spool.after("open-patch-1", 0, 10_000)]
    finally:
        spool.close()


def assert_account(frames: list[Frame], gone: set[int]) -> None:
    at = 0
    for frame in frames:
        assert frame.start == at
        numbers = list(range(frame.first_counter, frame.end))
        assert frame.adc[0].tolist() == numbers
        assert not gone & set(numbers)
        assert frame.device_time_ns == pytest.approx(frame.first_counter * PERIOD_NS, abs=2)
        assert abs(frame.utc_ns - 1000 * NS - frame.device_time_ns) < 100_000_000
        at = frame.end
    named = {n for frame in frames for n in range(frame.start, frame.first_counter)}
    assert named == gone & set(range(at))


frame_fates = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(["live", "live", "live", "lost", "late", "twice", "gone", "crash"]),
    ),
    min_size=1,
    max_size=30,
)


@given(fates=frame_fates, answers=st.lists(st.tuples(st.integers(0, 999), st.integers(1, 200))))
def test_the_ledger_is_exact_whatever_is_lost_late_twice_gone_or_cut_off(
    tmp_path_factory: pytest.TempPathFactory,
    fates: list[tuple[int, str]],
    answers: list[tuple[int, int]],
) -> None:
    """Lost and late frames come out of the memory, what is gone there is named."""
    tested, kept = recorder(), list[Recorded]()
    ranges, late, gone = [(0, 5)], list[tuple[int, int]](), set[int]()
    kept += record(tested, samples(0, 5))
    at = 5
    for length, fate in fates:
        first, at = at, at + length
        ranges.append((first, at))
        match fate:
            case "lost":
                tested.interrupt(GapReason.LINK_LOST)
            case "gone":
                gone |= set(range(first, at))
            case "late":
                late.append((first, at))
            case "twice":
                kept += record(tested, samples(first, at)) + record(tested, samples(first, at))
            case "crash":
                # What was not durable is sampled, but neither counted nor stored.
                record(tested, samples(first, at))
                tested = recorder(kept[-1].state)
            case _:
                kept += record(tested, samples(first, at))
    kept += record(tested, samples(at, at + 3))
    for first, end in late:
        kept += record(tested, samples(first, end))
    for place, length in [*answers, (0, at)]:
        tested = recorder(kept[-1].state)
        kept += replayed(tested, ranges, gone, (place, place + length))
    assert tested.ask(1) is None
    frames = in_order(tmp_path_factory.mktemp("spool") / "spool.sqlite", kept)
    assert_account(frames, gone)
    assert frames[-1].end == at + 3


def replayed(
    tested: Recorder, ranges: list[tuple[int, int]], gone: set[int], asked: tuple[int, int]
) -> list[Recorded]:
    """Answer as a patch does: whole frames that overlap, and what is gone of what was asked."""
    kept: list[Recorded] = []
    for first, end in ranges:
        if end <= asked[0] or first >= asked[1]:
            continue
        if first in gone:
            first, end = max(first, asked[0]), min(end, asked[1])
            missing = Missing(Hole(7, first, end - first), "overwritten")
            kept += list(tested.name(missing, 1000 * NS + end * PERIOD_NS))
        else:
            kept += record(tested, samples(first, end, is_replayed=True))
    return kept


def test_frames_behind_a_hole_are_held_and_replayed_ones_say_so() -> None:
    tested = recorder()
    (first,) = record(tested, samples(0, 10))
    (behind,) = record(tested, samples(20, 30))
    assert (first.is_held, behind.is_held) == (False, True)
    assert (behind.frame.gap_before, behind.frame.gap_reason) == (0, GapReason.NONE)
    assert tested.ask(100) == Hole(7, 10, 10)
    assert tested.awaits(Hole(7, 0, 15))
    (filled,) = record(tested, samples(5, 25, is_replayed=True))
    assert (filled.frame.first_counter, filled.frame.end) == (10, 20)
    assert filled.frame.flags is FrameFlag.REPLAY
    assert filled.releases_to is not None
    assert not tested.awaits(Hole(7, 0, 15))
    counters = tested.counters
    assert (counters.samples, counters.replayed_samples, counters.gaps) == (30, 10, 0)


def test_what_was_before_the_first_notification_is_a_hole() -> None:
    tested = recorder()
    (first,) = record(tested, samples(500, 510))
    assert first.is_held
    assert tested.ask(10_000) == Hole(7, 0, 500)


def test_a_named_gap_has_the_reason_of_its_hole_unless_the_patch_knows_better() -> None:
    tested = recorder()
    record(tested, samples(0, 10))
    tested.interrupt(GapReason.LINK_LOST)
    record(tested, samples(30, 40))
    (lost,) = tested.name(Missing(Hole(7, 0, 20), "overwritten"), NS)
    assert (lost.frame.start, lost.frame.first_counter, lost.frame.n_samples) == (10, 20, 0)
    assert lost.frame.gap_reason is GapReason.LINK_LOST
    missing = Missing(Hole(7, 20, 10), "overflow", was_sampled=False)
    (never,) = tested.name(missing, NS)
    assert never.frame.gap_reason is GapReason.SENSOR_OVERFLOW
    assert not list(tested.name(missing, NS))
    assert (tested.counters.gaps, tested.counters.gap_samples) == (2, 20)


def test_what_the_patch_missed_just_now_is_named_at_once() -> None:
    tested = recorder()
    record(tested, samples(0, 10))
    missing = Missing(Hole(7, 10, 30), "overflow", was_sampled=False)
    (gap,) = tested.name(missing, NS)
    assert (gap.frame.start, gap.frame.first_counter, gap.is_held) == (10, 40, False)
    (after,) = record(tested, samples(40, 50))
    assert (after.frame.start, after.is_held) == (40, False)
    (gap,) = tested.name(Missing(Hole(7, 60, 10), "overflow", was_sampled=False), NS)
    assert (gap.frame.start, gap.frame.first_counter, gap.is_held) == (60, 70, True)
    assert tested.ask(100) == Hole(7, 50, 10)


def test_another_boot_has_the_holes_of_the_one_before_named_first() -> None:
    tested = recorder()
    record(tested, samples(0, 10))
    record(tested, samples(20, 30))
    gap, frame = record(tested, samples(0, 10, boot=8))
    assert (gap.frame.boot_id, gap.frame.start, gap.frame.first_counter) == (7, 10, 20)
    assert gap.releases_to is not None
    assert (frame.frame.boot_id, frame.is_held) == (8, False)
    assert record(tested, samples(10, 20, boot=7, is_replayed=True)) == []
    assert not list(tested.name(Missing(Hole(7, 10, 10), "overwritten"), NS))


def test_another_signal_has_them_named_too() -> None:
    tested = recorder()
    record(tested, samples(0, 10))
    (held,) = record(tested, samples(20, 30))
    other = Signal(500_000, 1_000_000, 1, Counting.COUNTER, is_stored=True)
    gap, frame = record(recorder(held.state, other), samples(0, 10, boot=8))
    assert (gap.frame.fs_mhz, gap.frame.start, gap.frame.first_counter) == (250_000, 10, 20)
    assert (frame.frame.fs_mhz, frame.frame.boot_id) == (500_000, 8)


def test_waiting_ends() -> None:
    tested = recorder(holes=HolesConfig(max_asked=2))
    record(tested, samples(0, 10))
    record(tested, samples(20, 30))
    for _ in range(3):
        assert not list(tested.give_up(NS))
        tested.ask(5)
    (gap,) = tested.give_up(NS)
    assert gap.frame.gap_before == 10
    assert tested.ask(5) is None


def test_a_patch_without_memory_has_gaps_and_no_holes() -> None:
    tested = recorder(signal=Signal(250_000, 1_000_000, 1, Counting.COUNTER))
    record(tested, samples(0, 10))
    (after,) = record(tested, samples(20, 30))
    assert (after.frame.gap_before, after.is_held) == (10, False)
    assert tested.ask(100) is None
    assert not list(tested.name(Missing(Hole(7, 10, 10), "overwritten"), NS))
