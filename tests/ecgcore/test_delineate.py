"""Waves of a synthetic heart whose truth is known, and the laws of the stage."""

from collections.abc import Sequence

import numpy as np
import pytest

from ecgcore.delineate import DelineateConfig, DelineateState, Delineator
from ecgcore.events import WaveForm
from ecgcore.rpeak import RPeakConfig, RPeakDetector
from ecgcore.second import DelineatedBeat, SignalSecond
from ecgcore.state import dump_state, load_state
from ecgcore.types import FloatArray
from tests.strategies import ecg_of

RPEAKS_S = [0.6 + 0.85 * k for k in range(22)]
RATES = pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0, 1000.0])


def seconds_of(leads_mv: FloatArray, fs_hz: float) -> list[SignalSecond]:
    """Cut leads into seconds with the R peaks of the first."""
    detector = RPeakDetector(RPeakConfig(), fs_hz)
    length = round(fs_hz)
    seconds = []
    for start in range(0, leads_mv.shape[1] - length + 1, length):
        piece = leads_mv[:, start : start + length]
        peaks = tuple(detector.push(start, np.ascontiguousarray(piece[0])))
        seconds.append(SignalSecond(start, piece, peaks, 1.0))
    return seconds


def delineated(ecg_mv: FloatArray, fs_hz: float) -> list[DelineatedBeat]:
    leads_mv = np.atleast_2d(ecg_mv)
    stage = Delineator(DelineateConfig(), fs_hz, leads_mv.shape[0])
    found = [beat for second in seconds_of(leads_mv, fs_hz) for beat in stage.push(second)]
    return [*found, *stage.finish()]


def inner(beats: Sequence[DelineatedBeat]) -> Sequence[DelineatedBeat]:
    """Leave out the first and the last, of which a part may lie outside."""
    assert len(beats) > 15
    return beats[1:-1]


@RATES
@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_waves_lie_where_they_were_put(fs_hz: float, gain: float) -> None:
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, gain=gain, noise_mv=0.005 * gain)
    for beat in inner(delineated(ecg_mv, fs_hz)):
        r = beat.peak.sample + beat.peak.offset
        p, qrs, t = beat.waves.p, beat.waves.qrs, beat.waves.t
        assert p is not None
        assert qrs is not None
        assert t is not None
        to_ms = 1e3 / fs_hz
        assert (p.peak - r) * to_ms == pytest.approx(-160, abs=12)
        assert (t.peak - r) * to_ms == pytest.approx(260, abs=12)
        # Gaussians: two sigma out is where the tangent meets the level.
        assert (p.onset - r) * to_ms == pytest.approx(-204, abs=20)
        assert (t.offset - r) * to_ms == pytest.approx(350, abs=25)
        assert p.onset < p.peak < p.offset <= qrs.onset < qrs.peak < qrs.offset < t.onset < t.peak
        assert p.form is WaveForm.UPRIGHT
        assert t.amplitude_mv == pytest.approx(0.28 * gain, rel=0.25)


def test_an_inverted_t_is_called_so() -> None:
    fs_hz = 250.0
    times_s = np.arange(round(20 * fs_hz)) / fs_hz
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005)
    for rpeak_s in RPEAKS_S:
        ecg_mv -= 0.6 * np.exp(-0.5 * ((times_s - rpeak_s - 0.26) / 0.045) ** 2)
    forms = [b.waves.t.form for b in inner(delineated(ecg_mv, fs_hz)) if b.waves.t is not None]
    assert set(forms) == {WaveForm.INVERTED}


def test_every_beat_comes_out_once_and_in_order() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.01)
    seconds = seconds_of(np.atleast_2d(ecg_mv), fs_hz)
    named = [peak for second in seconds for peak in second.peaks]
    assert [beat.peak for beat in delineated(ecg_mv, fs_hz)] == named


def test_leads_are_joined_and_one_bad_one_moves_nothing() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005)
    noise = 0.3 * np.random.default_rng(1).standard_normal(ecg_mv.size)
    alone = inner(delineated(ecg_mv, fs_hz))
    joined = inner(delineated(np.stack([ecg_mv, 0.7 * ecg_mv, -ecg_mv, noise]), fs_hz))
    for one, all_ in zip(alone, joined, strict=True):
        assert len(all_.lead_waves) == 4
        assert one.waves.qrs is not None
        assert all_.waves.qrs is not None
        assert abs(one.waves.qrs.onset - all_.waves.qrs.onset) <= 4
        assert all_.waves.p is not None


def test_beats_without_signal_have_no_waves() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0)
    stage = Delineator(DelineateConfig(), fs_hz, 1)
    peaks = tuple(p for s in seconds_of(np.atleast_2d(ecg_mv), fs_hz) for p in s.peaks)
    stage.push(SignalSecond(0, np.empty((1, 0)), peaks, 0.0))
    assert all(beat.waves.qrs is None for beat in stage.finish())


@pytest.mark.parametrize("at", [1, 5, 6, 13])
def test_restore_is_invisible(at: int) -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.01)
    stage = Delineator(DelineateConfig(), fs_hz, 1)
    found = []
    for k, second in enumerate(seconds_of(np.atleast_2d(ecg_mv), fs_hz)):
        if k == at:
            state = load_state(DelineateState, dump_state(stage.state, "law"), "law")
            stage = Delineator(DelineateConfig(), fs_hz, 1, state)
        found += stage.push(second)
    assert [*found, *stage.finish()] == delineated(ecg_mv, fs_hz)


def test_memory_is_bounded() -> None:
    fs_hz = 250.0
    seconds = seconds_of(np.atleast_2d(ecg_of(RPEAKS_S, fs_hz, 20.0)), fs_hz)
    stage = Delineator(DelineateConfig(), fs_hz, 1)
    sizes = []
    for _ in range(4):
        for second in seconds:
            stage.push(second)
        sizes.append(len(dump_state(stage.state, "law")))
    assert max(sizes[1:]) <= 1.1 * sizes[0] + 64
