import numpy as np
import pytest

from ecgcore.envelope import Bump, EnvelopeConfig, QrsEnvelope
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

RPEAKS_S = [1.0 + 0.7371 * k for k in range(10)]
RATES = pytest.mark.parametrize("fs_hz", [130.0, 250.0, 360.0, 1000.0])


def bumps_of(ecg_mv: FloatArray, fs_hz: float) -> list[Bump]:
    envelope = QrsEnvelope(EnvelopeConfig(), fs_hz)
    bumps = [*envelope.push(0, ecg_mv), *envelope.finish()]
    tallest = max(bump.height for bump in bumps)
    return [bump for bump in bumps if bump.height > 0.5 * tallest]


@RATES
def test_r_peaks_are_located_between_samples(fs_hz: float) -> None:
    bumps = bumps_of(ecg_of(RPEAKS_S, fs_hz, 9.0), fs_hz)
    found_s = [(bump.up.sample + bump.up.offset) / fs_hz for bump in bumps]
    # Q and S pull the top a little; 7.7 ms is one sample at 130 Hz.
    np.testing.assert_allclose(found_s, RPEAKS_S, atol=0.0012)


@RATES
def test_the_height_is_that_over_the_level_before(fs_hz: float) -> None:
    bumps = bumps_of(ecg_of(RPEAKS_S, fs_hz, 9.0, gain=2.0) + 3.0, fs_hz)
    # R of 1.1 mV at twice the gain; Q and S take some 3 % off the top.
    assert [b.up.amplitude_mv for b in bumps] == pytest.approx([2.15] * len(bumps), rel=0.05)


def test_turning_the_signal_over_turns_the_deflections_over() -> None:
    ecg_mv = ecg_of(RPEAKS_S, 250.0, 9.0, noise_mv=0.01)
    for bump, turned in zip(bumps_of(ecg_mv, 250.0), bumps_of(-ecg_mv, 250.0), strict=True):
        assert (turned.down.sample, turned.down.offset) == (bump.up.sample, bump.up.offset)
        assert turned.down.amplitude_mv == -bump.up.amplitude_mv
        assert turned.up.prominence_mv == bump.down.prominence_mv
        assert turned.height == bump.height


@RATES
def test_a_bump_is_certain_within_the_stated_delay(fs_hz: float) -> None:
    envelope = QrsEnvelope(EnvelopeConfig(), fs_hz)
    assert envelope.delay_samples <= 0.4 * fs_hz
    for at, sample_mv in enumerate(ecg_of(RPEAKS_S, fs_hz, 9.0)):
        for bump in envelope.push(at, np.array([sample_mv])):
            assert at + 1 - min(bump.up.sample, bump.down.sample) <= envelope.delay_samples


def test_a_gap_gives_the_bump_under_way_and_forgets_the_run() -> None:
    ecg_mv = ecg_of([1.0, 1.8], 250.0, 2.6)
    envelope = QrsEnvelope(EnvelopeConfig(), 250.0)
    before = envelope.push(0, ecg_mv[:500])
    assert all(bump.up.sample < 400 for bump in before)
    # 200 ms after the second R its bump has passed, but is not certain yet.
    last = envelope.finish()
    assert [bump.up.sample for bump in last] == [450]
    assert envelope.finish() == []
    fresh = QrsEnvelope(EnvelopeConfig(), 250.0)
    assert envelope.push(0, ecg_mv) == fresh.push(0, ecg_mv)
