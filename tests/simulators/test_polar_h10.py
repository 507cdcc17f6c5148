from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import sig
from devices.driver import Battery, CommandReply, HeartRate, Packet, Samples
from devices.polar_h10 import codec
from devices.polar_h10.driver import PolarH10Dialogue
from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.patch import Notification
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.source import SampleNumbers

ON_NS = 1_700_000_000_000_000_000
S_NS = 1_000_000_000


def strap(**config: float) -> SimulatedH10:
    return SimulatedH10(PatchConfig("0A1B2C01", ON_NS, **config), SampleNumbers())


def decoded(notifications: Iterable[Notification]) -> list[Packet]:
    driver = PolarH10Dialogue()
    return [p for n in notifications for p in driver.decode(n.characteristic, n.value)]


def reply(patch: SimulatedH10, data: bytes, utc_ns: int = ON_NS, mtu: int = 232) -> str:
    return patch.control(data, utc_ns, mtu).hex()


def test_grid_starts_with_power_on_and_counts_the_straps_seconds() -> None:
    patch = strap()
    assert patch.samples_until(ON_NS) == 1
    assert patch.sample_ns(0) == codec.POWER_ON_NS
    assert patch.samples_until(ON_NS + 10 * S_NS) == 1301
    assert patch.sample_ns(1300) == codec.POWER_ON_NS + 10 * S_NS


def test_drift_makes_the_straps_clock_run_ahead() -> None:
    # 1000 ppm over 1000 s is one second, 130 samples.
    fast, even = strap(drift_ppm=1000), strap()
    after = ON_NS + 1000 * S_NS
    assert fast.samples_until(after) - even.samples_until(after) == 130
    assert fast.sample_ns(130_000) == even.sample_ns(130_000)


@given(steps_ms=st.lists(st.integers(0, 3000), max_size=40), mtu=st.integers(70, 517))
def test_however_time_passes_frames_follow_without_hole(steps_ms: list[int], mtu: int) -> None:
    patch = strap()
    patch.control(codec.START_ECG, ON_NS + S_NS, mtu)
    now_ns = ON_NS + S_NS
    notifications: list[Notification] = []
    for step_ms in steps_ms:
        now_ns += step_ms * 1_000_000
        notifications += patch.due(now_ns)
    frames = [n for n in notifications if n.samples]
    values = [v for p in decoded(frames) if isinstance(p, Samples) for v in p.adc[0].tolist()]
    assert values == list(range(131, 131 + len(values)))
    assert [v for frame in frames for v in frame.samples] == values
    per_frame = codec.samples_per_frame(mtu)
    assert 0 <= patch.samples_until(now_ns) - 131 - len(values) < per_frame
    assert all(len(n.value) <= mtu - 3 for n in notifications)


def test_a_long_stall_is_sent_in_portions() -> None:
    patch = strap()
    patch.control(codec.START_ECG, ON_NS, 232)
    late_ns = ON_NS + 60 * S_NS
    portions = [sum(1 for n in patch.due(late_ns) if n.samples) for _ in range(5)]
    assert portions[0] == portions[1] == 32
    assert sum(portions) == 60 * 130 // 73


def test_disconnected_strap_goes_on_sampling() -> None:
    patch = strap()
    patch.control(codec.START_ECG, ON_NS, 232)
    first = [n.samples for n in patch.due(ON_NS + S_NS) if n.samples]
    patch.disconnect()
    assert [n for n in patch.due(ON_NS + 2 * S_NS) if n.samples] == []
    patch.control(codec.START_ECG, ON_NS + 5 * S_NS, 232)
    again = [n.samples for n in patch.due(ON_NS + 6 * S_NS) if n.samples]
    assert (first[0].start, again[0].start) == (1, 651)


def test_commands_are_answered_as_the_straps_do() -> None:
    patch = strap()
    assert reply(patch, bytes.fromhex("0100")) == "f001000000" + "00018200" + "01010e00"
    assert reply(patch, codec.STOP_ECG) == "f003000600"
    assert reply(patch, codec.START_ECG) == "f002000000"
    assert reply(patch, codec.START_ECG) == "f002000600"
    assert reply(patch, codec.STOP_ECG) == "f003000000"
    assert not patch.is_streaming


@pytest.mark.parametrize(
    ("request_hex", "mtu", "status"),
    [
        ("0900", 232, 1),
        ("0202", 232, 3),
        ("02", 232, 4),
        ("0200000182", 232, 4),
        ("02000001c80001010e00", 232, 8),
        ("0200", 232, 8),
        ("02000001820001011000", 232, 7),
        ("02000001820001010e00", 69, 10),
    ],
)
def test_refusals_name_the_vendors_status(request_hex: str, mtu: int, status: int) -> None:
    patch = strap()
    data = bytes.fromhex(request_hex)
    assert patch.control(data, ON_NS, mtu)[3] == status
    assert not patch.is_streaming


@given(data=st.binary(max_size=40))
def test_any_command_gets_a_reply(data: bytes) -> None:
    answer = strap().control(data, ON_NS, 232)
    packet = PolarH10Dialogue().decode(codec.PMD_CONTROL, answer)[0]
    assert not isinstance(packet, CommandReply) or packet.detail


def test_heart_rate_and_intervals_are_the_sources_beats() -> None:
    source = SyntheticEcg(EcgConfig(seed=5))
    patch = SimulatedH10(PatchConfig("0A1B2C01", ON_NS), source)
    packets = [p for s in range(61) for p in decoded(patch.due(ON_NS + s * S_NS))]
    rates = [p for p in packets if isinstance(p, HeartRate)]
    assert len(rates) == 60
    told_ms = [rr for rate in rates for rr in rate.rr_ms]
    peaks = SyntheticEcg(EcgConfig(seed=5)).rpeaks(0, 60 * 130)
    assert told_ms == pytest.approx(np.diff(peaks) * 1000 / 130, abs=0.5)
    assert rates[-1].bpm == pytest.approx(65, abs=8)


def test_battery_is_told_every_ten_seconds() -> None:
    patch = strap(battery_pct=77)
    packets = [p for s in range(35) for p in decoded(patch.due(ON_NS + s * S_NS))]
    assert packets.count(Battery(77)) == 3
    assert {n.characteristic for n in patch.due(ON_NS + 35 * S_NS)} == {sig.HEART_RATE_MEASUREMENT}
