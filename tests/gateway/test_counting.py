import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Counting, Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import GapReason
from gateway.counting import CountingPlacer
from gateway.placing import Placed, Rejected

NS = 1_000_000_000
SIGNAL = Signal(250_000, 1_000_000, 1, Counting.COUNTER)
PERIOD_NS = 4_000_000
N = 10


def samples(
    number: int, n_samples: int = N, *, boot: int | None = 7, device_ns: int | None = None
) -> Samples:
    adc = np.zeros((1, n_samples), np.int32)
    return Samples(adc, last_sample_ns=device_ns, first_counter=number, boot=boot)


def place(placer: CountingPlacer, of: Samples, arrival_ns: int, boot_id: int = 99) -> Placed:
    placed = placer.place(of, arrival_ns, boot_id)
    assert isinstance(placed, Placed)
    return placed


steps = st.lists(
    st.tuples(
        st.integers(1, 255),
        st.integers(0, 3000),
        st.sampled_from([None, GapReason.LINK_LOST, GapReason.GATEWAY_DOWN]),
    ),
    min_size=1,
    max_size=25,
)


@given(first=st.integers(0, 1 << 39), steps=steps)
def test_the_patchs_own_numbers_are_the_counters(
    first: int, steps: list[tuple[int, int, GapReason | None]]
) -> None:
    placer, at = CountingPlacer(SIGNAL), first
    begun = place(placer, samples(at), at * PERIOD_NS)
    assert (begun.boot_id, begun.first_counter, begun.gap_before) == (7, first, first)
    assert begun.is_new_boot
    at += N
    for n_samples, n_lost, reason in steps:
        if reason is GapReason.GATEWAY_DOWN:
            placer = CountingPlacer.of(SIGNAL, 1.0, placer.dump())
        elif reason:
            placer.interrupt(reason)
        at += n_lost
        placed = place(placer, samples(at, n_samples), at * PERIOD_NS)
        assert (placed.boot_id, placed.first_counter, placed.gap_before) == (7, at, n_lost)
        expected = (reason or GapReason.RADIO_LOSS) if n_lost else GapReason.NONE
        assert placed.gap_reason is expected
        assert placed.device_time_ns == at * PERIOD_NS
        assert placed.device_span_ns == n_samples * PERIOD_NS
        at += n_samples
        assert placer.position
        assert placer.position.counter == at


@given(
    modulus=st.sampled_from([16, 201, 256, 65536]),
    start=st.integers(0, 10_000),
    lost=st.lists(st.integers(0, 5), min_size=1, max_size=60),
    jitter=st.lists(st.integers(0, 10), min_size=60, max_size=60),
)
def test_numbers_that_come_round_count_exactly_up_to_a_turn(
    modulus: int, start: int, lost: list[int], jitter: list[int]
) -> None:
    """Ten samples a notification and at most five lost are less than the shortest turn."""
    signal = Signal(250_000, 1_000_000, 1, Counting.COUNTER, counter_modulus=modulus)
    placer, at = CountingPlacer(signal), 0
    for n_lost, late in zip([0, *lost], [0, *jitter], strict=False):
        at += n_lost
        arrival_ns = (at + N) * PERIOD_NS + late * 1_000_000
        placed = place(placer, samples((start + at) % modulus, boot=None), arrival_ns)
        assert (placed.first_counter, placed.gap_before) == (at, n_lost)
        at += N


@given(n_turns=st.integers(0, 400), residue=st.integers(0, 200), early_ms=st.integers(-300, 300))
def test_whole_turns_come_from_the_time_after_an_interruption(
    n_turns: int, residue: int, early_ms: int
) -> None:
    """To the nearest turn of 201 samples, 804 ms."""
    signal = Signal(250_000, 1_000_000, 1, Counting.COUNTER, counter_modulus=201)
    placer = CountingPlacer(signal)
    place(placer, samples(0, boot=None), 1000 * NS)
    placer.interrupt(GapReason.LINK_LOST)
    n_lost = 201 * n_turns + residue
    at_ns = 1000 * NS + (n_lost + N) * PERIOD_NS + early_ms * 1_000_000
    placed = place(placer, samples((N + n_lost) % 201, boot=None), at_ns)
    assert placed.gap_before == n_lost


def test_repeats_and_late_ones_are_told_apart() -> None:
    placer = CountingPlacer(SIGNAL)
    for at in (0, 10, 40):
        place(placer, samples(at), NS)
    assert placer.place(samples(10), NS, 9) is Rejected.DUPLICATE
    assert placer.place(samples(20), NS, 9) is Rejected.LATE
    placer.interrupt(GapReason.LINK_LOST)
    assert placer.place(samples(40), NS, 9) is Rejected.DUPLICATE
    assert place(placer, samples(50), NS).gap_before == 0


def test_a_repeat_of_numbers_that_come_round_is_no_loss() -> None:
    signal = Signal(250_000, 1_000_000, 1, Counting.COUNTER, counter_modulus=256)
    placer = CountingPlacer(signal)
    for at in range(0, 500, N):
        place(placer, samples(at % 256, boot=None), at * PERIOD_NS)
    assert placer.place(samples(480 % 256, boot=None), 500 * PERIOD_NS, 9) is Rejected.DUPLICATE


def test_another_boot_of_the_patch_is_another_boot() -> None:
    placer = CountingPlacer(SIGNAL)
    place(placer, samples(100, boot=7), NS)
    placed = place(placer, samples(30, boot=8), 2 * NS)
    assert (placed.boot_id, placed.first_counter, placed.gap_before) == (8, 30, 30)
    assert placed.gap_reason is GapReason.LINK_LOST


def test_without_boots_going_back_far_is_a_restart_going_back_a_little_is_late() -> None:
    placer = CountingPlacer(SIGNAL)
    first = place(placer, samples(1000, 5000, boot=None), NS, boot_id=1)
    assert (first.boot_id, first.first_counter, first.gap_before) == (1, 0, 0)
    assert placer.place(samples(5000, boot=None), NS, 2) is Rejected.LATE
    assert place(placer, samples(3, boot=None), NS, boot_id=2).boot_id == 2
    place(placer, samples(13, boot=None), NS, boot_id=3)
    placer.interrupt(GapReason.LINK_LOST)
    assert place(placer, samples(4, boot=None), NS, boot_id=4).boot_id == 4


def test_numbers_that_cannot_be_are_not_believed() -> None:
    placer = CountingPlacer(SIGNAL)
    assert placer.place(samples(1 << 47), NS, 9) is Rejected.LATE
    place(placer, samples(0), NS)
    assert placer.place(samples(1 << 47, boot=9), NS, 9) is Rejected.LATE
    assert place(placer, samples(N), NS).gap_before == 0


def test_times_follow_the_patchs_clock_unless_it_cannot_be() -> None:
    placer = CountingPlacer(SIGNAL)
    period_ns = 4_000_100
    for at in range(0, 1000, N):
        placed = place(placer, samples(at, device_ns=(at + N - 1) * period_ns), NS)
    assert placed.device_span_ns == N * period_ns
    assert placer.device_ns(500) == pytest.approx(500 * period_ns, abs=2000)
    leapt = place(placer, samples(1000, device_ns=86_400 * NS), NS)
    assert leapt.device_span_ns == N * PERIOD_NS
    assert leapt.last_sample_ns == 86_400 * NS


def test_what_the_patch_missed_itself_is_skipped() -> None:
    placer = CountingPlacer(SIGNAL)
    place(placer, samples(0), NS)
    placer.skip_to(60)
    placer.skip_to(20)
    assert place(placer, samples(60), NS).gap_before == 0


def test_samples_without_number_and_broken_state_are_named() -> None:
    with pytest.raises(StateError, match="without number"):
        CountingPlacer(SIGNAL).place(Samples(np.zeros((1, 3), np.int32)), NS, 1)
    with pytest.raises(StateError, match="stored count"):
        CountingPlacer.of(SIGNAL, 1.0, b"{}")
    with pytest.raises(StateError, match="no boot"):
        CountingPlacer(SIGNAL).device_ns(3)
