import pytest

from ecgcore.rpeak import RPeak
from ecgcore.rr import RrConfig, RrSeries


def peak(sample: int, offset: float = 0.0) -> RPeak:
    return RPeak(sample, offset, 1.0, 0.8, sample + 50)


def intervals(beats: list[tuple[RPeak, float, float]]) -> list[float | None]:
    series = RrSeries(RrConfig(), 250.0)
    return [series.push(peak, time_ms, 4.0, sqi).rr_ms for peak, time_ms, sqi in beats]


def test_an_interval_is_the_difference_of_device_times() -> None:
    # The device's clock runs 1 % slow against the nominal rate; its word counts.
    beats = [(peak(1000, 0.25), 5000.0, 1.0), (peak(1250, -0.25), 6008.0, 1.0)]
    assert intervals(beats) == [None, 1008.0]


def test_no_interval_touches_a_beat_of_unusable_signal() -> None:
    beats = [(peak(250 * k), 1000.0 * k, 0.3 if k == 2 else 0.9) for k in range(5)]
    assert intervals(beats) == [None, 1000.0, None, None, 1000.0]


def test_no_interval_is_formed_across_a_gap() -> None:
    series = RrSeries(RrConfig(), 250.0)
    series.push(peak(0), 0.0, 4.0, 1.0)
    series.reset()
    assert series.push(peak(250), 1000.0, 4.0, 1.0).rr_ms is None
    assert series.push(peak(500), 2000.0, 4.0, 1.0).rr_ms == 1000.0


@pytest.mark.parametrize("jump_ms", [-1500.0, -80.0, 80.0, 1e12])
def test_no_interval_is_formed_across_a_clock_that_was_set(jump_ms: float) -> None:
    beats = [(peak(0), 0.0, 1.0), (peak(250), 1000.0 + jump_ms, 1.0)]
    assert intervals(beats) == [None, None]


def test_a_beat_carries_what_is_known_of_it() -> None:
    beat = RrSeries(RrConfig(), 250.0).push(peak(1000, 0.25), 4001.0, 4.004, 0.5)
    assert (beat.sample, beat.offset, beat.time_ms, beat.amplitude_mv) == (1000, 0.25, 4001.0, 1.0)
    assert (beat.sample_ms, beat.confidence) == (4.004, 0.4)
