"""Noise, f waves, late potentials and the link, of recordings that were made to have them."""

import numpy as np
import pytest

from ecgcore.average import AverageBeat
from ecgcore.average_signal import AverageSignal
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.late_potentials import LateConfig, fast_qrs_uv, late_potentials, measured_late
from ecgcore.link import gap_lengths
from ecgcore.recorded import Recorded
from ecgcore.second_detector import SecondDetectorConfig, agreement, second_places
from ecgcore.signal_table import SIGNAL, SignalConfig, measure_signal
from ecgcore.types import FloatArray
from ecgcore.vector import EIGHT
from tests.ecgcore.trains import recorded_of, train_mv

FS_HZ = 250.0
CONFIG = SignalConfig()
LATE = LateConfig()
TURN = 2.0 * np.pi
AT_S = 0.6 + np.cumsum(np.r_[0.0, np.random.default_rng(0).uniform(0.5, 1.1, 36)])
END_S = float(AT_S[-1] + 1.0)


def measured(recorded: Recorded, is_af: bool = False) -> dict[str, Measurement]:
    return {each.key: each for each in measure_signal(recorded, is_af, CONFIG)}


def recording(extra_mv: FloatArray | float = 0.0, noise_mv: float = 0.01) -> Recorded:
    ecg_mv = train_mv(AT_S, FS_HZ, END_S, noise_mv=noise_mv) + extra_mv
    return recorded_of(ecg_mv[np.newaxis], AT_S, FS_HZ)


def test_signal_to_noise_is_that_of_what_was_added() -> None:
    for noise_mv in (0.01, 0.05):
        snr_db = measured(recording(noise_mv=noise_mv))["snr_db"].value
        # Noise is told a little low at this rate (`ecgcore.noise`).
        assert snr_db == pytest.approx(20.0 * np.log10(1.3 / (2.0 * noise_mv)), abs=2.0)


def test_two_detectors_agree_on_an_ecg_and_not_on_noise() -> None:
    assert measured(recording())["b_sqi"].value == 1.0
    noise = recorded_of(np.random.default_rng(0).normal(0.0, 1.0, (1, 8000)), AT_S, FS_HZ)
    b_sqi = measured(noise)["b_sqi"].value
    assert b_sqi is not None
    assert b_sqi < 0.7
    still = measured(recorded_of(np.zeros((1, 8000)), np.empty(0), FS_HZ))
    assert still["b_sqi"].null_reason is NullReason.TOO_FEW_BEATS
    short = measured(recorded_of(np.zeros((1, 400)), np.empty(0), FS_HZ))
    assert short["b_sqi"].null_reason is NullReason.TOO_SHORT


def test_beats_beside_missing_samples_are_not_compared() -> None:
    recorded = recording()
    first = round((AT_S[10] - 0.2) * FS_HZ)
    recorded.ecg_mv[0, first : first + 600] = np.nan
    found = measured(recorded)
    assert found["b_sqi"].value == 1.0
    drawn = {
        "loss_frac": 600 / recorded.n_samples,
        "gap_count": 1.0,
        "longest_gap": 2.4,
        "coverage": 1.0,
    }
    for key, value in drawn.items():
        assert found[key].value == pytest.approx(value), key


def test_f1_by_hand() -> None:
    one, other = np.array([10.0, 20.0, 30.0, 40.0]), np.array([11.0, 20.0, 36.0])
    assert agreement(one, other, 2.0) == pytest.approx(2.0 * 2 / 7)
    assert agreement(one, other, 2.0) == agreement(other, one, 2.0)
    assert agreement(one, one, 0.0) == 1.0
    assert agreement(one, np.empty(0), 2.0) == 0.0
    assert np.isnan(agreement(np.empty(0), np.empty(0), 2.0))
    # Of two beats near the same one, the nearer is its pair.
    assert agreement(np.array([10.0]), np.array([9.0, 10.5]), 2.0) == pytest.approx(2.0 / 3.0)


def test_the_second_detector_finds_beats_of_either_sign() -> None:
    for gain in (1.0, -1.0, 0.2):
        ecg_mv = gain * train_mv(AT_S, FS_HZ, END_S, noise_mv=0.01)
        places = second_places(ecg_mv, FS_HZ, SecondDetectorConfig())
        assert agreement(places, AT_S * FS_HZ, 0.05 * FS_HZ) == 1.0


def test_gaps_are_counted() -> None:
    is_missing = np.array([True, False, True, True, False, False, True])
    assert gap_lengths(is_missing).tolist() == [1, 2, 1]
    assert not gap_lengths(np.zeros(5, bool)).size
    found = measured(recording())
    assert [found[key].value for key in ("loss_frac", "gap_count", "longest_gap")] == [0.0] * 3


def test_seconds_of_poor_quality_do_not_count_as_covered() -> None:
    recorded = recorded_of(train_mv(AT_S, FS_HZ, END_S)[np.newaxis], AT_S, FS_HZ, sqi=0.4)
    coverage = measured(recorded)["coverage"].value
    assert coverage == 0.0


def test_the_rate_is_that_of_the_devices_clock() -> None:
    ecg_mv = train_mv(AT_S, FS_HZ, END_S)[np.newaxis]
    fs_est = measured(recorded_of(ecg_mv, AT_S, FS_HZ, clock_hz=251.3))["fs_est"].value
    assert fs_est == pytest.approx(251.3, rel=1e-9)
    # A clock that is exactly the nominal rate is none.
    assert measured(recording())["fs_est"].null_reason is NullReason.NOT_APPLICABLE


def test_f_waves_are_found_under_the_beats() -> None:
    times_s = np.arange(round(END_S * FS_HZ)) / FS_HZ
    waves_mv = 0.08 * np.sin(TURN * 6.3 * times_s)
    found = measured(recording(waves_mv, noise_mv=0.005), is_af=True)
    drawn = {"fwave_df": 6.3, "fwave_amp": 0.08 / np.sqrt(2.0), "fwave_org": 1.0}
    for key, value in drawn.items():
        # The lines across the QRS complexes are no wave.
        assert found[key].value == pytest.approx(value, rel=0.25), key
    assert found["fwave_df"].value == pytest.approx(6.3, abs=0.13)
    noise_mv = np.random.default_rng(0).normal(0.0, 0.05, times_s.size)
    org = measured(recording(noise_mv), is_af=True)["fwave_org"].value
    assert org is not None
    assert org < 0.5
    assert measured(recording(waves_mv))["fwave_df"].null_reason is NullReason.NOT_APPLICABLE
    short = recorded_of(train_mv(AT_S[:6], FS_HZ, 8.0)[np.newaxis], AT_S[:6], FS_HZ)
    assert measured(short, is_af=True)["fwave_df"].null_reason is NullReason.TOO_SHORT


def averaged(fast_mv: float, fs_hz: float = 1000.0, noise_mv: float = 0.0) -> AverageSignal:
    """Give a smooth QRS of 80 ms in eight leads with 200 Hz on it, from 260 to 340 ms."""
    at_ms = np.arange(0.0, 1100.0, 1e3 / fs_hz)
    bell = np.where(np.abs(at_ms - 300.0) < 40.0, np.cos(TURN * (at_ms - 300.0) / 160.0) ** 4, 0.0)
    fast = np.where(bell > 0.0, np.sin(TURN * 0.2 * at_ms), 0.0)
    ecg_mv = np.tile(bell + fast_mv * fast, (8, 1))
    ecg_mv += noise_mv * np.random.default_rng(0).standard_normal(ecg_mv.shape)
    points_ms = np.array([100.0, 200.0, 260.0, 300.0, 340.0, 430.0, 530.0, 590.0])
    points = np.tile(points_ms * fs_hz / 1e3, (8, 1))
    beat = AverageBeat(ecg_mv, round(0.3 * fs_hz), points, BeatLabel.NORMAL, 99, 0.8)
    return AverageSignal(beat, fs_hz, EIGHT)


def test_the_fastest_part_of_the_qrs() -> None:
    hfqrs_rms = fast_qrs_uv(averaged(0.02), 0, LATE)
    # 200 Hz of an amplitude of 20 uV, which the filter lets through but for the ends.
    assert hfqrs_rms == pytest.approx(20.0 / np.sqrt(2.0), rel=0.1)
    assert fast_qrs_uv(averaged(0.0), 0, LATE) == pytest.approx(0.0, abs=0.5)
    assert fast_qrs_uv(averaged(0.02, 500.0), 0, LATE) is NullReason.FS_TOO_LOW


def test_late_potentials_of_a_magnitude_drawn_by_hand() -> None:
    size_uv = np.full(1000, 0.3)
    size_uv[1::2] = 0.5
    # From 300 to 380: 200 uV, then a tail of 40 ms of 15 uV.
    size_uv[300:381] = 200.0
    size_uv[381:421] = 15.0
    found = measured_late(size_uv, 300, 400, 1000.0, LATE)
    assert not isinstance(found, NullReason)
    drawn = {"saecg_fqrsd": 120.0, "saecg_rms40": 15.0, "saecg_las40": 40.0}
    for key, value in drawn.items():
        # To within half a piece at either end.
        assert getattr(found, key) == pytest.approx(value, abs=5.0), key
    assert measured_late(size_uv * 3.0, 300, 400, 1000.0, LATE) is NullReason.LOW_SQI
    assert measured_late(size_uv[:450], 300, 400, 1000.0, LATE) is NullReason.TOO_SHORT


def test_a_tail_of_the_qrs_is_a_late_potential() -> None:
    calm, late = averaged(0.02), averaged(0.02)
    # The bell itself is slow; 200 Hz tells where the QRS ends. 30 ms more of it, but weak.
    tail = np.arange(340, 370)
    late.beat.ecg_mv[:, tail] += 0.01 * np.sin(TURN * 0.2 * tail)
    of_calm, of_late = late_potentials(calm, LATE), late_potentials(late, LATE)
    assert not isinstance(of_calm, NullReason)
    assert not isinstance(of_late, NullReason)
    assert of_calm.saecg_fqrsd == pytest.approx(80.0, abs=8.0)
    assert of_late.saecg_fqrsd - of_calm.saecg_fqrsd == pytest.approx(30.0, abs=6.0)
    assert of_late.saecg_rms40 < of_calm.saecg_rms40
    assert late_potentials(averaged(0.02, noise_mv=0.01), LATE) is NullReason.LOW_SQI
    assert late_potentials(averaged(0.02, 500.0), LATE) is NullReason.FS_TOO_LOW


def test_every_row_has_a_value_or_a_reason() -> None:
    for recorded in (
        recording(),
        recorded_of(np.zeros((1, 300)), np.empty(0), FS_HZ),
        recorded_of(np.full((1, 5000), np.nan), np.empty(0), FS_HZ, sqi=0.0),
    ):
        found = measured(recorded, is_af=True)
        assert set(SIGNAL) <= set(found)
        for key, each in found.items():
            assert (each.value is None) is (each.null_reason is not None), key
    assert measured(recording())["activity"].null_reason is NullReason.NOT_APPLICABLE
    assert measured(recording())["saecg_fqrsd"].null_reason is NullReason.FS_TOO_LOW
