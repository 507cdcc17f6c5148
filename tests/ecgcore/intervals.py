"""Rows of normal intervals for the tests of heart-rate variability."""

import numpy as np
from hypothesis import strategies as st

from ecgcore.nn_series import NnSeries, nn_series
from ecgcore.types import FloatArray


def golden_ms(n: int) -> FloatArray:
    """Give the row that the other implementations were asked about: whole milliseconds, any host.

    Two waves, noise of a congruential generator and its random walk.
    """
    state, noise = 1, []
    for _ in range(n):
        state = (1103515245 * state + 12345) % 2**31
        noise.append(state / 2**31 - 0.5)
    at = np.arange(n)
    waves = 30.0 * np.sin(0.12 * at) + 20.0 * np.sin(1.3 * at)
    return np.round(850.0 + waves + 60.0 * np.array(noise) + 4.0 * np.cumsum(noise))


def series(nn_ms: FloatArray | list[float]) -> NnSeries:
    """Give one run of normal intervals."""
    values = np.array(nn_ms, float)
    return nn_series(values, np.ones(values.size, bool))


def split(*runs: list[float]) -> NnSeries:
    """Give some runs with lost samples between them."""
    rr_ms = np.array([value for run in runs for value in (*run, np.nan)], float)
    return nn_series(rr_ms, np.isfinite(rr_ms))


def rows(least: int = 5, most: int = 60) -> st.SearchStrategy[FloatArray]:
    """Draw plausible intervals in whole milliseconds, not all the same."""
    lists = st.lists(st.integers(300, 1500), min_size=least, max_size=most)
    return lists.filter(lambda row: len(set(row)) > 2).map(lambda row: np.array(row, float))
