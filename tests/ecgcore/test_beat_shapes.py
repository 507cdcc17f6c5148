"""Shapes against plain numpy over the same beats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.beat_shapes import (
    GRID_HZ,
    N_GRID,
    N_ROWS,
    N_SHAPES,
    QRS_AT,
    T_AT,
    WEIGHT,
    WIDTH,
    cut_out,
    hold,
    likeness,
    no_shapes,
    normal_of,
)
from ecgcore.types import FloatArray

FS_HZ = 250.0
PEAK = 100


def beat_of(width_s: float, height_mv: float = 1.0) -> FloatArray:
    """One QRS at index `PEAK`."""
    times_s = (np.arange(300) - PEAK) / FS_HZ
    return np.asarray(height_mv * np.exp(-0.5 * (times_s / width_s) ** 2), float)


def shape_of(memory: FloatArray, ecg_mv: FloatArray, early: float = 1.0) -> int:
    return hold(memory, ecg_mv, PEAK, 0.0, FS_HZ, early)


@given(seed=st.integers(0, 1000))
def test_likeness_is_that_of_the_best_shift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, N_GRID)).cumsum(axis=1)
    alike, differs = [-1.0], []
    for shift in range(-3, 4):
        mine = a[max(QRS_AT, QRS_AT + shift) : min(T_AT, T_AT + shift)]
        other = b[max(QRS_AT, QRS_AT - shift) : min(T_AT, T_AT - shift)]
        alike.append(np.corrcoef(mine, other)[0, 1])
        differs.append(np.var(mine - other))
    found = likeness(a, b, QRS_AT, T_AT)
    assert found == pytest.approx((max(alike), min(differs)), rel=1e-9)
    assert likeness(b, a, QRS_AT, T_AT) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.3])
def test_a_line_stays_a_line_on_the_grid(offset: float) -> None:
    beat = np.zeros(N_GRID)
    cut_out(np.arange(400.0) / FS_HZ, 150, offset, FS_HZ, beat)
    line_s = np.arange(N_GRID) / GRID_HZ
    np.testing.assert_allclose(beat, line_s - line_s.mean(), atol=1e-12)


def test_beyond_the_samples_the_last_goes_on() -> None:
    beat = np.zeros(N_GRID)
    cut_out(np.ones(40), 35, 0.0, FS_HZ, beat)
    np.testing.assert_allclose(beat, 0.0, atol=1e-12)
    cut_out(np.empty(0), 0, 0.0, FS_HZ, beat)
    assert not beat.any()


def test_beats_alike_share_a_shape_and_others_have_their_own() -> None:
    memory = no_shapes()
    narrow, wide = beat_of(0.012), beat_of(0.045, -1.5)
    ids = [shape_of(memory, each) for each in (narrow, wide, narrow, 1.1 * narrow, wide)]
    assert ids == [0, 1, 0, 0, 1]
    assert memory[:2, WEIGHT] == pytest.approx([3.0, 2.0], abs=0.05)
    assert memory[1, WIDTH] > 2.0 * memory[0, WIDTH]


def test_early_beats_are_not_the_normal_ones() -> None:
    memory = no_shapes()
    for _ in range(6):
        shape_of(memory, beat_of(0.045, -1.5), early=0.6)
    for _ in range(4):
        shape_of(memory, beat_of(0.012))
    assert normal_of(memory) == 1


def test_the_weakest_shape_makes_way_and_no_name_comes_twice() -> None:
    memory = no_shapes()
    sizes_mv = [0.01 * 2.5**k for k in range(N_SHAPES + 2)]
    ids = [shape_of(memory, beat_of(0.02, size_mv)) for size_mv in sizes_mv]
    assert ids == list(range(N_SHAPES + 2))
    assert shape_of(memory, beat_of(0.02, sizes_mv[0])) == N_SHAPES + 2
    assert memory.shape[0] == N_ROWS
