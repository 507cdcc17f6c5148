"""Waves of a synthetic heart whose truth is known, and the laws of the stage."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from ecgcore.delineate import DelineateConfig, DelineateState, Delineator
from ecgcore.events import WaveForm
from ecgcore.rpeak import RPeak, RPeakConfig, RPeakDetector
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
        # Readers put the border of a Gaussian between two sigma (its tangent's foot) and three.
        assert -230 <= (p.onset - r) * to_ms <= -200
        assert 345 <= (t.offset - r) * to_ms <= 400
        assert p.onset < p.peak < p.offset <= qrs.onset < qrs.peak < qrs.offset < t.onset < t.peak
        assert p.form is WaveForm.UPRIGHT
        assert t.amplitude_mv == pytest.approx(0.28 * gain, rel=0.15)


def test_an_inverted_t_is_called_so() -> None:
    fs_hz = 250.0
    times_s = np.arange(round(20 * fs_hz)) / fs_hz
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005)
    for rpeak_s in RPEAKS_S:
        ecg_mv -= 0.6 * np.exp(-0.5 * ((times_s - rpeak_s - 0.26) / 0.045) ** 2)
    forms = [b.waves.t.form for b in inner(delineated(ecg_mv, fs_hz)) if b.waves.t is not None]
    assert set(forms) == {WaveForm.INVERTED}


def added(fs_hz: float, height_mv: float, place_s: float, width_s: float) -> FloatArray:
    """Give one more wave for each beat, to be added to a signal of 20 s."""
    times_s = np.arange(round(20 * fs_hz)) / fs_hz
    waves = [np.exp(-0.5 * ((times_s - r_s - place_s) / width_s) ** 2) for r_s in RPEAKS_S]
    return np.asarray(height_mv * np.sum(waves, axis=0))


def test_a_p_wave_that_is_not_there_is_absent() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005) + added(fs_hz, -0.12, -0.16, 0.022)
    beats = inner(delineated(ecg_mv, fs_hz))
    assert [beat.waves.p for beat in beats] == [None] * len(beats)
    assert all(beat.waves.t is not None for beat in beats)


def test_an_inverted_p_is_called_so() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005) + added(fs_hz, -0.26, -0.16, 0.022)
    waves = [beat.waves.p for beat in inner(delineated(ecg_mv, fs_hz))]
    assert {wave.form for wave in waves if wave is not None} == {WaveForm.INVERTED}
    heights_mv = [wave.amplitude_mv for wave in waves if wave is not None]
    assert len(heights_mv) == len(waves)
    assert np.mean(heights_mv) == pytest.approx(-0.14, rel=0.2)


def test_a_biphasic_t_is_called_so() -> None:
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005) + added(fs_hz, -0.28, 0.26, 0.045)
    ecg_mv += added(fs_hz, 0.22, 0.235, 0.028) + added(fs_hz, -0.22, 0.315, 0.028)
    forms = [beat.waves.t.form for beat in inner(delineated(ecg_mv, fs_hz)) if beat.waves.t]
    biphasic = {WaveForm.BIPHASIC_UP_DOWN, WaveForm.BIPHASIC_DOWN_UP}
    assert len(forms) > 15
    assert sum(form in biphasic for form in forms) > 0.8 * len(forms)
    assert WaveForm.BIPHASIC_DOWN_UP not in forms


def places_s(beats: Sequence[DelineatedBeat], fs_hz: float) -> FloatArray:
    """Give the means of all places against R, shape (8,); every wave has to be there."""
    found = []
    for beat in inner(beats):
        r = beat.peak.sample + beat.peak.offset
        p, qrs, t = beat.waves.p, beat.waves.qrs, beat.waves.t
        assert p is not None
        assert qrs is not None
        assert t is not None
        places = (p.onset, p.peak, p.offset, qrs.onset, qrs.offset, t.onset, t.peak, t.offset)
        found.append([(place - r) / fs_hz for place in places])
    return np.asarray(np.mean(found, axis=0))


@RATES
def test_the_rate_does_not_matter(fs_hz: float) -> None:
    known_s = places_s(delineated(ecg_of(RPEAKS_S, 500.0, 20.0), 500.0), 500.0)
    found_s = places_s(delineated(ecg_of(RPEAKS_S, fs_hz, 20.0), fs_hz), fs_hz)
    assert found_s == pytest.approx(known_s, abs=0.008)


@pytest.mark.parametrize("gain", [0.2, 5.0])
def test_the_gain_does_not_matter(gain: float) -> None:
    ecg_mv = ecg_of(RPEAKS_S, 250.0, 20.0, noise_mv=0.005)
    known_s = places_s(delineated(ecg_mv, 250.0), 250.0)
    assert places_s(delineated(gain * ecg_mv, 250.0), 250.0) == pytest.approx(known_s, abs=1e-3)


@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_garbage_has_no_waves(kind: str) -> None:
    """R peaks of a good lead, the second is garbage."""
    fs_hz = 250.0
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005)
    rng = np.random.default_rng(3)
    garbage = {
        "noise": rng.standard_normal(ecg_mv.size),
        "flat": np.full(ecg_mv.size, 0.3),
    }[kind]
    beats = inner(delineated(np.stack([ecg_mv, garbage]), fs_hz))
    n_waves = sum(
        wave is not None
        for beat in beats
        for wave in (beat.lead_waves[1].p, beat.lead_waves[1].qrs, beat.lead_waves[1].t)
    )
    assert n_waves <= 0.1 * 3 * len(beats)
    assert all(beat.lead_waves[0].t is not None for beat in beats)


@pytest.mark.parametrize("seed", range(8))
def test_peaks_anywhere_give_ordered_waves_inside_the_signal_or_none(seed: int) -> None:
    fs_hz = 250.0
    rng = np.random.default_rng(seed)
    ecg_mv = ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.02) * rng.choice([1e-9, 1.0, 1e4])
    stage = Delineator(DelineateConfig(), fs_hz, 1)
    samples = np.sort(rng.choice(np.arange(-100, 5200), 40, replace=False)).tolist()
    peaks = [RPeak(s, rng.uniform(-0.5, 0.5), 1.0, 1.0, s) for s in samples]
    found = []
    for start in range(0, ecg_mv.size, 250):
        due = tuple(peak for peak in peaks if start <= peak.sample + 100 < start + 250)
        piece = SignalSecond(start, ecg_mv[np.newaxis, start : start + 250], due, 1.0)
        found += stage.push(piece)
    for beat in [*found, *stage.finish()]:
        waves = [w for w in (beat.waves.p, beat.waves.qrs, beat.waves.t) if w is not None]
        for wave in waves:
            assert 0 <= wave.onset <= wave.peak <= wave.offset < ecg_mv.size
            assert np.isfinite(wave.amplitude_mv)
            assert 0.5 <= wave.confidence <= 1
        assert all(a.offset <= b.onset for a, b in pairwise(waves))


def test_nothing_reaches_across_a_gap() -> None:
    fs_hz = 250.0
    seconds = seconds_of(np.atleast_2d(ecg_of(RPEAKS_S, fs_hz, 20.0, noise_mv=0.005)), fs_hz)
    stage = Delineator(DelineateConfig(), fs_hz, 1)
    before = [beat for second in seconds[:10] for beat in stage.push(second)] + stage.finish()
    after = [beat for second in seconds[10:] for beat in stage.push(second)] + stage.finish()
    end = seconds[10].start
    for beat in before:
        for wave in (beat.waves.p, beat.waves.qrs, beat.waves.t):
            assert wave is None or wave.offset < end
    for beat in after:
        for wave in (beat.waves.p, beat.waves.qrs, beat.waves.t):
            assert wave is None or wave.onset >= end


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
