"""A whole day of a heart with ectopic beats, noise and gaps in bounded memory."""

from ecgcore.pipeline import Pipeline, PipelineConfig
from tests.checks import moved
from tests.strategies import ecg_of, stream_of

FS_HZ = 125.0
PIECE_S = 600.0
N_PIECES = 144


def test_a_day_leaves_no_more_behind_than_an_hour() -> None:
    rpeaks_s, at = [], 0.5
    while at < PIECE_S - 1.0:
        rpeaks_s.append(at)
        # Every seventh beat is early, and one stretch has a pause.
        at += 0.55 if len(rpeaks_s) % 7 == 0 else 4.0 if len(rpeaks_s) == 300 else 0.82
    ecg_mv = ecg_of(rpeaks_s, FS_HZ, PIECE_S, noise_mv=0.02)
    ecg_mv[20_000:21_000] *= 40.0
    items = stream_of(ecg_mv, FS_HZ, gaps=[(50_000, 50_600)])
    pipeline, sizes = Pipeline(PipelineConfig(FS_HZ)), list[int]()
    n_beats = 0
    for k in range(N_PIECES):
        for item in items:
            events = pipeline.push(moved(item, k * ecg_mv.size))
            n_beats += sum(type(event).__name__ == "BeatClassified" for event in events)
        sizes.append(len(pipeline.dump()))
    assert n_beats > 0.9 * N_PIECES * len(rpeaks_s)
    assert max(sizes[6:]) <= 1.1 * max(sizes[:6]) + 64
