from hypothesis import given
from hypothesis import strategies as st

from gateway.pace import Pace, PaceConfig

CONFIG = PaceConfig()


def test_slow_rounds_shrink_and_make_frames_longer_up_to_a_bound() -> None:
    pace, seen = Pace(CONFIG), []
    for _ in range(6):
        pace.took(pace.round_frames, 1.5)
        seen.append((pace.round_frames, pace.frame_s))
    assert seen == [(32, 2), (16, 4), (8, 5), (4, 5), (4, 5), (4, 5)]


def test_quick_rounds_bring_both_back() -> None:
    pace, seen = Pace(CONFIG), []
    for _ in range(4):
        pace.took(64, 2.0)
    for _ in range(5):
        pace.took(pace.round_frames, 0.1)
        seen.append((pace.round_frames, pace.frame_s))
    assert seen == [(8, 2.5), (16, 1.25), (32, 1), (64, 1), (64, 1)]


def test_a_round_that_was_not_full_does_not_tell_that_more_would_do() -> None:
    pace = Pace(CONFIG)
    pace.took(64, 2.0)
    pace.took(3, 0.01)
    assert pace.round_frames == 32
    assert pace.frame_s == 1


@given(st.lists(st.tuples(st.integers(1, 64), st.floats(0, 30)), max_size=60))
def test_it_stays_within_its_limits(rounds: list[tuple[int, float]]) -> None:
    pace = Pace(CONFIG)
    for n_frames, took_s in rounds:
        pace.took(n_frames, took_s)
        assert CONFIG.least_frames <= pace.round_frames <= CONFIG.most_frames
        assert CONFIG.frame_s <= pace.frame_s <= CONFIG.longest_frame_s
