"""Placing by time stamps in milliseconds, in packets of 16: a Movesense."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Signal
from ecgcore.types import GapReason, Lead
from gateway.placing import Placed
from gateway.reassembly import Reassembler
from tests.gateway.patches import UTC_NS

MS_NS = 1_000_000
N = 16
RATES_HZ = (125, 128, 200, 250, 256, 500, 512)
every_rate = pytest.mark.parametrize("fs_hz", RATES_HZ)
ppm = st.floats(-50, 50)


@dataclass
class Stream:
    fs_hz: int
    ppm: float = 0.0
    next_sample: int = 0

    def __post_init__(self) -> None:
        signal = Signal(self.fs_hz * 1000, 381_470, 1 << Lead.CHEST, timestamp_step_ns=MS_NS)
        self.reassembler = Reassembler.of(signal, 1.0, None)

    def next(self, n_lost: int = 0, late_ms: int = 0) -> Placed:
        self.next_sample += n_lost + N
        last_ns = (self.next_sample - 1) * 1e9 / (self.fs_hz * (1 + self.ppm * 1e-6))
        stamp_ns = (round(last_ns / MS_NS) + late_ms) * MS_NS
        placed = self.reassembler.push(N, stamp_ns, UTC_NS + round(last_ns), 3)
        assert isinstance(placed, Placed)
        return placed


@every_rate
@given(
    ppm=ppm,
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=150),
)
def test_lost_packets_are_counted_exactly(
    fs_hz: int, ppm: float, steps: list[tuple[int, int]]
) -> None:
    """From the second packet on, whatever the rate, with stamps a step late."""
    stream = Stream(fs_hz, ppm)
    stream.next()
    for n_packets, late_ms in steps:
        start = stream.next_sample + n_packets * N
        placed = stream.next(n_packets * N, late_ms)
        assert (placed.first_counter, placed.gap_before) == (start, n_packets * N)
        expected = GapReason.RADIO_LOSS if n_packets else GapReason.NONE
        assert placed.gap_reason is expected


def test_one_packet_of_16_lost_at_512_hz() -> None:
    stream = Stream(512)
    for _ in range(100):
        assert stream.next().gap_before == 0
    placed = stream.next(16)
    assert (placed.gap_before, placed.gap_reason) == (16, GapReason.RADIO_LOSS)
    assert stream.next().gap_before == 0


@every_rate
@given(ppm=ppm, n_packets=st.integers(0, 5), data=st.data())
def test_what_fits_no_whole_packets_is_the_sensors_own_loss(
    fs_hz: int, ppm: float, n_packets: int, data: st.DataObject
) -> None:
    rounding = 1 + -(-3 * fs_hz // 1000)
    more = data.draw(st.integers(rounding, N - rounding))
    stream = Stream(fs_hz, ppm)
    for _ in range(50):
        stream.next()
    placed = stream.next(n_packets * N + more)
    assert placed.gap_reason is GapReason.SENSOR_OVERFLOW
    assert placed.gap_before == pytest.approx(n_packets * N + more, abs=-(-fs_hz // 1000))


@every_rate
@given(ppm=ppm, n_lost=st.integers(1, 5000))
def test_over_another_link_the_time_counts(fs_hz: int, ppm: float, n_lost: int) -> None:
    """True to the rounding, and to what a minute of it tells of the rate."""
    stream = Stream(fs_hz, ppm)
    for _ in range(60 * fs_hz // N):
        stream.next()
    stream.reassembler.interrupt(GapReason.LINK_LOST)
    placed = stream.next(n_lost)
    rounding = 1 + 2 * fs_hz / 1000 + n_lost * 1e-4
    assert placed.gap_before == pytest.approx(n_lost, abs=rounding)
    assert placed.gap_reason in (GapReason.LINK_LOST, GapReason.NONE)


@every_rate
def test_spans_do_not_jump_with_the_rounding(fs_hz: int) -> None:
    stream = Stream(fs_hz)
    for _ in range(200):
        placed = stream.next()
        assert placed.device_span_ns == pytest.approx(N * 1e9 / fs_hz, rel=3e-4)
