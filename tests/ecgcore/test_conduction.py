"""AV blocks over drawn beats whose P waves and QRS complexes are put where they are wanted."""

from collections.abc import Sequence

import numpy as np
import pytest

from ecgcore.atrial import MATCH, N_PATTERN, learn, search
from ecgcore.events import RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import EcgChunk, FloatArray, SampleClock

FS_HZ = 250.0
LENGTH_S = 90
BLOCKS = {
    RhythmLabel.MOBITZ1,
    RhythmLabel.MOBITZ2,
    RhythmLabel.AVB_2TO1,
    RhythmLabel.COMPLETE_AVB,
}
# Place after P or R, height in mV and width (sd), in s: P, then Q, R, S and T.
_P = ((0.0, 0.14, 0.022),)
_QRST = ((-0.03, -0.1, 0.010), (0.0, 1.0, 0.011), (0.03, -0.2, 0.011), (0.27, 0.28, 0.045))
RNG = np.random.default_rng(11)
PP_S = 0.85
TRAIN = 1.0 + PP_S * np.arange(101) + RNG.normal(0.0, 0.006, 101)


def drawn(p_s: Sequence[float], r_s: Sequence[float], scale: float = 1.0) -> FloatArray:
    time_s = np.arange(round(LENGTH_S * FS_HZ)) / FS_HZ
    ecg_mv = 0.008 * np.random.default_rng(2).normal(size=time_s.size)
    for places, waves in ((p_s, _P), (r_s, _QRST)):
        for at_s in places:
            for shift_s, height_mv, sd_s in waves:
                ecg_mv += height_mv * np.exp(-0.5 * ((time_s - at_s - shift_s) / sd_s) ** 2)
    return scale * ecg_mv


def named(ecg_mv: FloatArray, restored_at: int | None = None) -> list[RhythmEnded]:
    config = PipelineConfig(FS_HZ)
    pipeline = Pipeline(config)
    clock = SampleClock(0, 0, 1e9 / FS_HZ)
    events = []
    for k, start in enumerate(range(0, ecg_mv.size, 250)):
        if k == restored_at:
            pipeline = Pipeline.restore(config, pipeline.dump())
        events += pipeline.push(EcgChunk(start, ecg_mv[np.newaxis, start : start + 250], clock))
    events += pipeline.finish()
    began = [(e.start, e.label) for e in events if isinstance(e, RhythmBegan)]
    over = [e for e in events if isinstance(e, RhythmEnded)]
    assert sorted(began) == sorted((e.start, e.label) for e in over)
    return [each for each in over if each.label in BLOCKS]


def lost_every(n: int, from_beat: int = 24) -> FloatArray:
    kept = [k for k in range(TRAIN.size) if k < from_beat or (k - from_beat) % n]
    return TRAIN[kept] + 0.17


def lengthening() -> list[float]:
    return [
        at_s + 0.17 + 0.05 * (k % 5)
        for k, at_s in enumerate(TRAIN.tolist())
        if k < 20 or k % 5 != 4
    ]


def test_conducted_beats_are_no_block() -> None:
    assert named(drawn(TRAIN, TRAIN + 0.17)) == []


def test_a_lost_p_wave_after_an_even_pr_is_mobitz_2() -> None:
    found = named(drawn(TRAIN, lost_every(6)))
    assert {each.label for each in found} == {RhythmLabel.MOBITZ2}
    assert len(found) >= 8


def test_a_lost_p_wave_after_a_growing_pr_is_mobitz_1() -> None:
    found = named(drawn(TRAIN, lengthening()))
    assert {each.label for each in found} == {RhythmLabel.MOBITZ1}
    assert len(found) >= 8


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_every_second_p_wave_lost_is_2_to_1(scale: float) -> None:
    found = named(drawn(TRAIN, lost_every(2), scale))
    spans = [each for each in found if each.label is RhythmLabel.AVB_2TO1]
    assert {each.label for each in found} <= {RhythmLabel.AVB_2TO1, RhythmLabel.MOBITZ2}
    assert len(spans) == 1
    assert spans[0].start / FS_HZ == pytest.approx(TRAIN[24], abs=3.0 * PP_S)
    assert spans[0].end / FS_HZ >= LENGTH_S - 8.0


def test_p_waves_beside_a_slow_even_qrs_are_a_complete_block() -> None:
    # The first 20 s conduct; then the ventricles go at 38 a minute of their own.
    escape = np.arange(TRAIN[22] + 1.3, LENGTH_S - 1.0, 1.58)
    found = named(drawn(TRAIN, [*(TRAIN[:22] + 0.17), *escape]))
    complete = [each for each in found if each.label is RhythmLabel.COMPLETE_AVB]
    assert len(complete) == 1
    assert complete[0].end / FS_HZ >= LENGTH_S - 10.0


def test_a_p_wave_before_its_time_is_no_block() -> None:
    p_s, r_s, at_s = [], [], 1.0
    for k in range(95):
        p_s.append(at_s)
        is_blocked = k > 20 and k % 6 == 0
        if not is_blocked:
            r_s.append(at_s + 0.17)
        at_s += 0.55 if k > 20 and k % 6 == 5 else PP_S
    assert named(drawn(p_s, r_s)) == []


def test_a_pause_without_p_wave_is_no_block() -> None:
    kept = [k for k in range(TRAIN.size) if k < 20 or k % 6]
    assert named(drawn(TRAIN[kept], TRAIN[kept] + 0.17)) == []


def test_a_shape_that_changes_is_learned_anew() -> None:
    pattern, time_s = np.zeros(N_PATTERN), np.arange(500) / FS_HZ
    for height_mv in (0.1, -0.1):
        wave = height_mv * np.exp(-0.5 * ((time_s - 1.0) / 0.02) ** 2)
        for _ in range(60):
            learn(pattern, wave, FS_HZ, FS_HZ)
        assert pattern[MATCH] > 0.85
        assert search(pattern, wave, (150.0, 350.0), FS_HZ, (0.9, 0.5, 1.7, 2.5)) == [
            pytest.approx(FS_HZ, abs=3.0)
        ]


def test_what_is_not_held_is_not_judged() -> None:
    pattern = np.ones(N_PATTERN)
    assert np.isnan(search(pattern, np.zeros(99), (5.0, 90.0), FS_HZ, (0.9, 0.5, 1.7, 2.5))).all()


def test_restore_is_invisible() -> None:
    ecg_mv = drawn(TRAIN, lost_every(2))
    assert named(ecg_mv) == named(ecg_mv, restored_at=47)
