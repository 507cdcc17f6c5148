import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.nn import is_normal, nn_mask

NAN = float("nan")


def test_a_premature_beat_and_its_pause_are_not_normal() -> None:
    rr_ms = np.array([800.0, 810.0, 790.0, 500.0, 1100.0, 800.0, 805.0])
    assert is_normal(rr_ms).tolist() == [True, True, True, False, False, True, True]


def test_missing_intervals_are_not_normal_and_do_not_count() -> None:
    assert is_normal(np.array([NAN, 800.0, NAN, 810.0])).tolist() == [False, True, False, True]
    assert is_normal(np.array([NAN, NAN])).tolist() == [False, False]
    assert is_normal(np.array([])).tolist() == []


@given(rr_ms=st.lists(st.floats(250.0, 2000.0) | st.just(NAN), max_size=60))
def test_equals_the_rule_spelt_out(rr_ms: list[float]) -> None:
    expected = []
    for i, value in enumerate(rr_ms):
        around = sorted(v for v in rr_ms[max(i - 5, 0) : i + 6] if v == v)
        middle = (around[(len(around) - 1) // 2] + around[len(around) // 2]) / 2 if around else NAN
        expected.append(abs(value - middle) <= 0.2 * middle)
    assert is_normal(np.array(rr_ms, float)).tolist() == expected


def test_nn_lie_between_beats_of_class_n() -> None:
    rr_ms = np.array([800.0, 810.0, 790.0, 800.0, 1200.0, 800.0])
    is_sinus = np.array([True, True, False, True, True, True])
    # Into and out of the third beat is none; the fifth is too long, or is not, by the tolerance.
    assert nn_mask(rr_ms, is_sinus).tolist() == [True, True, False, False, False, True]
    assert nn_mask(rr_ms, is_sinus, 0.5).tolist() == [True, True, False, False, True, True]
    assert nn_mask(np.array([]), np.array([], bool)).tolist() == []
