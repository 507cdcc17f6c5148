"""A whole day of a heart with ectopic beats, noise and gaps in bounded memory."""

import pytest

from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import EcgChunk, Gap, GapReason, SampleClock
from tests.checks import moved
from tests.strategies import ecg_of

FS_HZ = 125.0
PIECE_S = 60.0
N_PIECES = 24 * 60


@pytest.mark.timeout(240)
def test_a_day_leaves_no_more_behind_than_an_hour() -> None:
    rpeaks_s, at = [], 0.5
    while at < PIECE_S - 1.0:
        rpeaks_s.append(at)
        # Every seventh beat is early, and one stretch has a pause.
        at += 0.55 if len(rpeaks_s) % 7 == 0 else 4.0 if len(rpeaks_s) == 30 else 0.82
    ecg_mv = ecg_of(rpeaks_s, FS_HZ, PIECE_S, noise_mv=0.02)
    ecg_mv[2000:3000] *= 40.0
    chunk = round(5 * FS_HZ)
    items: list[EcgChunk | Gap] = [
        EcgChunk(at, ecg_mv[None, at : at + chunk], SampleClock(0, 0, 1e9 / FS_HZ))
        for at in range(0, ecg_mv.size, chunk)
    ]
    items[7] = Gap(items[7].start, chunk, GapReason.RADIO_LOSS)
    pipeline, sizes = Pipeline(PipelineConfig(FS_HZ)), list[int]()
    n_beats = 0
    for k in range(N_PIECES):
        for item in items:
            events = pipeline.push(moved(item, k * ecg_mv.size))
            n_beats += sum(type(event).__name__ == "BeatClassified" for event in events)
        sizes.append(len(pipeline.dump()))
    assert n_beats > 0.8 * N_PIECES * len(rpeaks_s)
    assert max(sizes[60:]) <= 1.1 * max(sizes[:60]) + 64
