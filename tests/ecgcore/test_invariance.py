"""The same heart at another rate or gain gives the same beats."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from cloud.evaluation.archive import read_lead
from ecgcore.events import BeatClassified, BeatLabel
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import EcgChunk, FloatArray, SampleClock

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data"))
RECORDS = ("101", "119", "209", "220")
FS_HZ = 360
MINUTES = 2


def record_mv(name: str) -> FloatArray:
    return read_lead(DATA / "mitdb", name).ecg_mv[: MINUTES * 60 * FS_HZ]


def beats_s(ecg_mv: FloatArray, fs_hz: int) -> FloatArray:
    """Give the times of the beats, shape (n_beats,)."""
    pipeline = Pipeline(PipelineConfig(float(fs_hz)))
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    events = [*pipeline.push(EcgChunk(0, ecg_mv[None], clock)), *pipeline.finish()]
    at_s = np.array(
        [
            (e.sample + e.beat.offset) / fs_hz
            for e in events
            if isinstance(e, BeatClassified) and e.label is not BeatLabel.NOISE
        ]
    )
    # A bump at the very edge has no signal before it to be judged by.
    return at_s[at_s > 0.5]


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("fs_hz", [128, 250, 500])
def test_the_rate_moves_no_beat_by_more_than_8_ms(name: str, fs_hz: int) -> None:
    ecg_mv = record_mv(name)
    common = np.gcd(fs_hz, FS_HZ)
    there = resample_poly(ecg_mv, fs_hz // common, FS_HZ // common, padtype="edge")
    at_s, found_s = beats_s(ecg_mv, FS_HZ), beats_s(there, fs_hz)
    assert found_s.size == at_s.size
    assert np.abs(found_s - at_s).max() <= 0.008


@pytest.mark.parametrize("name", [*RECORDS, "114", "203", "207"])
@pytest.mark.parametrize("gain", [0.2, 5.0])
def test_the_gain_moves_no_beat(name: str, gain: float) -> None:
    ecg_mv = record_mv(name)
    at_s, found_s = beats_s(ecg_mv, FS_HZ), beats_s(gain * ecg_mv, FS_HZ)
    assert found_s.size == at_s.size
    assert found_s == pytest.approx(at_s, abs=0.004)
