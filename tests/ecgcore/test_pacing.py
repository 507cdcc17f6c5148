"""Paced beats over synthetic ones: a spike, then a slow and wide QRS."""

import numpy as np
import pytest

from ecgcore.beat_class import BeatClassConfig, BeatClassifier, BeatClassState
from ecgcore.delineate import DelineateConfig, Delineator
from ecgcore.events import BeatLabel, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.pacing import N_BEATS, Pacing, certainty
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.second import LabelledBeat
from ecgcore.state import dump_state, load_state
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from tests.ecgcore.test_delineate import seconds_of
from tests.strategies import ecg_of

SPIKES_S = [0.8 + 0.86 * k for k in range(32)]
DURATION_S = 29.0
SHARP_S, SMEARED_S = 0.0005, 0.0035
"""Sigma of a spike as it is, and of one that a recorder of 100 Hz has smeared."""


def paced_of(
    spikes_s: list[float],
    fs_hz: float,
    duration_s: float = DURATION_S,
    sigma_s: float = SMEARED_S,
    spike_mv: float = 0.8,
) -> FloatArray:
    """Give spikes, each with a wide QRS and a T wave against it, on a line with some noise."""
    times_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    ecg_mv = 0.008 * np.random.default_rng(4).standard_normal(times_s.size)
    # A sample holds the mean over its time; what is narrower comes out lower.
    sigma_s = max(sigma_s, 0.35 / fs_hz)
    for spike_s in spikes_s:
        after_s = times_s - spike_s
        ecg_mv += spike_mv * np.exp(-0.5 * (after_s / sigma_s) ** 2)
        ecg_mv -= 1.2 * np.exp(-0.5 * ((after_s - 0.075) / 0.030) ** 2)
        ecg_mv += 0.4 * np.exp(-0.5 * ((after_s - 0.33) / 0.06) ** 2)
    return ecg_mv


def labelled(
    ecg_mv: FloatArray, fs_hz: float, restored_at: int | None = None
) -> list[LabelledBeat]:
    ecg_mv = np.atleast_2d(ecg_mv)
    delineate = Delineator(DelineateConfig(), fs_hz, len(ecg_mv))
    stage = BeatClassifier(BeatClassConfig(), fs_hz, len(ecg_mv))
    found = []
    for k, second in enumerate(seconds_of(ecg_mv, fs_hz)):
        if k == restored_at:
            state = load_state(BeatClassState, dump_state(stage.state, "law"), "law")
            stage = BeatClassifier(BeatClassConfig(), fs_hz, len(ecg_mv), state)
        found += stage.push(second, delineate.push(second))
    return [*found, *stage.finish(delineate.finish())]


def n_paced(found: list[LabelledBeat]) -> int:
    return sum(each.label is BeatLabel.PACED for each in found)


@pytest.mark.parametrize("sigma_s", [SHARP_S, SMEARED_S])
@pytest.mark.parametrize("fs_hz", [200.0, 250.0, 360.0, 500.0, 1000.0])
def test_beats_after_a_spike_are_paced(fs_hz: float, sigma_s: float) -> None:
    found = labelled(paced_of(SPIKES_S, fs_hz, sigma_s=sigma_s), fs_hz)
    assert n_paced(found) >= 0.9 * len(found) > 0.75 * len(SPIKES_S)
    sure = [each.confidence for each in found if each.label is BeatLabel.PACED]
    assert 0.5 <= min(sure) <= max(sure) <= 1.0


def test_too_slow_a_rate_shows_no_spikes() -> None:
    assert n_paced(labelled(paced_of(SPIKES_S, 130.0), 130.0)) == 0


@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_the_gain_does_not_matter(gain: float) -> None:
    ecg_mv = paced_of(SPIKES_S, 250.0)
    plain, scaled = labelled(ecg_mv, 250.0), labelled(gain * ecg_mv, 250.0)
    known = {each.peak.sample: each.label for each in plain}
    assert all(known.get(each.peak.sample, each.label) is each.label for each in scaled)
    assert n_paced(scaled) == len(scaled) >= 0.9 * len(SPIKES_S)


def test_the_same_wide_beats_without_spikes_are_not_paced() -> None:
    assert n_paced(labelled(paced_of(SPIKES_S, 250.0, spike_mv=0.0), 250.0)) == 0


@pytest.mark.parametrize("shrink", [1.0, 0.6])
@pytest.mark.parametrize("fs_hz", [250.0, 500.0])
def test_a_narrow_qrs_is_no_spike(fs_hz: float, shrink: float) -> None:
    """At 0.6 of its width the QRS lasts 60 ms, as in small children."""
    rpeaks_s = [0.6 + 0.55 * k for k in range(50)]
    ecg_mv = ecg_of([s / shrink for s in rpeaks_s], fs_hz * shrink, 28.5 / shrink, noise_mv=0.01)
    assert n_paced(labelled(ecg_mv, fs_hz)) == 0


def test_mains_hum_and_muscle_are_no_spikes() -> None:
    rng = np.random.default_rng(5)
    ecg_mv = ecg_of(SPIKES_S, 500.0, DURATION_S)
    times_s = np.arange(ecg_mv.size) / 500.0
    assert n_paced(labelled(ecg_mv + 0.15 * np.sin(2 * np.pi * 50.0 * times_s), 500.0)) == 0
    assert n_paced(labelled(ecg_mv + 0.08 * rng.standard_normal(ecg_mv.size), 500.0)) == 0


def test_sharp_artefacts_make_no_paced_beats() -> None:
    """Some beside the QRS complexes, some between."""
    ecg_mv = ecg_of(SPIKES_S, 250.0, DURATION_S, noise_mv=0.01)
    for at_s in (5.06, 9.4, 12.7, 13.3, 18.9, 22.4):
        ecg_mv[round(at_s * 250.0)] += 1.5
    assert n_paced(labelled(ecg_mv, 250.0)) == 0


def test_of_several_leads_a_quarter_must_show_it() -> None:
    paced, plain = (paced_of(SPIKES_S, 500.0, spike_mv=mv) for mv in (0.8, 0.0))
    assert n_paced(labelled(np.stack([plain] * 3 + [paced]), 500.0)) >= 0.9 * len(SPIKES_S)
    assert n_paced(labelled(np.stack([plain] * 4 + [paced]), 500.0)) == 0


def test_own_beats_among_paced_ones_stay_own() -> None:
    own_s = SPIKES_S[12:20]
    ecg_mv = paced_of([s for s in SPIKES_S if s not in own_s], 360.0)
    ecg_mv += ecg_of(own_s, 360.0, DURATION_S)
    found = labelled(ecg_mv, 360.0)
    own = [e for e in found if own_s[0] - 0.1 < e.peak.sample / 360.0 < own_s[-1] + 0.1]
    assert len(own) == len(own_s)
    assert n_paced(own) == 0
    assert n_paced(found) >= 0.9 * (len(SPIKES_S) - len(own_s))


def test_paced_rhythm_begins_and_ends() -> None:
    fs_hz = 250.0
    spikes_s = [30.4 + 0.86 * k for k in range(40)]
    own_s = [0.5 + 0.8 * k for k in range(37)] + [65.3 + 0.8 * k for k in range(37)]
    ecg_mv = paced_of(spikes_s, fs_hz, 95.0) + ecg_of(own_s, fs_hz, 95.0)
    pipeline = Pipeline(PipelineConfig(fs_hz))
    events = pipeline.push(EcgChunk(0, ecg_mv[np.newaxis], SampleClock(0, 0, 1e9 / fs_hz)))
    events += pipeline.finish()
    began = [e for e in events if isinstance(e, RhythmBegan) and e.label is RhythmLabel.PACED]
    over = [e for e in events if isinstance(e, RhythmEnded) and e.label is RhythmLabel.PACED]
    assert len(began) == len(over) == 1
    assert over[0].start / fs_hz == pytest.approx(30.4, abs=5.0)
    assert over[0].end / fs_hz == pytest.approx(65.0, abs=5.0)


@pytest.mark.parametrize("at", [0, 6, 19])
def test_restore_is_invisible(at: int) -> None:
    ecg_mv = paced_of(SPIKES_S, 250.0)
    assert labelled(ecg_mv, 250.0, restored_at=at) == labelled(ecg_mv, 250.0)


def test_a_beat_is_judged_by_those_around_it() -> None:
    scores, places_ms = np.full(N_BEATS, -np.inf), np.zeros(N_BEATS)
    scores[-1] = 5.0
    assert certainty(scores, places_ms, N_BEATS - 1) == 0.0
    scores[-4:] = 5.0
    assert certainty(scores, places_ms, N_BEATS - 1) > 0.5
    places_ms[-1] = 40.0
    assert certainty(scores, places_ms, N_BEATS - 1) == 0.0
    assert Pacing(250.0, 1).judge() == 0.0
