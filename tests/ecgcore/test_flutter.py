"""Flutter waves, and what must not be taken for them."""

from itertools import pairwise

import numpy as np
import pytest

from ecgcore.events import RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.flutter import Flutter, FlutterConfig, FlutterState, sawtooth
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.rpeak import RPeak
from ecgcore.second import SignalSecond
from ecgcore.state import dump_state, load_state
from ecgcore.types import EcgChunk, FloatArray, SampleClock

FS_HZ = 250.0
LENGTH_S = 60.0
SLOW = [0.5 + 1.05 * k for k in range(55)]
"""One QRS for five waves of 210 ms."""
CHANGING = [0.5 + 0.21 * k for k in np.cumsum([4, 5, 4, 3, 5, 4, 4, 5] * 8) if 0.21 * k < 58.5]


def bump(time_s: FloatArray, at_s: float, width_s: float, size_mv: float) -> FloatArray:
    return size_mv * np.exp(-0.5 * ((time_s - at_s) / width_s) ** 2)


def ventricles(rpeaks_s: list[float], fs_hz: float = FS_HZ, t_mv: float = 0.2) -> FloatArray:
    """QRS and T, no P."""
    time_s = np.arange(round(LENGTH_S * fs_hz)) / fs_hz
    ecg_mv = 0.004 * np.random.default_rng(3).standard_normal(time_s.size)
    for at_s in rpeaks_s:
        ecg_mv += bump(time_s, at_s, 0.012, 1.0) + bump(time_s, at_s + 0.28, 0.05, t_mv)
        ecg_mv -= bump(time_s, at_s + 0.03, 0.01, 0.2)
    return ecg_mv


def teeth(cycle_s: float, size_mv: float, fs_hz: float = FS_HZ) -> FloatArray:
    """A slow fall and a fast rise, as leads II, III and aVF show them."""
    phase = np.arange(round(LENGTH_S * fs_hz)) / fs_hz / cycle_s % 1.0
    return size_mv * np.where(phase < 0.7, 0.5 - phase / 0.7, (phase - 0.7) / 0.3 - 0.5)


def rhythms(ecg_mv: FloatArray, fs_hz: float = FS_HZ) -> list[RhythmEnded]:
    pipeline = Pipeline(PipelineConfig(fs_hz))
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    events = [*pipeline.push(EcgChunk(0, ecg_mv[np.newaxis], clock)), *pipeline.finish()]
    began = [(e.start, e.label) for e in events if isinstance(e, RhythmBegan)]
    over = [e for e in events if isinstance(e, RhythmEnded)]
    assert sorted(began) == sorted((e.start, e.label) for e in over)
    return over


def fluttering_s(ecg_mv: FloatArray, fs_hz: float = FS_HZ) -> float:
    found = [e for e in rhythms(ecg_mv, fs_hz) if e.label is RhythmLabel.AFLUTTER]
    return sum(e.end - e.start for e in found) / fs_hz


@pytest.mark.parametrize("rpeaks_s", [SLOW, CHANGING])
@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0])
def test_a_sawtooth_is_flutter(rpeaks_s: list[float], fs_hz: float) -> None:
    ecg_mv = ventricles(rpeaks_s, fs_hz) + teeth(0.21, 0.2, fs_hz)
    assert fluttering_s(ecg_mv, fs_hz) > 40.0


def test_without_its_teeth_it_is_none() -> None:
    assert fluttering_s(ventricles(CHANGING)) == 0.0


def test_waves_that_do_not_repeat_are_none() -> None:
    rng = np.random.default_rng(8)
    turns = np.cumsum(rng.uniform(4.0, 9.0, 600).repeat(25)) / FS_HZ
    coarse_mv = 0.15 * np.sin(2.0 * np.pi * turns)
    assert fluttering_s(ventricles(CHANGING) + coarse_mv) == 0.0


@pytest.mark.parametrize("bpm", [60, 75, 90, 110, 130, 150])
@pytest.mark.parametrize("t_mv", [0.1, 0.3])
def test_t_and_p_waves_are_none(bpm: int, t_mv: float) -> None:
    rpeaks_s = [float(s) for s in np.arange(0.5, 58.5, 60.0 / bpm)]
    ecg_mv = ventricles(rpeaks_s, t_mv=t_mv)
    time_s = np.arange(ecg_mv.size) / FS_HZ
    for at_s in rpeaks_s:
        ecg_mv += bump(time_s, at_s - 0.15, 0.02, 0.15)
    assert fluttering_s(ecg_mv) == 0.0


@pytest.mark.parametrize("cycle_s", [0.18, 0.21, 0.245])
def test_the_cycle_is_that_of_the_waves(cycle_s: float) -> None:
    ecg_mv = (ventricles(SLOW, t_mv=0.0) + teeth(cycle_s, 0.2))[: round(10 * FS_HZ)]
    rpeaks = np.array([s * FS_HZ for s in SLOW if s < 10.0])
    likeness, found_s, size_mv, compared_s = sawtooth(ecg_mv, rpeaks, FS_HZ, 0.5, 0.4)
    assert likeness > 0.7
    assert found_s == pytest.approx(cycle_s, abs=0.006)
    assert size_mv == pytest.approx(0.2 / np.sqrt(12.0), rel=0.2)
    assert compared_s > 0.4


def test_restore_is_invisible_and_memory_bounded() -> None:
    ecg_mv = ventricles(CHANGING) + teeth(0.21, 0.2)
    whole, cut = Flutter(FlutterConfig(), FS_HZ), Flutter(FlutterConfig(), FS_HZ)
    n = round(FS_HZ)
    for k, (start, end) in enumerate(pairwise(range(0, ecg_mv.size + 1, n))):
        peaks = tuple(
            RPeak(round(s * FS_HZ), 0.0, 1.0, 1.0, end)
            for s in CHANGING
            if start <= s * FS_HZ < end
        )
        second = SignalSecond(start, ecg_mv[np.newaxis, start:end], peaks, 1.0)
        for stage in (whole, cut):
            stage.hear(second)
            stage.judge(ecg_mv[max(end - 10 * n, 0) : end].copy(), end)
        cut = Flutter(
            FlutterConfig(), FS_HZ, load_state(FlutterState, dump_state(cut.state, "l"), "l")
        )
        assert cut.state == whole.state
        assert len(whole.state.peaks) <= 64
        assert whole.is_there or k <= 15
    whole.reset()
    assert not whole.is_there
