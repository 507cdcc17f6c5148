import itertools
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Counting, Samples, Signal
from ecgcore.errors import StateError
from ecgcore.types import FrameFlag, GapReason, Lead
from ecgcore.wire.messages import LinkState
from gateway.arrival import ArrivalConfig, ArrivalPlacer
from gateway.placing import Placed, Position, Rejected
from gateway.recorder import Recorder, RecorderConfig
from gateway.status import PatchView, device_status
from tests.gateway.patches import NS, UTC_NS

N = 8
FS_HZ = 125
CONFIG = ArrivalConfig(1e9 / FS_HZ)
SIGNAL = Signal(FS_HZ * 1000, 381_470, 1 << Lead.CHEST, counting=Counting.ARRIVAL)

delays_ms = st.lists(st.integers(0, 200), min_size=1, max_size=40)


@dataclass
class Stream:
    """Bare samples at a true rate; each notification comes a delay after its last sample."""

    fs_hz: float = FS_HZ
    delays_ms: list[int] = field(default_factory=lambda: [0])
    placer: ArrivalPlacer = field(default_factory=lambda: ArrivalPlacer(CONFIG))
    at_ns: float = UTC_NS
    """When the last sample was taken."""

    def __post_init__(self) -> None:
        self._delays_ms = itertools.cycle(self.delays_ms)
        self._arrival_ns = UTC_NS
        self._number = 0

    def wait(self, s: float) -> None:
        self.at_ns += s * 1e9

    def next(self) -> Placed:
        self.wait(N / self.fs_hz)
        # Notifications do not overtake each other.
        arrival_ns = round(self.at_ns) + next(self._delays_ms) * 1_000_000
        self._arrival_ns = max(self._arrival_ns, arrival_ns)
        adc = np.arange(self._number, self._number + N, dtype=np.int32)[np.newaxis]
        self._number += N
        placed = self.placer.place(Samples(adc), self._arrival_ns, new_boot_id=7)
        assert isinstance(placed, Placed)
        return placed

    def run(self, s: float) -> list[Placed]:
        return [self.next() for _ in range(round(s * self.fs_hz / N))]


@given(ppm=st.floats(-20_000, 20_000), delays_ms=delays_ms)
def test_what_comes_is_counted_and_jitter_is_no_gap(ppm: float, delays_ms: list[int]) -> None:
    placed = Stream(FS_HZ * (1 + ppm * 1e-6), delays_ms).run(20)
    assert [each.first_counter for each in placed] == list(range(0, len(placed) * N, N))
    assert {(each.gap_before, each.gap_reason) for each in placed} == {(0, GapReason.NONE)}
    assert placed[0].is_new_boot
    assert not any(each.is_new_boot or each.is_gap_estimated for each in placed[1:])


@given(ppm=st.floats(-20_000, 20_000), delays_ms=delays_ms)
def test_times_go_forward_and_follow_the_samples(ppm: float, delays_ms: list[int]) -> None:
    stream = Stream(FS_HZ * (1 + ppm * 1e-6), delays_ms)
    for count in range(500):
        before = stream.placer.count.last_ns if stream.placer.count else 0
        placed = stream.next()
        assert placed.last_sample_ns > before
        assert placed.device_time_ns < placed.last_sample_ns
        assert placed.device_span_ns > 0
        if count > 200:
            # Between the sample itself and its latest possible arrival.
            late_ns = placed.last_sample_ns - stream.at_ns
            assert -60_000_000 <= late_ns <= max(delays_ms) * 1_000_000 + 60_000_000


@given(
    silence_s=st.floats(2, 3600),
    ppm=st.floats(-1000, 1000),
    delays_ms=delays_ms,
    reason=st.sampled_from([GapReason.LINK_LOST, GapReason.GATEWAY_DOWN]),
)
def test_a_silence_is_a_gap_of_about_its_length(
    silence_s: float, ppm: float, delays_ms: list[int], reason: GapReason
) -> None:
    stream = Stream(FS_HZ * (1 + ppm * 1e-6), delays_ms)
    stream.run(30)
    if reason is GapReason.GATEWAY_DOWN:
        stored = stream.placer.dump()
        stream.placer = ArrivalPlacer.of(SIGNAL, 1.0, stored)
    else:
        stream.placer.interrupt(reason)
    stream.wait(silence_s)
    placed = stream.next()
    assert placed.gap_reason is reason
    assert placed.is_gap_estimated
    assert not placed.is_new_boot
    # To the jitter, and to what 30 s of jitter tell of the rate.
    assert placed.gap_before / FS_HZ == pytest.approx(silence_s, abs=0.4 + 0.005 * silence_s)
    assert stream.next().gap_before == 0


@given(silence_s=st.floats(1.5, 8))
def test_a_silence_on_a_live_link_is_radio_loss(silence_s: float) -> None:
    stream = Stream(delays_ms=[0, 30, 10])
    stream.run(10)
    stream.wait(silence_s)
    placed = stream.next()
    assert placed.gap_reason is GapReason.RADIO_LOSS
    assert placed.gap_before / FS_HZ == pytest.approx(silence_s, abs=0.1)


def test_the_ninth_that_a_healthypi_5_drops_is_told_and_no_gap() -> None:
    stream = Stream(FS_HZ * 8 / 9, [0, 20, 5, 40])
    for _ in range(400):
        assert stream.next().gap_before == 0
    assert stream.placer.missing_share is None or stream.placer.missing_share > 0.1
    stream.run(40)
    assert stream.placer.rate_hz == pytest.approx(FS_HZ * 8 / 9, rel=1e-3)
    assert stream.placer.missing_share == pytest.approx(1 / 9, abs=1e-3)


def test_a_whole_stream_misses_nothing() -> None:
    stream = Stream(delays_ms=[0, 20, 5, 40])
    assert stream.placer.missing_share is None
    stream.run(60)
    assert stream.placer.missing_share == pytest.approx(0, abs=1e-3)


def test_single_lost_notifications_show_in_the_rate_only() -> None:
    stream = Stream()
    for _ in range(100):
        stream.run(0.64)
        stream.wait(N / FS_HZ)
    assert stream.placer.missing_share == pytest.approx(1 / 11, abs=5e-3)


@pytest.mark.parametrize("step_s", [-3600, -2, 30, 3600])
def test_a_step_of_the_host_clock_on_a_live_link_is_no_gap(step_s: float) -> None:
    stream = Stream()
    stream.run(20)
    stream._arrival_ns = 0
    stream.wait(step_s)
    placed = stream.run(5)
    assert {each.gap_before for each in placed} == {0}
    assert not any(each.is_new_boot for each in placed)


@pytest.mark.parametrize("step_s", [-60, 3 * 86_400])
def test_over_another_link_what_cannot_be_counted_begins_a_boot(step_s: float) -> None:
    stream = Stream()
    stream.run(5)
    stream._arrival_ns = 0
    stream.placer.interrupt(GapReason.LINK_LOST)
    stream.wait(step_s)
    placed = stream.next()
    assert (placed.is_new_boot, placed.first_counter, placed.gap_before) == (True, 0, 0)


def test_a_notification_delivered_twice_is_dropped_and_a_flat_line_is_not() -> None:
    placer = ArrivalPlacer(CONFIG)
    for adc, expected in (([1, 2], Placed), ([1, 2], Rejected), ([5, 5], Placed), ([5, 5], Placed)):
        placed = placer.place(Samples(np.array([adc], np.int32)), UTC_NS, 1)
        assert isinstance(placed, expected)
    assert placer.position == Position(1, 6)


def test_another_run_goes_on_counting_and_broken_state_is_named() -> None:
    stream = Stream()
    stream.run(5)
    position = stream.placer.position
    assert ArrivalPlacer.of(SIGNAL, 20.0, stream.placer.dump()).position == position
    assert ArrivalPlacer.of(SIGNAL, 1.0, None).position is None
    with pytest.raises(StateError, match="stored count"):
        ArrivalPlacer.of(SIGNAL, 1.0, b"\xff")


def test_frames_say_that_a_gap_is_estimated() -> None:
    recorder = Recorder(RecorderConfig("healthypi-5", SIGNAL), iter(range(1, 999)).__next__)
    frames = []
    for k in range(400):
        samples = Samples(np.arange(k, k + N, dtype=np.int32)[np.newaxis])
        silence_ns = 5 * NS if k > 200 else 0
        if k == 201:
            recorder.interrupt(GapReason.LINK_LOST)
        arrival_ns = UTC_NS + k * N * NS // FS_HZ + silence_ns
        frame = recorder.take(samples, arrival_ns, is_lead_off=False)
        assert frame is not None
        frames.append(frame)
        assert abs(frame.utc_ns - (arrival_ns - (N - 1) * NS // FS_HZ)) < 50_000_000
    assert recorder.missing_pct is None
    gaps = [(frame.gap_before, frame.flags) for frame in frames if frame.gap_before]
    assert gaps == [(pytest.approx(5 * FS_HZ, abs=3), FrameFlag.DISCONTINUITY)]


def test_what_the_rate_lacks_is_in_the_status() -> None:
    recorder = Recorder(RecorderConfig("healthypi-5", SIGNAL), iter(range(1, 9999)).__next__)
    for k in range(600):
        samples = Samples(np.arange(k, k + N, dtype=np.int32)[np.newaxis])
        recorder.take(samples, UTC_NS + k * 9 * NS // FS_HZ, is_lead_off=False)
    view = PatchView("healthypi-5", LinkState.STREAMING, UTC_NS)
    status = device_status("home", UTC_NS, view, recorder, None, 0)
    assert status.missing_pct == pytest.approx(100 / 9, abs=0.1)
    assert status.gaps == 0
