import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hrv_config import EctopicPolicy
from ecgcore.nn_series import bounds_of, nn_series

NAN = float("nan")
RR_MS = np.array([800.0, 820.0, 500.0, 1140.0, 840.0, NAN, 860.0, 870.0])
NORMAL = np.array([True, True, False, False, True, False, True, True])


def test_runs_break_at_what_is_not_normal_and_stretches_at_lost_samples_alone() -> None:
    nn = nn_series(RR_MS, NORMAL)
    assert nn.nn_ms.tolist() == [800.0, 820.0, 840.0, 860.0, 870.0]
    assert nn.end_ms.tolist() == [800.0, 1620.0, 4100.0, 4960.0, 5830.0]
    assert nn.run_bounds.tolist() == [0, 2, 3, 5]
    assert bounds_of(nn.stretch).tolist() == [0, 3, 5]
    assert nn.differences_ms.tolist() == [20.0, 10.0]
    assert nn.longest_run_ms.tolist() == [800.0, 820.0]


def test_times_of_beats_hold_where_samples_were_lost() -> None:
    beat_ms = 10_000.0 + np.array([0.0, 820.0, 1320.0, 2460.0, 3300.0, 9000.0, 9860.0, 10730.0])
    nn = nn_series(RR_MS, NORMAL, beat_ms)
    assert nn.end_ms.tolist() == [800.0, 1620.0, 4100.0, 10660.0, 11530.0]


def test_interpolated_intervals_lie_on_a_line_between_normal_ones() -> None:
    nn = nn_series(RR_MS, NORMAL, ectopic=EctopicPolicy.INTERPOLATE)
    between = [820.0 + 20.0 / 3.0, 820.0 + 40.0 / 3.0]
    assert nn.nn_ms == pytest.approx([800.0, 820.0, *between, 840.0, 860.0, 870.0])
    assert nn.run_bounds.tolist() == [0, 5, 7]


def test_corrected_intervals_fill_the_time_evenly() -> None:
    nn = nn_series(RR_MS, NORMAL, ectopic=EctopicPolicy.CORRECT)
    assert nn.nn_ms.tolist() == [800.0, 820.0, 820.0, 820.0, 840.0, 860.0, 870.0]
    assert nn.end_ms.tolist() == [800.0, 1620.0, 2440.0, 3260.0, 4100.0, 4960.0, 5830.0]


def test_a_missed_beat_is_put_back_by_time() -> None:
    rr_ms = np.array([800.0, 800.0, 1600.0, 800.0])
    nn = nn_series(rr_ms, rr_ms < 1000.0, ectopic=EctopicPolicy.CORRECT)
    assert nn.nn_ms.tolist() == [800.0] * 5


@pytest.mark.parametrize("policy", EctopicPolicy)
def test_without_normal_intervals_there_is_nothing(policy: EctopicPolicy) -> None:
    for rr_ms in (np.array([]), np.array([NAN, 700.0])):
        nn = nn_series(rr_ms, np.zeros(rr_ms.size, bool), ectopic=policy)
        assert nn.n == 0
        assert nn.run_bounds.tolist() == [0]
        assert nn.differences_ms.size == 0


@given(
    rr_ms=st.lists(st.floats(300.0, 2000.0) | st.just(NAN), max_size=40),
    seed=st.integers(0, 2**16),
)
def test_mending_keeps_normal_intervals_and_their_times(rr_ms: list[float], seed: int) -> None:
    values = np.array(rr_ms, float)
    normal = np.isfinite(values) & (np.random.default_rng(seed).random(values.size) < 0.7)
    dropped = nn_series(values, normal)
    for policy in (EctopicPolicy.INTERPOLATE, EctopicPolicy.CORRECT):
        mended = nn_series(values, normal, ectopic=policy)
        assert set(dropped.end_ms) <= set(mended.end_ms)
        assert np.all(np.diff(mended.end_ms) > 0.0)
        if policy is EctopicPolicy.CORRECT:
            for begin, end in zip(mended.run_bounds[:-1], mended.run_bounds[1:], strict=True):
                spans = np.diff(mended.end_ms[begin:end])
                assert spans == pytest.approx(mended.nn_ms[begin + 1 : end])
