"""R peaks go on when the lead that they are found in fails."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.events import BeatClassified, BeatDetected, BeatLabel, Event, RhythmBegan, RhythmLabel
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from tests.checks import check_chunking_is_invisible, check_restore_is_invisible
from tests.strategies import ecg_of, stream_of

FS_HZ = 130.0
LENGTH_S = 60.0
RPEAKS_S = [0.5 + 0.8 * k for k in range(74)]
CLEAN_MV = ecg_of(RPEAKS_S, FS_HZ, LENGTH_S, noise_mv=0.01)
CONFIG = PipelineConfig(FS_HZ, n_leads=2)


def failing(at_s: float, how: str) -> FloatArray:
    """Two leads of one heart, the first of which fails."""
    first, at = CLEAN_MV.copy(), round(at_s * FS_HZ)
    if how == "off":
        first[at:] = 0.0
    else:
        first[at:] += np.random.default_rng(1).normal(0.0, 2.0, first.size - at)
    return np.vstack((first, 0.7 * CLEAN_MV))


def events_of(ecg_mv: FloatArray, config: PipelineConfig = CONFIG) -> list[Event]:
    pipeline = Pipeline(config)
    events = pipeline.push(EcgChunk(0, ecg_mv, SampleClock(0, 0, 1e9 / FS_HZ)))
    return events + pipeline.finish()


@pytest.mark.parametrize("at_s", [20.0, 20.4, 33.9])
def test_no_beat_is_missed_when_the_first_lead_comes_off(at_s: float) -> None:
    events = events_of(failing(at_s, "off"))
    places_s = np.array([e.sample for e in events if isinstance(e, BeatDetected)]) / FS_HZ
    for rpeak_s in RPEAKS_S:
        assert np.abs(places_s - rpeak_s).min() < 0.03
    assert len(places_s) == len(RPEAKS_S)
    assert np.all(np.diff(places_s) > 0.6)


def test_a_lead_that_comes_off_is_no_standstill() -> None:
    events = events_of(failing(20.0, "off"))
    rhythms = {event.label for event in events if isinstance(event, RhythmBegan)}
    assert RhythmLabel.ASYSTOLE not in rhythms


def test_after_noise_in_the_first_lead_the_beats_are_the_second_s() -> None:
    events = events_of(failing(20.0, "noise"))
    beats = [e for e in events if isinstance(e, BeatClassified) and e.label is BeatLabel.NORMAL]
    places_s = np.array([beat.sample for beat in beats]) / FS_HZ
    later = [rpeak_s for rpeak_s in RPEAKS_S if rpeak_s > 25.0]
    assert np.sum(places_s > 24.9) == len(later)
    for rpeak_s in later:
        assert np.abs(places_s - rpeak_s).min() < 0.03


def test_two_good_leads_give_the_first_one_s_beats() -> None:
    both = np.vstack((CLEAN_MV, -0.5 * CLEAN_MV))
    ours = [e for e in events_of(both) if isinstance(e, BeatDetected)]
    alone = events_of(CLEAN_MV[None], replace(CONFIG, n_leads=1))
    assert ours == [e for e in alone if isinstance(e, BeatDetected)]


def pipeline(data: bytes | None) -> Pipeline:
    return Pipeline(CONFIG) if data is None else Pipeline.restore(CONFIG, data)


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, round(30 * FS_HZ)), max_size=12))
def test_cutting_and_restoring_across_the_change_is_invisible(cuts: list[int]) -> None:
    items = stream_of(failing(20.4, "off")[:, : round(30 * FS_HZ)], FS_HZ)
    check_chunking_is_invisible(pipeline, items, cuts)
    check_restore_is_invisible(pipeline, items, cuts)


def test_blocks_are_looked_for_in_the_lead_that_beats_are_found_in() -> None:
    stage = Pipeline(CONFIG)
    for item in stream_of(failing(20.0, "off"), FS_HZ):
        stage.push(item)
    assert stage.state.annotator.rhythm.conduction.lead == 1
    assert len(stage.state.annotator.rhythm.conduction.cycles) > 8
