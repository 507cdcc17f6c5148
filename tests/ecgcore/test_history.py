import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.history import ClockHistory, History
from ecgcore.types import SampleClock


@given(sizes=st.lists(st.integers(0, 50), max_size=20), start=st.integers(0, 100))
def test_holds_the_last_samples_by_their_index(sizes: list[int], start: int) -> None:
    history, at = History(20), start
    for size in sizes:
        # The signal is its own sample number, so any shift shows.
        history.push(at, np.arange(at, at + size, dtype=float))
        at += size
    oldest = max(start, at - 20)
    assert history.between(0, 10**6).tolist() == list(range(oldest, at))
    assert history.between(oldest + 3, at - 1).tolist() == list(range(oldest + 3, at - 1))
    if at > start:
        assert (history.start, history.end) == (oldest, at)


@given(sizes=st.lists(st.integers(0, 50), max_size=20))
def test_leads_are_held_side_by_side(sizes: list[int]) -> None:
    history, at = History(20, n_leads=2), 0
    for size in sizes:
        numbers = np.arange(at, at + size, dtype=float)
        history.push(at, np.stack((numbers, -numbers)))
        at += size
    last = list(range(max(0, at - 20), at))
    assert history.between(0, at).tolist() == [last, [-n for n in last]]


def test_a_new_run_starts_where_it_says() -> None:
    history = History(10)
    history.push(5, np.arange(5.0, 9.0))
    history.reset()
    history.push(100, np.arange(100.0, 103.0))
    assert (history.start, history.end) == (100, 103)
    assert history.between(0, 200).tolist() == [100.0, 101.0, 102.0]


def test_every_sample_is_timed_by_its_own_frame() -> None:
    clocks = ClockHistory(1000)
    clocks.push(0, 100, SampleClock(0, 0, 1e7))
    clocks.push(100, 150, SampleClock(100, 2_000_000_000, 2e7))
    clocks.push(150, 200, SampleClock(100, 2_000_000_000, 2e7))
    assert clocks.time_ms(99) == 990.0
    assert clocks.time_ms(99, 0.5) == 995.0
    assert clocks.time_ms(100) == 2000.0
    assert clocks.time_ms(160, -0.25) == 2000.0 + 59.75 * 20
    assert len(clocks.state.clocks) == 2


def test_old_clocks_go() -> None:
    clocks = ClockHistory(100)
    for start in range(0, 5000, 10):
        clocks.push(start, start + 10, SampleClock(start, start, 1.0))
    assert len(clocks.state.clocks) == 10
    assert clocks.time_ms(4900) == 4900 / 1e6
