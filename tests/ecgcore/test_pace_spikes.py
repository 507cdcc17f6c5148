"""Spikes drawn before the beats of a recording, and P and U waves of its leads."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.beat_waves import BeatWavesConfig, noise_before, p_present, u_present
from ecgcore.events import BeatLabel, BeatWaves, NullReason, Wave
from ecgcore.extraction import ExtractionConfig, analyse
from ecgcore.measured import Value
from ecgcore.pace_spikes import PaceSpikeConfig, atrial_before, spikes_of
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

FS_HZ = 500.0
BEATS_S = [0.7 + 0.9 * k for k in range(13)]
CONFIG = PaceSpikeConfig()


def with_spikes(ecg_mv: FloatArray, times_s: list[float], height_mv: float) -> FloatArray:
    """Add pulses of 2 ms, smeared to about 5 ms."""
    at_s = np.arange(ecg_mv.size) / FS_HZ
    pulses = [np.exp(-0.5 * ((at_s - time_s) / 0.002) ** 2) for time_s in times_s]
    total: FloatArray = ecg_mv + height_mv * np.sum(pulses, axis=0)
    return total


def wide_beats() -> FloatArray:
    """Give beats of 160 ms without P waves: a slow QRS and a T wave the other way."""
    at_s = np.arange(round(12.5 * FS_HZ)) / FS_HZ
    ecg_mv = np.random.default_rng(5).normal(0.0, 0.005, at_s.size)
    for beat_s in BEATS_S:
        ecg_mv -= 1.2 * np.exp(-0.5 * ((at_s - beat_s) / 0.035) ** 2)
        ecg_mv += 0.5 * np.exp(-0.5 * ((at_s - beat_s - 0.3) / 0.05) ** 2)
    return ecg_mv


def analysed(ecg_mv: FloatArray) -> Recorded:
    return analyse(np.stack([ecg_mv, -0.8 * ecg_mv]), FS_HZ, ("II", "V1"), ExtractionConfig())


def test_spikes_of_one_and_of_two_chambers() -> None:
    ventricle = with_spikes(wide_beats(), [beat_s - 0.09 for beat_s in BEATS_S], 1.5)
    one = analysed(ventricle)
    assert sum(beat.label is BeatLabel.PACED for beat in one.beats) > 8
    found = dict(zip(("pace_spike_count", "pace_spike_qrs"), spikes_of(one, CONFIG), strict=True))
    assert found["pace_spike_count"] == 1.0
    assert found["pace_spike_qrs"] == pytest.approx(0.0, abs=25.0)
    both = with_spikes(ventricle, [beat_s - 0.25 for beat_s in BEATS_S], 1.2)
    assert spikes_of(analysed(both), CONFIG)[0] == 2.0


def test_without_a_pacemaker_there_is_no_spike() -> None:
    own = analysed(ecg_of(BEATS_S, FS_HZ, 12.5, noise_mv=0.005))
    assert spikes_of(own, CONFIG) == (0.0, NullReason.NOT_APPLICABLE)
    slow = replace(own, fs_hz=130.0)
    assert spikes_of(slow, CONFIG) == (NullReason.FS_TOO_LOW, NullReason.FS_TOO_LOW)
    none = replace(own, events=())
    assert spikes_of(none, CONFIG) == (NullReason.TOO_FEW_BEATS, NullReason.TOO_FEW_BEATS)


def test_an_atrial_spike_is_as_sharp_in_two_leads() -> None:
    quiet = np.zeros(600)
    one = with_spikes(quiet, [0.9], 1.0)
    other = with_spikes(one, [0.75], 0.8)
    assert atrial_before(np.stack([other, other]), 450, FS_HZ, CONFIG) == 375
    assert atrial_before(np.stack([other, one]), 450, FS_HZ, CONFIG) is None
    low = with_spikes(one, [0.75], 0.2)
    assert atrial_before(np.stack([low, low]), 450, FS_HZ, CONFIG) is None


BEAT_WAVES = BeatWavesConfig()


def has_p(of: Recorded) -> Value:
    return p_present(of.beats, 0, of.ecg_mv[0], 0, FS_HZ, BEAT_WAVES)


def test_p_waves_are_there_or_not() -> None:
    own = analysed(ecg_of(BEATS_S, FS_HZ, 12.5, noise_mv=0.005))
    found = {"p_present": has_p(own)}
    assert found["p_present"] == 1.0
    # The same from the third second on.
    late = own.ecg_mv[0, 1500:]
    assert p_present(own.beats[4:], 0, late, 1500, FS_HZ, BEAT_WAVES) == 1.0
    paced = analysed(with_spikes(wide_beats(), [beat_s - 0.09 for beat_s in BEATS_S], 1.5))
    assert has_p(paced) == 0.0
    # The same P waves under three times the noise.
    noisy = replace(
        own, ecg_mv=own.ecg_mv + np.random.default_rng(1).normal(0.0, 0.1, own.ecg_mv.shape)
    )
    assert has_p(noisy) == 0.0
    assert has_p(replace(own, events=())) is NullReason.TOO_FEW_BEATS


def test_p_waves_at_any_place_are_none() -> None:
    own = analysed(ecg_of(BEATS_S, FS_HZ, 12.5, noise_mv=0.005))
    scattered = [
        beat._replace(
            lead_waves=tuple(
                each._replace(p=each.p and each.p._replace(peak=each.p.peak - 25.0 * (k % 3)))
                for each in beat.lead_waves
            )
        )
        for k, beat in enumerate(own.beats)
    ]
    assert has_p(replace(own, events=tuple(scattered))) == 0.0


def test_noise_is_what_is_left_beside_a_line() -> None:
    rng = np.random.default_rng(2)
    ecg_mv = rng.normal(0.0, 0.02, 20_000) + np.linspace(0.0, 40.0, 20_000)
    found = noise_before(ecg_mv, np.arange(100.0, 20_000.0, 50.0), FS_HZ, 60.0)
    assert float(np.sqrt(np.mean(found**2))) == pytest.approx(0.02, rel=0.03)
    assert np.isnan(noise_before(ecg_mv, np.array([10.0]), FS_HZ, 60.0)).all()


@pytest.mark.parametrize(
    ("u_mv", "said"), [(0.03, "absent"), (0.06, "present"), (-0.06, "present"), (0.2, "prominent")]
)
def test_u_waves_by_their_height(u_mv: float, said: str) -> None:
    own = analysed(ecg_of(BEATS_S, FS_HZ, 12.5, noise_mv=0.005))
    waves = BeatWaves(t=Wave(0, 1, 2, 0.4, 1.0), u=Wave(3, 4, 5, u_mv, 1.0))
    beats = tuple(beat._replace(lead_waves=(waves, BeatWaves())) for beat in own.beats)
    found = {"u_present": u_present(beats, 0, BEAT_WAVES)}
    assert found["u_present"] == said
    assert u_present(beats, 1, BEAT_WAVES) == "absent"
    assert u_present(beats[:7], 0, BEAT_WAVES) is NullReason.TOO_FEW_BEATS
