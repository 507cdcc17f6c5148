from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.types import GapReason
from gateway.placing import Placed, Rejected
from gateway.reassembly import Reassembler, ReassemblyConfig
from tests.gateway.patches import EPOCH_2019_NS, NS, ModelPatch

CONFIG = ReassemblyConfig(nominal_period_ns=1e9 / 130)
N = 73


def feed(reassembler: Reassembler, patch: ModelPatch, first: int, jitter_ns: int = 0) -> Placed:
    last_ns = patch.device_ns(first + N - 1) + jitter_ns
    placed = reassembler.push(N, last_ns, patch.utc_ns(first + N - 1), new_boot_id=first)
    assert isinstance(placed, Placed)
    return placed


def streaming(patch: ModelPatch, n_notifications: int) -> tuple[Reassembler, int]:
    """Give a reassembler after a gapless start, and the next sample's number."""
    reassembler = Reassembler(CONFIG)
    for k in range(n_notifications):
        feed(reassembler, patch, k * N)
    return reassembler, n_notifications * N


ppm = st.floats(-50, 50)
wide_ppm = st.floats(-20_000, 20_000)


@given(
    rate_ppm=wide_ppm,
    clock_ppm=ppm,
    steps=st.lists(
        st.one_of(
            st.tuples(st.just(GapReason.RADIO_LOSS), st.integers(0, 5).map(lambda k: k * N)),
            st.tuples(st.just(GapReason.LINK_LOST), st.integers(0, 78_000)),
            st.tuples(st.just(GapReason.GATEWAY_DOWN), st.integers(0, 78_000)),
        ),
        max_size=20,
    ),
)
def test_every_sample_keeps_its_number(
    rate_ppm: float, clock_ppm: float, steps: list[tuple[GapReason, int]]
) -> None:
    """After 30 s of stream any outage of up to ten minutes is counted exactly."""
    patch = ModelPatch(rate_ppm, clock_ppm)
    reassembler, at = streaming(patch, 54)
    for reason, n_lost in steps:
        if reason is GapReason.GATEWAY_DOWN:
            reassembler = Reassembler(CONFIG, reassembler.boot)
        elif reason is GapReason.LINK_LOST:
            reassembler.interrupt(reason)
        placed = feed(reassembler, patch, at + n_lost)
        assert placed.boot_id == 0
        assert placed.first_counter == at + n_lost
        assert placed.gap_before == n_lost
        assert placed.gap_reason is (reason if n_lost else GapReason.NONE)
        at += n_lost + N


@given(
    rate_ppm=ppm,
    n_lost=st.integers(1, 78_000),
    jitter_us=st.lists(st.integers(-50, 50), min_size=55, max_size=55),
)
def test_jittered_timestamps_still_count_ten_minutes_exactly(
    rate_ppm: float, n_lost: int, jitter_us: list[int]
) -> None:
    patch, reassembler = ModelPatch(rate_ppm), Reassembler(CONFIG)
    for k in range(54):
        assert feed(reassembler, patch, k * N, jitter_us[k] * 1000).gap_before == 0
    reassembler.interrupt(GapReason.LINK_LOST)
    assert feed(reassembler, patch, 54 * N + n_lost, jitter_us[54] * 1000).gap_before == n_lost


@given(rate_ppm=st.floats(-50_000, 50_000), n_lost=st.integers(0, 6))
def test_the_second_notification_counts_whole_losses_at_any_rate(
    rate_ppm: float, n_lost: int
) -> None:
    """The H10 may sample 5 % off; then only whole notifications can be told."""
    patch = ModelPatch(rate_ppm)
    reassembler, at = streaming(patch, 1)
    assert feed(reassembler, patch, at + n_lost * N).gap_before == n_lost * N


def test_times_follow_the_timestamps() -> None:
    patch = ModelPatch(rate_ppm=15_000)
    reassembler, at = streaming(patch, 3)
    placed = feed(reassembler, patch, at)
    assert placed.device_time_ns == pytest.approx(patch.device_ns(at), abs=2)
    assert placed.device_span_ns == patch.device_ns(at + N - 1) - patch.device_ns(at - 1)
    after_gap = feed(reassembler, patch, at + 3 * N)
    assert after_gap.device_time_ns == pytest.approx(patch.device_ns(at + 3 * N), abs=200)
    assert after_gap.device_span_ns == pytest.approx(placed.device_span_ns, abs=200)


def test_a_drifting_rate_is_followed() -> None:
    """A warming patch: after an hour the rate of the last minutes counts, not the mean."""
    reassembler, at_ns = Reassembler(CONFIG), EPOCH_2019_NS
    period_ns = 1e9 / 130
    for _ in range(6400):
        period_ns *= 1 + 1e-7
        at_ns += round(N * period_ns)
        assert isinstance(reassembler.push(N, at_ns, at_ns, 1), Placed)
    reassembler.interrupt(GapReason.LINK_LOST)
    at_ns += round((5000 + N) * period_ns)
    placed = reassembler.push(N, at_ns, at_ns, 1)
    assert isinstance(placed, Placed)
    assert placed.first_counter == 6400 * N + 5000


def test_repeats_are_dropped_even_after_a_reconnect() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 5)
    boot = replace(reassembler.boot)  # type: ignore[type-var]  # not None after samples
    reassembler.interrupt(GapReason.LINK_LOST)
    for first in (at - N, at - 3 * N):
        last_ns = patch.device_ns(first + N - 1)
        assert reassembler.push(N, last_ns, patch.utc_ns(at), 9) is Rejected.DUPLICATE
    assert reassembler.boot == boot
    assert feed(reassembler, patch, at).gap_before == 0


def test_out_of_order_inside_a_link_is_late_not_a_reset() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 5)
    assert feed(reassembler, patch, at + N).gap_before == N
    late = reassembler.push(N, patch.device_ns(at + N - 1), patch.utc_ns(at + 2 * N), 9)
    assert late is Rejected.LATE


@pytest.mark.parametrize("pause_s", [10, 600])
def test_a_patch_that_restarted_begins_a_boot(pause_s: int) -> None:
    """Its clock starts over; whether it is behind or already past the old one does not matter."""
    first = ModelPatch()
    reassembler, at = streaming(first, 20)
    again = ModelPatch(power_on_utc_ns=first.utc_ns(at) + NS * 5)
    reassembler.interrupt(GapReason.LINK_LOST)
    start = pause_s * 130
    placed = reassembler.push(
        N, again.device_ns(start + N - 1), again.utc_ns(start + N - 1), new_boot_id=77
    )
    assert isinstance(placed, Placed)
    assert (placed.boot_id, placed.first_counter, placed.gap_before) == (77, 0, 0)
    assert placed.is_new_boot


@pytest.mark.parametrize("late_s", [3, 60, -3600])
def test_what_comes_late_over_the_same_link_is_no_restart(late_s: int) -> None:
    """A link that hung delivers what it held back; a patch cannot restart without losing it."""
    patch = ModelPatch()
    reassembler, at = streaming(patch, 5)
    reassembler.interrupt(GapReason.LINK_LOST, is_same_link=True)
    last_ns = patch.device_ns(at + 2 * N - 1)
    placed = reassembler.push(N, last_ns, patch.utc_ns(at) + late_s * NS, 9)
    assert isinstance(placed, Placed)
    assert (placed.boot_id, placed.first_counter) == (0, at + N)
    assert (placed.gap_before, placed.gap_reason) == (N, GapReason.LINK_LOST)


def test_a_long_silence_of_the_gateway_on_one_link_is_a_gap() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 54)
    reassembler.interrupt(GapReason.GATEWAY_DOWN, is_same_link=True)
    placed = feed(reassembler, patch, at + 1800 * 130)
    assert (placed.boot_id, placed.gap_before) == (0, 1800 * 130)


def test_a_clock_that_is_set_begins_a_boot() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 5)
    last_ns = patch.device_ns(at + N - 1) + 7 * 365 * 86_400 * NS
    placed = reassembler.push(N, last_ns, patch.utc_ns(at + N - 1), 5)
    assert isinstance(placed, Placed)
    assert placed.is_new_boot


def test_a_step_of_the_host_clock_inside_a_link_changes_nothing() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 5)
    last_ns = patch.device_ns(at + N - 1)
    for arrival_ns in (patch.utc_ns(at) - 3600 * NS,):
        placed = reassembler.push(N, last_ns, arrival_ns, 5)
        assert isinstance(placed, Placed)
        assert placed.first_counter == at


def test_the_first_cause_names_the_gap() -> None:
    patch = ModelPatch()
    reassembler, at = streaming(patch, 54)
    restored = Reassembler(CONFIG, reassembler.boot)
    restored.interrupt(GapReason.LINK_LOST)
    assert feed(restored, patch, at + 500).gap_reason is GapReason.GATEWAY_DOWN
    assert feed(restored, patch, at + 500 + 2 * N).gap_reason is GapReason.RADIO_LOSS


@pytest.mark.parametrize("back_ms", [150, 700, 1700, 3000])
@pytest.mark.parametrize("n_before", [3, 40])
def test_a_clock_set_back_by_little_begins_a_boot_and_invents_nothing(
    back_ms: int, n_before: int
) -> None:
    patch, placer = ModelPatch(), Reassembler(CONFIG)
    boots: dict[int, int] = {}
    for k in range(n_before + 40):
        moved_ns = back_ms * 1_000_000 if k >= n_before else 0
        last = (k + 1) * N - 1
        placed = placer.push(N, patch.device_ns(last) - moved_ns, patch.utc_ns(last + 1), 7 + k)
        if not isinstance(placed, Placed):
            # A clock set back by less than what may come late is told by the next one.
            assert n_before <= k < n_before + round(back_ms / 561) + 1
            continue
        boots.setdefault(placed.boot_id, k)
        assert placed.gap_before == 0
    assert len(boots) == 2
