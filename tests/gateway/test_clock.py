import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import ClockConfig, DeviceClock
from tests.gateway.patches import EPOCH_2019_NS, NS, UTC_NS, ModelPatch

STEP = 73


def run(
    clock: DeviceClock, patch: ModelPatch, seconds: int, seed: int = 1, start: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Push notifications with 0 to 200 ms of delay; give fitted and true UTC in ns since start."""
    delays_ns = np.random.default_rng(seed).uniform(0, 0.2e9, seconds * 2)
    fitted, true = [], []
    for k in range(int(seconds * 130 / STEP)):
        sample = start + k * STEP
        device_ns, utc_ns = patch.device_ns(sample), patch.utc_ns(sample)
        offset_ns = clock.push(device_ns, utc_ns + round(delays_ns[k]))
        fitted.append(device_ns + offset_ns - patch.power_on_utc_ns)
        true.append(utc_ns - patch.power_on_utc_ns)
    return np.array(fitted), np.array(true)


@pytest.mark.parametrize("ppm", [-50.0, 0.0, 50.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_minutes_bring_utc_within_five_milliseconds(ppm: float, seed: int) -> None:
    clock = DeviceClock(ClockConfig())
    fitted, true = run(clock, ModelPatch(clock_ppm=ppm), 1800, seed)
    after = fitted[1070:] - true[1070:]
    assert np.percentile(np.abs(after), 95) < 5e6
    assert np.abs(after).max() < 10e6
    assert clock.drift_ppm == pytest.approx(ppm, abs=10)
    # 95th percentile of a delay that is uniform on 0 to 200 ms.
    assert clock.residual_p95_ms == pytest.approx(190, abs=12)


@settings(max_examples=25)
@given(
    delays_ms=st.lists(st.integers(0, 3000), min_size=2, max_size=80),
    ppm=st.floats(-50, 50),
)
def test_utc_never_runs_backward_however_late_arrivals_are(
    delays_ms: list[int], ppm: float
) -> None:
    clock, patch, last_ns = DeviceClock(ClockConfig()), ModelPatch(clock_ppm=ppm), 0
    for k, delay_ms in enumerate(delays_ms):
        device_ns = patch.device_ns(k * STEP)
        utc_ns = device_ns + clock.push(device_ns, patch.utc_ns(k * STEP) + delay_ms * 1_000_000)
        assert utc_ns > last_ns
        last_ns = utc_ns


def test_drift_is_unknown_at_first() -> None:
    clock = DeviceClock(ClockConfig())
    assert clock.drift_ppm is None
    assert clock.residual_p95_ms is None
    run(clock, ModelPatch(), 60)
    assert clock.drift_ppm is None


def test_a_restart_goes_on_without_a_step() -> None:
    patch, clock = ModelPatch(clock_ppm=40), DeviceClock(ClockConfig())
    run(clock, patch, 900)
    at = int(900 * 130 / STEP) * STEP
    again = DeviceClock(ClockConfig(), clock.state)
    fitted, true = run(again, patch, 600, seed=5, start=at)
    assert np.abs(fitted - true).max() < 30e6
    assert np.abs(fitted - true)[-200:].max() < 8e6


def test_a_host_clock_set_forward_is_noticed_and_followed() -> None:
    clock = DeviceClock(ClockConfig())
    run(clock, ModelPatch(), 120)
    hour_ns = 3600 * NS
    offsets_ns = [
        clock.push(device_ns := EPOCH_2019_NS + (120 + k) * NS, UTC_NS + hour_ns + (120 + k) * NS)
        for k in range(60)
    ]
    assert clock.n_resets == 1
    error_ns = device_ns + offsets_ns[-1] - (UTC_NS + hour_ns + 179 * NS)
    assert abs(error_ns) < 2_000_000
    # A backlog of arrivals is not mistaken for it: the first 30 late ones change nothing.
    assert abs(offsets_ns[20] - (UTC_NS - EPOCH_2019_NS)) < 0.1 * NS


def test_a_host_clock_set_back_slows_utc_but_does_not_turn_it() -> None:
    clock = DeviceClock(ClockConfig())
    run(clock, ModelPatch(), 120)
    first, second = (
        clock.push(EPOCH_2019_NS + s * NS, UTC_NS + (s - 60) * NS) + EPOCH_2019_NS + s * NS
        for s in (121, 122)
    )
    assert clock.n_resets == 1
    assert second - first == pytest.approx(0.99 * NS, abs=1000)
