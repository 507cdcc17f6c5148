"""Wave borders: how marks are read and what counts as found."""

import numpy as np
import pytest

from cloud.evaluation.archive import Annotations
from cloud.evaluation.tally import Tally
from cloud.evaluation.wave_points import (
    MarkedWave,
    beats_of_waves,
    found_waves,
    marked_waves,
    score_best_of,
    score_within,
)
from ecgcore.events import BeatWaves, Wave

FS_HZ = 500.0


def marks(text: str) -> Annotations:
    """Read ``100( 110p 120)``."""
    pairs = [(int(word[:-1]), word[-1]) for word in text.split()]
    n = len(pairs)
    samples = np.array([sample for sample, _ in pairs], np.int64)
    return Annotations(samples, tuple(symbol for _, symbol in pairs), (0,) * n, ("",) * n)


def wave(onset: float, peak: float, offset: float) -> Wave:
    return Wave(onset, peak, offset, 1.0, 1.0)


MARKS = marks("100( 110p 120) 150( 160N 175) 230t 260) 300u 310) 500( 510p 520) 550( 560N 575)")
FOUND = (
    BeatWaves(wave(102, 111, 119), wave(149, 160, 176), wave(200, 228, 262)),
    BeatWaves(None, wave(549, 561, 577), wave(620, 640, 660)),
)


def test_marks_become_waves_with_what_is_missing_left_out() -> None:
    assert marked_waves(MARKS)[:4] == [
        MarkedWave("p", (100, 110, 120)),
        MarkedWave("qrs", (150, 160, 175)),
        MarkedWave("t", (None, 230, 260)),
        MarkedWave("u", (None, 300, 310)),
    ]


def test_a_biphasic_wave_is_one() -> None:
    assert marked_waves(marks("10( 20t 30t 40)")) == [MarkedWave("t", (10, 20, 40))]
    assert len(marked_waves(marks("10( 20t 40) 50( 60t 70)"))) == 2


def test_points_within_the_annotated_span() -> None:
    scores = score_within(marked_waves(MARKS), found_waves(FOUND), (100, 575), FS_HZ)
    assert scores["p"].tally == Tally(tp=1, fn=1)
    assert scores["p_on"].errors_ms == pytest.approx((4.0,))
    assert scores["qrs_on"].errors_ms == pytest.approx((-2.0, -2.0))
    # The T after the last mark is neither right nor wrong.
    assert scores["t"].tally == Tally(tp=1)


def test_a_wave_in_the_span_that_nobody_marked_is_wrong() -> None:
    extra = BeatWaves(wave(300, 310, 320), wave(149, 160, 176), None)
    scores = score_within(marked_waves(MARKS), found_waves([extra]), (100, 575), FS_HZ)
    assert scores["p"].tally == Tally(tp=0, fn=2, fp=1)


def test_of_two_channels_the_nearer_point_counts() -> None:
    other = (BeatWaves(wave(101, 130, 121), wave(158, 160, 170), wave(210, 231, 250)),)
    scores = score_best_of(beats_of_waves(marked_waves(MARKS)), [FOUND, other], FS_HZ)
    assert scores["p_on"].errors_ms == pytest.approx((2.0,))
    assert scores["p"].errors_ms == pytest.approx((2.0,))
    assert scores["qrs_on"].errors_ms == pytest.approx((-2.0, -2.0))
    # No T onset is marked, so none is judged; no T belongs to the second beat, in one channel only.
    assert scores["t_on"].tally == Tally()
    assert scores["t"].tally == Tally(tp=1)
    assert scores["p"].tally == Tally(tp=1, fn=1)


def test_a_wave_that_all_channels_have_and_nobody_marked_is_wrong() -> None:
    scores = score_best_of(beats_of_waves(marked_waves(MARKS)), [FOUND, FOUND], FS_HZ)
    assert scores["t"].tally == Tally(tp=1, fp=1)


def test_u_waves_are_judged_with_the_beat_before_them() -> None:
    with_u = tuple(waves._replace(u=wave(290, 302, 314)) for waves in FOUND[:1])
    beats = beats_of_waves(marked_waves(MARKS))
    scores = score_best_of(beats, [with_u, with_u], FS_HZ)
    assert scores["u"].errors_ms == pytest.approx((4.0,))
    assert scores["u_off"].errors_ms == pytest.approx((8.0,))
    assert score_best_of(beats, [FOUND, FOUND], FS_HZ)["u"].tally == Tally(fn=1)
