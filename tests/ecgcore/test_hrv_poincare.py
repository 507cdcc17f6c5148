"""Golden values are those of NeuroKit2 0.3.0 (`hrv_nonlinear`) for `golden_ms(400)`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.hrv_poincare import asymmetry, poincare
from ecgcore.hrv_time import time_domain
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, rows, series, split


def test_golden_values() -> None:
    found = poincare(series(golden_ms(400)))
    assert found._asdict() == pytest.approx(
        {
            "sd1": 21.25277306536069,
            "sd2": 41.13743954270024,
            "sd1_sd2": 0.5166284849425431,
            "poincare_s": 2746.6462872792945,
            "csi": 1.9356269140119426,
            "cvi": 4.145772844601265,
            "csi_mod": 318.5069406095589,
        },
        rel=1e-9,
    )


def test_golden_values_of_asymmetry() -> None:
    found = asymmetry(series(golden_ms(400)))
    assert found._asdict() == pytest.approx(
        {
            "hra_gi": 49.70096927201485,
            "hra_si": 49.69202997010008,
            "hra_ai": 49.709837321821084,
            "hra_pi": 49.746192893401016,
            "c1d": 0.5025281883263895,
            "c1a": 0.49747181167361076,
            "sd1d": 15.06610225592305,
            "sd1a": 14.990113995161602,
            "c2d": 0.500578474214571,
            "c2a": 0.49942152578542914,
            "sd2d": 29.10538458044318,
            "sd2a": 29.071730608166728,
            "cd": 0.5009892375030155,
            "ca": 0.49901076249698445,
        },
        rel=1e-9,
    )


def test_hand_worked_values() -> None:
    # Steps 60, -30 | 40: points (800, 860), (860, 830) and (700, 740).
    nn = split([800.0, 860.0, 830.0], [700.0, 740.0])
    found = asymmetry(nn)
    assert found.hra_gi == pytest.approx(100.0 * 100.0 / 130.0)
    assert found.hra_pi == pytest.approx(100.0 / 3.0)
    assert found.c1a == pytest.approx(30.0**2 / (60.0**2 + 30.0**2 + 40.0**2))
    assert found.sd1d == pytest.approx(((60.0**2 + 40.0**2) / 2.0 / 2.0) ** 0.5)


@given(row=rows())
def test_sd1_is_sdsd_over_the_root_of_two(row: FloatArray) -> None:
    nn = series(row)
    assert poincare(nn).sd1 == pytest.approx(time_domain(nn).sdsd / 2**0.5)


def test_the_squares_add_up_to_twice_that_of_sdnn_in_the_long_run() -> None:
    nn = series(golden_ms(4000))
    found = poincare(nn)
    assert found.sd1**2 + found.sd2**2 == pytest.approx(2.0 * time_domain(nn).sdnn ** 2, rel=1e-3)


@given(row=rows())
def test_shares_add_up(row: FloatArray) -> None:
    found = asymmetry(series(row))
    for d, a in (("c1d", "c1a"), ("c2d", "c2a"), ("cd", "ca")):
        assert getattr(found, d) + getattr(found, a) == pytest.approx(1.0)


@given(row=rows(least=8))
def test_backwards_decelerations_are_accelerations(row: FloatArray) -> None:
    found, back = asymmetry(series(row)), asymmetry(series(row[::-1]))
    assert back.hra_gi == pytest.approx(100.0 - found.hra_gi)
    assert back.hra_pi == pytest.approx(100.0 - found.hra_pi)
    assert (back.sd1a, back.sd2a) == pytest.approx((found.sd1d, found.sd2d))


@given(row=rows(), factor=st.floats(0.5, 2.0))
def test_scaling(row: FloatArray, factor: float) -> None:
    one, scaled = poincare(series(row)), poincare(series(factor * row))
    assert scaled.sd2 == pytest.approx(factor * one.sd2)
    assert scaled.csi == pytest.approx(one.csi)
    assert scaled.poincare_s == pytest.approx(factor**2 * one.poincare_s)


def test_a_constant_row_has_no_shape() -> None:
    nn = series([800.0] * 30)
    found = poincare(nn)
    assert (found.sd1, found.sd2, found.poincare_s) == (0.0, 0.0, 0.0)
    assert np.isnan([found.sd1_sd2, found.csi, found.cvi, found.csi_mod]).all()
    assert np.isnan([asymmetry(nn).hra_gi, asymmetry(nn).hra_pi, asymmetry(nn).c1d]).all()
