import numpy as np
import pytest

from ecgcore.events import QualityReason
from ecgcore.quality import QualityConfig, QualityMeter, SecondScored
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

FS_HZ = 250.0
CLEAN = ecg_of([0.5 + 0.8 * k for k in range(12)], FS_HZ, 10.0, noise_mv=0.01)


def scored(raw_mv: FloatArray, rail_mv: float | None = None, start: int = 0) -> list[SecondScored]:
    meter = QualityMeter(QualityConfig(), FS_HZ, 5.0, rail_mv)
    return [*meter.push(start, raw_mv), *meter.finish()]


def test_clean_signal_is_clean() -> None:
    seconds = scored(CLEAN)
    assert [second.sqi for second in seconds] == [1.0] * 10
    assert [(second.start, second.end) for second in seconds] == [
        (250 * k, 250 * k + 250) for k in range(10)
    ]


def test_noise_is_measured() -> None:
    noisy = ecg_of([0.5 + 0.8 * k for k in range(12)], FS_HZ, 10.0, noise_mv=0.05)
    assert np.median([s.noise_mv for s in scored(noisy)]) == pytest.approx(0.05, rel=0.2)


def spoilt(change: FloatArray) -> SecondScored:
    """Judge the sixth second of the clean signal with `change` added to it."""
    raw_mv = CLEAN.copy()
    raw_mv[1250:1500] += change
    return scored(raw_mv, rail_mv=4.0)[5]


def test_a_frozen_signal_is_flat() -> None:
    raw_mv = CLEAN.copy()
    raw_mv[1250:1450] = 0.2
    assert scored(raw_mv)[5].reasons == (QualityReason.FLAT,)
    assert scored(raw_mv)[5].sqi == 0.0
    assert scored(raw_mv)[4].sqi == 1.0


def test_a_standstill_with_electrodes_on_is_usable() -> None:
    noise = 0.01 * np.random.default_rng(5).standard_normal(2500)
    assert min(second.sqi for second in scored(noise)) == 1.0


def test_a_signal_at_the_rail_says_so() -> None:
    raw_mv = CLEAN.copy()
    raw_mv[1250:1300] = 4.0
    assert QualityReason.RAIL in scored(raw_mv, rail_mv=4.0)[5].reasons
    assert QualityReason.RAIL not in scored(raw_mv)[5].reasons


def test_a_step_is_motion() -> None:
    second = spoilt(np.repeat([0.0, 7.0], 125))
    assert QualityReason.MOTION in second.reasons
    assert second.sqi == 0.0


def test_loud_noise_is_low_snr() -> None:
    second = spoilt(0.6 * np.random.default_rng(2).standard_normal(250))
    assert second.reasons == (QualityReason.LOW_SNR,)
    assert second.sqi < 0.5


def test_hum_is_named() -> None:
    hum = 0.5 * np.sin(2 * np.pi * 50.0 * np.arange(250) / FS_HZ)
    assert spoilt(hum).reasons == (QualityReason.MAINS,)
    assert spoilt(hum).sqi < 0.5


def test_a_smooth_swing_of_the_baseline_is_wander() -> None:
    drift = 2.5 * np.sin(2 * np.pi * 0.3 * np.arange(250) / FS_HZ)
    assert spoilt(drift).reasons == (QualityReason.WANDER,)


def test_incomplete_seconds_are_judged_by_what_is_there() -> None:
    seconds = scored(CLEAN[:700], start=1100)
    assert [(s.start, s.end) for s in seconds] == [
        (1100, 1250),
        (1250, 1500),
        (1500, 1750),
        (1750, 1800),
    ]
    assert [s.sqi for s in seconds] == [1.0, 1.0, 1.0, 0.0]
    assert seconds[-1].reasons == (QualityReason.GAP,)
    assert np.isnan(seconds[-1].noise_mv)


def test_the_second_around_a_beat_is_asked_for_later() -> None:
    raw_mv = CLEAN.copy()
    raw_mv[1250:1500] = 0.2
    meter = QualityMeter(QualityConfig(), FS_HZ, 5.0)
    meter.push(0, raw_mv)
    assert meter.around(1375, 2500) == 0.0
    assert meter.around(1000, 2500) == 1.0
    # Only what had been seen counts.
    assert meter.around(1200, 1250) == 1.0
