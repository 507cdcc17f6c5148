"""Hermite functions, and what they tell of a QRS."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hermite import N_FUNCTIONS, HermiteConfig, coefficients, functions

CONFIG = HermiteConfig()
FS_HZ = 500.0


def test_the_functions_are_orthonormal() -> None:
    found = functions(np.arange(-200.0, 201.0), 12.0)
    assert found @ found.T == pytest.approx(np.eye(N_FUNCTIONS), abs=1e-9)


@pytest.mark.parametrize("k", range(N_FUNCTIONS))
def test_each_function_is_told_by_its_own_coefficient(k: int) -> None:
    width_ms = float(np.geomspace(CONFIG.narrowest_ms, CONFIG.widest_ms, CONFIG.n_widths)[15])
    qrs = -0.7 * functions(np.arange(-60.0, 61.0), width_ms * 1e-3 * FS_HZ)[k]
    found = coefficients(qrs, FS_HZ, CONFIG)
    assert found is not None
    assert found == pytest.approx(-np.eye(N_FUNCTIONS)[k], abs=1e-6)


@pytest.mark.parametrize(
    "expected",
    [
        {"hermite_1": 0.8, "hermite_3": -0.48, "hermite_5": 0.36},
        {"hermite_2": 0.6, "hermite_4": 0.64, "hermite_6": -0.48},
    ],
)
def test_a_sum_of_functions_gives_its_parts(expected: dict[str, float]) -> None:
    # All even or all odd: so the centre of the energy is where the functions are laid.
    own = np.array([expected.get(f"hermite_{k + 1}", 0.0) for k in range(N_FUNCTIONS)])
    width_ms = float(np.geomspace(CONFIG.narrowest_ms, CONFIG.widest_ms, CONFIG.n_widths)[18])
    qrs = 2.0 * own @ functions(np.arange(-90.0, 91.0), width_ms * 1e-3 * FS_HZ)
    assert coefficients(qrs, FS_HZ, CONFIG) == pytest.approx(own, abs=1e-6)


@given(st.floats(0.1, 5.0), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_size_and_place_change_nothing(gain: float, n_before: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    qrs = np.cumsum(rng.normal(size=50))
    one = coefficients(qrs, FS_HZ, CONFIG)
    other = coefficients(np.r_[np.zeros(n_before), gain * qrs], FS_HZ, CONFIG)
    assert one is not None
    assert other is not None
    assert other == pytest.approx(one, abs=1e-9)
    assert float(one @ one) <= 1.0 + 1e-9


def test_a_line_has_no_shape() -> None:
    assert coefficients(np.zeros(40), FS_HZ, CONFIG) is None
