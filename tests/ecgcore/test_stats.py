import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.stats import known_medians, median


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40))
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)


@given(st.lists(st.lists(st.floats(-9.0, 9.0) | st.just(math.nan), min_size=4, max_size=4)))
def test_medians_of_what_is_known(rows: list[list[float]]) -> None:
    found = known_medians(np.array(rows, float).reshape(-1, 4))
    for row, middle in zip(rows, found, strict=True):
        known = [value for value in row if not math.isnan(value)]
        assert np.array_equal(middle, np.median(known) if known else math.nan, equal_nan=True)
