"""The representative beat of beats that are known."""

import math

import numpy as np
import pytest

from ecgcore import morph_places as m
from ecgcore.average import AverageBeat, AverageConfig, average_beat
from ecgcore.events import BeatClassified, BeatDetected, BeatLabel, BeatWaves, NullReason, Wave
from ecgcore.types import FloatArray

FS_HZ = 250.0
CONFIG = AverageConfig()
N_SAMPLES = 3000


def wave(onset: int, peak: int, offset: int) -> Wave:
    return Wave(float(onset), float(peak), float(offset), 1.0, 0.9)


def classified(
    r: int, label: BeatLabel = BeatLabel.NORMAL, *, has_p: bool = True
) -> BeatClassified:
    waves = BeatWaves(
        p=wave(r - 45, r - 35, r - 25) if has_p else None,
        qrs=wave(r - 10, r, r + 12),
        t=wave(r + 50, r + 75, r + 95),
    )
    beat = BeatDetected(r, 0.0, 4.0 * r, 4.0, 1.0, 800.0, 1.0)
    return BeatClassified(beat, label, 1.0, 800.0, waves, (waves, waves))


def signal(at: list[int], shape: FloatArray) -> FloatArray:
    ecg_mv = np.zeros((2, N_SAMPLES))
    for r in at:
        ecg_mv[0, r - 20 : r + 21] += shape
        ecg_mv[1, r - 20 : r + 21] -= 0.5 * shape
    return ecg_mv


SHAPE = np.hanning(41)
PLACES = list(range(300, 2700, 200))


def found(ecg_mv: FloatArray, beats: list[BeatClassified]) -> AverageBeat:
    average = average_beat(ecg_mv, 0, FS_HZ, beats, CONFIG)
    assert isinstance(average, AverageBeat)
    return average


def test_equal_beats_are_their_average() -> None:
    average = found(signal(PLACES, SHAPE), [classified(r) for r in PLACES])
    assert average.n_beats == len(PLACES)
    assert average.rr_s == pytest.approx(0.8)
    assert average.ecg_mv.shape == (2, 100 + 175 + 1)
    assert average.ecg_mv[0, average.r] == pytest.approx(1.0)
    assert average.ecg_mv[1, average.r] == pytest.approx(-0.5)
    on = (average.points[:, m.QRS_ON] - average.r).tolist()
    assert on == [-10.0, -10.0]


def test_noise_shrinks_and_wander_goes() -> None:
    rng = np.random.default_rng(0)
    ecg_mv = signal(PLACES, SHAPE) + rng.normal(0.0, 0.05, (2, N_SAMPLES))
    ecg_mv += np.linspace(0.0, 2.0, N_SAMPLES)
    average = found(ecg_mv, [classified(r) for r in PLACES])
    assert average.ecg_mv[0, average.r] == pytest.approx(1.0, abs=0.1)
    assert np.std(average.ecg_mv[0, :70]) < 0.04


def test_other_classes_and_other_shapes_are_left_out() -> None:
    ecg_mv = signal(PLACES, SHAPE)
    ecg_mv[:, PLACES[3] - 20 : PLACES[3] + 21] *= -3.0
    beats = [classified(r) for r in PLACES]
    beats[5] = classified(PLACES[5], BeatLabel.VENTRICULAR)
    average = found(ecg_mv, beats)
    assert average.n_beats == len(PLACES) - 2
    assert average.label is BeatLabel.NORMAL
    assert average.ecg_mv[0].max() == pytest.approx(1.0)


def test_a_wave_that_most_beats_lack_is_absent() -> None:
    beats = [classified(r, has_p=k < 4) for k, r in enumerate(PLACES)]
    points = found(signal(PLACES, SHAPE), beats).points
    assert np.isnan(points[:, m.P_ON]).all()
    assert np.isfinite(points[:, m.T_OFF]).all()


def test_missing_samples_and_edges_cost_their_beats_alone() -> None:
    ecg_mv = signal(PLACES, SHAPE)
    ecg_mv[:, PLACES[0] + 5] = math.nan
    beats = [classified(20), *[classified(r) for r in PLACES], classified(N_SAMPLES - 5)]
    assert found(ecg_mv, beats).n_beats == len(PLACES) - 1


@pytest.mark.parametrize("n_beats", [0, 2])
def test_too_few_beats_are_none(n_beats: int) -> None:
    beats = [classified(r) for r in PLACES[:n_beats]]
    found = average_beat(signal(PLACES, SHAPE), 0, FS_HZ, beats, CONFIG)
    assert found is NullReason.TOO_FEW_BEATS
