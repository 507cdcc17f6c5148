"""Episodes and durations, by hand and by law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.evaluation.episodes import compare, merged
from cloud.evaluation.tally import Tally

WHOLE = (0, 1000)
spans = st.lists(
    st.tuples(st.integers(-50, 1050), st.integers(1, 200)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=8,
)


def test_overlap_by_hand() -> None:
    found = compare([(100, 300), (600, 700)], [(50, 200), (250, 350), (800, 900)], WHOLE, 10.0)
    assert found.there == Tally(tp=1, fn=1)
    assert found.found == Tally(tp=2, fp=1)
    assert found.seconds == Tally(tp=15.0, fn=15.0, fp=20.0)
    assert found.other_s == 70.0
    assert found.specificity_pct == pytest.approx(100 * 50 / 70)


def test_nothing_there_has_a_specificity_and_no_sensitivity() -> None:
    found = compare([], [(0, 100)], WHOLE, 10.0)
    assert found.seconds.sensitivity_pct is None
    assert found.specificity_pct == pytest.approx(90.0)


def test_episodes_that_touch_are_one() -> None:
    assert merged([(5, 9), (1, 5), (20, 22)]) == [(1, 9), (20, 22)]


@given(there=spans, found=spans)
def test_times_add_up_and_swapping_swaps(
    there: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    def n_inside(of: list[tuple[int, int]]) -> set[int]:
        return {n for first, end in of for n in range(max(first, 0), min(end, 1000))}

    result = compare(there, found, WHOLE, 1.0)
    a, b = n_inside(there), n_inside(found)
    assert result.seconds == Tally(tp=len(a & b), fn=len(a - b), fp=len(b - a))
    assert result.other_s == 1000 - len(a)
    back = compare(found, there, WHOLE, 1.0)
    assert (back.there.tp, back.there.fn) == (result.found.tp, result.found.fp)
