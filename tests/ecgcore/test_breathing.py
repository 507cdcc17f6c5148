"""Breathing that was put into beats is found in them, and none where there is none."""

import numpy as np
import pytest

from ecgcore.breathing import Breathing, Modulations, breathing_of, qrs_area_mv_ms, windows_of
from ecgcore.breathing_config import BreathingConfig
from ecgcore.breathing_coupling import (
    coupling_pct,
    cyclic_per_hour,
    sinus_arrhythmia_ms,
    stretches_of,
)
from ecgcore.breathing_table import BREATHING, measure_breathing
from ecgcore.events import BeatLabel, Measurement, NullReason
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray
from tests.ecgcore.trains import recorded_of, train_mv

CONFIG = BreathingConfig()
FS_HZ = 250.0
TURN = 2.0 * np.pi


def beats_s(duration_s: float, breath_hz: float, swing_s: float, rr_s: float = 0.8) -> FloatArray:
    found = [0.6]
    while found[-1] < duration_s - 1.5:
        found.append(found[-1] + rr_s + swing_s * np.sin(TURN * breath_hz * found[-1]))
    return np.array(found)


def breathing_recording(
    breath_hz: float, duration_s: float = 90.0, labels: list[BeatLabel] | None = None
) -> Recorded:
    at_s = beats_s(duration_s, breath_hz, 0.03)
    gain = 1.0 + 0.08 * np.sin(TURN * breath_hz * at_s + 1.0)
    ecg_mv = train_mv(at_s, FS_HZ, duration_s, r_gain=gain, noise_mv=0.01)
    chosen = labels and labels * at_s.size
    return recorded_of(ecg_mv[np.newaxis], at_s, FS_HZ, labels=chosen and chosen[: at_s.size])


def measured(recorded: Recorded, is_af: bool = False) -> dict[str, Measurement]:
    return {each.key: each for each in measure_breathing(recorded, is_af, CONFIG)}


@pytest.mark.parametrize("breath_hz", [0.13, 0.25, 0.4])
def test_the_rate_is_that_of_the_breath(breath_hz: float) -> None:
    found = measured(breathing_recording(breath_hz))
    drawn = {"edr_rate": 60.0 * breath_hz, "prq": 1.25 / breath_hz}
    for key, value in drawn.items():
        assert found[key].value == pytest.approx(value, rel=0.03), key


def test_sinus_arrhythmia_and_the_swing_of_r() -> None:
    found = measured(breathing_recording(0.2))
    # A sine of 30 ms swings by 60; 90 % of its time it is within sin(81 deg) of its middle.
    assert found["rsa_amp"].value == pytest.approx(60.0, rel=0.05)
    swing_mv = 2.0 * 0.08 * np.sin(np.radians(81.0)) * 1.1
    assert found["r_amp_resp"].value == pytest.approx(swing_mv, rel=0.1)


def test_without_agreement_there_is_no_rate() -> None:
    n_found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        nn_ms = rng.normal(800.0, 30.0, 90)
        # R and QRS area are moved by the same noise, as they are by a loose electrode.
        noise = rng.normal(0.0, 0.05, 90)
        alike = 1.0 + noise[np.newaxis]
        given = Modulations(np.cumsum(nn_ms) / 1e3, alike, 60.0 * alike, nn_ms)
        found = breathing_of(given, CONFIG)
        n_found += isinstance(found, Breathing)
        assert isinstance(found, Breathing) or found is NullReason.NOT_APPLICABLE
    assert n_found <= 2


def test_two_of_three_are_enough() -> None:
    at_s = beats_s(120.0, 0.25, 0.0)
    rng = np.random.default_rng(0)
    breath = np.sin(TURN * 0.3 * at_s)[np.newaxis]
    given = Modulations(
        at_s, 1.0 + 0.05 * breath, 60.0 + 3.0 * breath, rng.normal(800, 20, at_s.size)
    )
    found = breathing_of(given, CONFIG)
    assert isinstance(found, Breathing)
    assert found.rate_hz == pytest.approx(0.3, abs=0.005)


def test_windows_do_not_reach_across_holes() -> None:
    at_s = np.r_[np.arange(0.0, 100.0, 0.8), np.arange(110.0, 180.0, 0.8)]
    spans = [(at_s[first], at_s[last - 1]) for first, last in windows_of(at_s, CONFIG)]
    assert len(spans) == 3
    for first_s, last_s in spans:
        assert not first_s < 105.0 < last_s
        assert last_s - first_s == pytest.approx(60.0, abs=1.0)


def test_the_area_of_a_qrs_is_that_of_its_waves() -> None:
    times_ms = np.arange(0.0, 2000.0, 2.0)
    # A triangle up and one down, over a level that does not count.
    up = np.interp(times_ms, [960.0, 980.0, 1000.0], [0.0, 1.0, 0.0], 0.0, 0.0)
    down = np.interp(times_ms, [1000.0, 1010.0, 1020.0], [0.0, 0.5, 0.0], 0.0, 0.0)
    found = qrs_area_mv_ms((0.3 + up - down)[np.newaxis], np.array([490, 5]), 500.0)
    assert found[0, 0] == pytest.approx(20.0 + 5.0)
    assert np.isnan(found[0, 1])


def test_refusals() -> None:
    paced = measured(breathing_recording(0.25, labels=[BeatLabel.PACED]))
    short = measured(breathing_recording(0.25, duration_s=40.0))
    assert set(paced) == set(BREATHING)
    assert paced["edr_rate"].null_reason is NullReason.PACED
    assert measured(breathing_recording(0.25), is_af=True)["prq"].null_reason is NullReason.AF
    assert {short[key].null_reason for key in BREATHING if key != "r_amp_resp"} == {
        NullReason.TOO_SHORT
    }
    assert short["r_amp_resp"].value is not None
    assert (
        measured(recorded_of(np.zeros((1, 5000)), np.empty(0), FS_HZ))["r_amp_resp"].value is None
    )


def test_coupling_lies_in_the_band_of_what_is_shared() -> None:
    at_s = beats_s(700.0, 0.25, 0.0)
    rng = np.random.default_rng(1)
    bands = {"cpc_hfc": 0.25, "cpc_lfc": 0.03, "cpc_vlfc": 0.006}
    for key, hz in bands.items():
        shared = np.sin(TURN * hz * at_s)
        nn_ms = 800.0 + 20.0 * shared + rng.normal(0.0, 2.0, at_s.size)
        breath = 60.0 + 3.0 * shared + rng.normal(0.0, 0.3, at_s.size)
        found = coupling_pct(stretches_of(at_s, nn_ms, breath, CONFIG.hole_s), CONFIG)
        assert not isinstance(found, NullReason)
        shares, n = found
        assert n == at_s.size
        assert sum(shares.values()) == pytest.approx(100.0)
        assert shares[key] > 95.0, key
    alone = coupling_pct(stretches_of(at_s[:400], nn_ms[:400], breath[:400], 5.0), CONFIG)
    assert alone is NullReason.TOO_SHORT


def test_cyclic_variation_is_counted_by_the_hour() -> None:
    at_s = np.arange(0.5, 3600.0, 0.9)
    # A dip of 150 ms, 15 s wide, every minute of the second half hour.
    away_s = (at_s - 30.0) % 60.0 - 30.0
    nn_ms = 900.0 - np.where(at_s > 1800.0, 150.0 * np.exp(-0.5 * (away_s / 7.0) ** 2), 0.0)
    stretches = stretches_of(at_s, nn_ms, nn_ms, 5.0)
    found = cyclic_per_hour(stretches, CONFIG)
    assert not isinstance(found, NullReason)
    cvhr_index, n = found
    assert cvhr_index == pytest.approx(30.0, abs=1.5)
    assert n == at_s.size
    # The same dips too far apart are no cycle, nor is a slow sway of the rate.
    lonely = nn_ms.copy()
    lonely[(at_s // 60.0) % 3 > 0] = 900.0
    sway = 900.0 + 50.0 * np.sin(TURN * at_s / 400.0)
    for other in (lonely, sway):
        assert cyclic_per_hour(stretches_of(at_s, other, other, 5.0), CONFIG)[0] == 0.0


def test_sinus_arrhythmia_of_nothing_is_null() -> None:
    assert sinus_arrhythmia_ms([], 0.25, CONFIG) is NullReason.TOO_FEW_BEATS
