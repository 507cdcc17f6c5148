"""The memory of a person's minutes: bounded, even, and blind to order, repeats and restarts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.baseline import DAY_MIN, MINUTE_NS, Baseline, BaselineConfig, level_of
from ecgcore.errors import StateError

START = 28_000_000
SMALL = BaselineConfig(keys=("hr_mean", "qrs_dur"), max_rows=64)


def filled(
    minutes: list[int], config: BaselineConfig = SMALL, restart_at: int | None = None
) -> Baseline:
    memory = Baseline(config)
    for k, minute in enumerate(minutes):
        if k == restart_at:
            memory = Baseline.restore(config, memory.dump())
        memory.push(minute * MINUTE_NS + 17, {"hr_mean": float(minute % 100), "other": 1.0})
    return memory


def test_in_the_first_hour_every_minute_is_there() -> None:
    memory = filled(list(range(START, START + 60)))
    past = memory.past("hr_mean", (START + 60) * MINUTE_NS)
    assert past.at_min.tolist() == list(range(START, START + 60))
    assert past.values.tolist() == [float(minute % 100) for minute in range(START, START + 60)]
    assert memory.past("qrs_dur", (START + 60) * MINUTE_NS).values.size == 0


def test_only_minutes_before_the_moment_count() -> None:
    memory = filled(list(range(START, START + 60)))
    past = memory.past("hr_mean", (START + 30) * MINUTE_NS + 5)
    assert past.at_min.tolist() == list(range(START, START + 30))
    assert past.last(10 / DAY_MIN, START + 30).at_min.tolist() == list(
        range(START + 20, START + 30)
    )


def test_memory_stays_bounded_and_even_over_days() -> None:
    memory = filled(list(range(START, START + 20 * DAY_MIN, 3)))
    minutes = memory.state.minutes
    assert 32 <= minutes.size <= 64
    # Every fifth of the time has its share.
    shares = np.histogram(minutes, bins=5, range=(START, START + 20 * DAY_MIN))[0] / minutes.size
    assert shares == pytest.approx([0.2] * 5, abs=0.12)
    assert len(memory.dump()) < 64 * (8 + 2 * 4) + 200


def test_what_is_too_old_goes() -> None:
    memory = filled([START, START + 1, START + 30 * DAY_MIN])
    assert memory.state.minutes.tolist() == [START, START + 1, START + 30 * DAY_MIN]
    assert memory.push((START + 30 * DAY_MIN + 1) * MINUTE_NS, {"hr_mean": 60.0})
    assert memory.state.minutes[0] == START + 1
    assert not memory.push(START * MINUTE_NS, {"hr_mean": 60.0})


def test_after_a_long_break_it_begins_anew_with_every_minute() -> None:
    memory = filled(list(range(START, START + 300)))
    assert memory.state.level > 0
    back = START + 300 + 31 * DAY_MIN
    for minute in range(back, back + 20):
        memory.push(minute * MINUTE_NS, {"hr_mean": 60.0})
    assert memory.state.minutes.tolist() == list(range(back, back + 20))


def test_a_window_without_values_is_not_remembered() -> None:
    assert not Baseline(SMALL).push(START * MINUTE_NS, {"rmssd": 20.0})


@given(order=st.permutations(range(START, START + 150)), restart_at=st.integers(0, 149))
def test_order_repeats_and_restarts_change_nothing(order: list[int], restart_at: int) -> None:
    plain = filled(list(range(START, START + 150)))
    other = filled([*order, *order[:20]], restart_at=restart_at)
    assert other.state.level == plain.state.level
    assert other.state.minutes.tolist() == plain.state.minutes.tolist()
    assert np.array_equal(other.state.values, plain.state.values, equal_nan=True)
    assert other.dump() == plain.dump()


def test_levels_halve() -> None:
    n = Counter(level_of(minute) for minute in range(START, START + 32_000))
    for level in range(6):
        assert n[level] == pytest.approx(32_000 / 2 ** (level + 1), rel=0.1)


def test_another_configuration_does_not_read_it() -> None:
    data = filled([START]).dump()
    with pytest.raises(StateError):
        Baseline.restore(BaselineConfig(keys=("hr_mean",)), data)
    with pytest.raises(StateError):
        Baseline.restore(SMALL, data[:-1])


def test_a_biomarker_that_is_not_remembered_is_named() -> None:
    with pytest.raises(ValueError, match="baseline: sdnn is not one of hr_mean, qrs_dur"):
        Baseline(SMALL).past("sdnn", 0)
