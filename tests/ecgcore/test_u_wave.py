"""U waves of a synthetic heart: those that were put in, and none where there is none."""

import numpy as np
import pytest

from ecgcore.events import Wave, WaveForm
from ecgcore.types import FloatArray
from tests.ecgcore.test_delineate import delineated
from tests.strategies import ecg_of

RPEAKS_S = [0.6 + 0.85 * k for k in range(32)]
DURATION_S = 28.0
U_S = 0.48


def added(
    fs_hz: float, height_mv: float, place_s: float, width_s: float, rpeaks_s: list[float] = RPEAKS_S
) -> FloatArray:
    times_s = np.arange(round(DURATION_S * fs_hz)) / fs_hz
    waves = [np.exp(-0.5 * ((times_s - r_s - place_s) / width_s) ** 2) for r_s in rpeaks_s]
    return np.asarray(height_mv * np.sum(waves, axis=0))


def ecg_with(
    height_mv: float, fs_hz: float = 250.0, rpeaks_s: list[float] = RPEAKS_S
) -> FloatArray:
    ecg_mv = ecg_of(rpeaks_s, fs_hz, DURATION_S, noise_mv=0.01)
    return ecg_mv + added(fs_hz, height_mv, U_S, 0.04, rpeaks_s)


def u_waves(ecg_mv: FloatArray, fs_hz: float = 250.0) -> list[Wave | None]:
    """Give the U waves of the beats that come when enough of them were seen."""
    beats = delineated(ecg_mv, fs_hz)[10:-1]
    assert len(beats) > 15
    return [beat.waves.u for beat in beats]


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 500.0, 1000.0])
@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_a_u_wave_lies_where_it_was_put(fs_hz: float, gain: float) -> None:
    ecg_mv = gain * ecg_with(0.05, fs_hz)
    beats = delineated(ecg_mv, fs_hz)[10:-1]
    found = [(beat, beat.waves.u, beat.waves.t) for beat in beats if beat.waves.u is not None]
    assert len(found) >= 0.9 * len(beats)
    for beat, u, t in found:
        assert t is not None
        assert t.offset <= u.onset < u.peak < u.offset
        assert (u.peak - beat.peak.sample) / fs_hz == pytest.approx(U_S, abs=0.02)
        assert u.form is WaveForm.UPRIGHT
        assert u.confidence > 0.5
    heights_mv = [u.amplitude_mv for _, u, _ in found]
    assert np.mean(heights_mv) == pytest.approx(0.05 * gain, rel=0.25)


def test_an_inverted_u_wave_is_called_so() -> None:
    found = u_waves(ecg_with(-0.06))
    assert sum(u is not None for u in found) >= 0.9 * len(found)
    assert {u.form for u in found if u is not None} == {WaveForm.INVERTED}


@pytest.mark.parametrize("noise_mv", [0.0, 0.01, 0.05])
def test_no_u_wave_is_made_up(noise_mv: float) -> None:
    assert set(u_waves(ecg_of(RPEAKS_S, 250.0, DURATION_S, noise_mv=noise_mv))) == {None}


def test_there_is_no_room_at_a_fast_rate() -> None:
    """At 120/min the next P wave begins where the U wave would be."""
    rpeaks_s = [0.6 + 0.5 * k for k in range(54)]
    assert set(u_waves(ecg_with(0.05, rpeaks_s=rpeaks_s))) == {None}


def test_without_p_waves_humps_are_not_called_u() -> None:
    assert set(u_waves(ecg_with(0.05) + added(250.0, -0.12, -0.16, 0.022))) == {None}


def test_a_p_wave_that_is_not_conducted_is_no_u_wave() -> None:
    """At 2:1 every other P wave lies behind T, in the middle between two others."""
    rpeaks_s = [0.6 + 1.3 * k for k in range(20)]
    ecg_mv = ecg_of(rpeaks_s, 250.0, DURATION_S, noise_mv=0.01)
    beats = delineated(ecg_mv + added(250.0, 0.12, 0.49, 0.022, rpeaks_s), 250.0)[10:-1]
    assert [beat.waves.u for beat in beats] == [None] * len(beats)


def test_another_t_wave_has_no_share_in_the_average() -> None:
    """Beats whose T wave is upside down among others: the others keep their U waves."""
    ecg_mv = ecg_with(0.05)
    odd = RPEAKS_S[12::4]
    ecg_mv += added(250.0, -0.6, 0.26, 0.045, odd) + added(250.0, -0.05, U_S, 0.04, odd)
    beats = delineated(ecg_mv, 250.0)[10:-1]
    is_odd = [min(abs(beat.peak.sample / 250.0 - r_s) for r_s in odd) < 0.1 for beat in beats]
    assert all(beat.waves.u is None for beat, other in zip(beats, is_odd, strict=True) if other)
    found = [beat.waves.u for beat, other in zip(beats, is_odd, strict=True) if not other]
    assert sum(u is not None for u in found) >= 0.9 * len(found)


def test_leads_that_have_it_give_it_to_the_beat() -> None:
    ecg_mv = ecg_with(0.05)
    beats = delineated(np.stack([ecg_mv, 0.7 * ecg_mv, -ecg_mv]), 250.0)[10:-1]
    assert sum(beat.waves.u is not None for beat in beats) >= 0.9 * len(beats)
    forms = {beat.lead_waves[2].u.form for beat in beats if beat.lead_waves[2].u is not None}
    assert forms == {WaveForm.INVERTED}
