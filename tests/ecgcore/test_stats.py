import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.stats import median


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40))
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)
