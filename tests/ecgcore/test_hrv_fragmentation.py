"""Golden values are those of NeuroKit2 0.3.0 (`hrv_nonlinear`) for `golden_ms(400)`."""

import numpy as np
import pytest
from hypothesis import given

from ecgcore.hrv_fragmentation import fragmentation
from ecgcore.types import FloatArray
from tests.ecgcore.intervals import golden_ms, rows, series, split


def test_golden_values() -> None:
    found = fragmentation(series(golden_ms(400)))
    assert found.frag_pip == pytest.approx(56.0)
    assert found.frag_ials == pytest.approx(0.5583756345177665)


def test_hand_worked_values() -> None:
    # Steps + + + - + - + 0 -: turns at 3, 4, 5, 6 and both sides of 0.
    nn = series([800, 810, 820, 830, 820, 830, 820, 830, 830, 820])
    found = fragmentation(nn)
    assert found.frag_pip == pytest.approx(100.0 * 6 / 10)
    # Lengths 3, 1, 1, 1, 1, 1.
    assert found.frag_ials == pytest.approx(6 / 8)
    assert found.frag_pss == pytest.approx(100.0 * (1 - 3 / 9))
    # The third step up and the four that turn after it.
    assert found.frag_pas == pytest.approx(100.0 * 5 / 9)


def test_nothing_turns_across_lost_samples() -> None:
    found = fragmentation(split([800.0, 810.0, 820.0], [830.0, 820.0, 810.0]))
    assert found.frag_pip == 0.0
    assert found.frag_ials == pytest.approx(2 / 4)


def test_what_alternates_is_wholly_fragmented() -> None:
    found = fragmentation(series([800.0, 820.0] * 50))
    assert (found.frag_pip, found.frag_ials) == pytest.approx((98.0, 1.0))
    assert (found.frag_pss, found.frag_pas) == pytest.approx((100.0, 100.0))


def test_a_ramp_is_whole() -> None:
    found = fragmentation(series(np.arange(800.0, 900.0)))
    assert found == pytest.approx((0.0, 1 / 99, 0.0, 0.0))


def test_a_constant_row_neither_speeds_up_nor_slows_down() -> None:
    found = fragmentation(series([800.0] * 30))
    assert found.frag_pip == 0.0
    assert np.isnan(found.frag_ials)


@given(row=rows())
def test_backwards_is_as_fragmented(row: FloatArray) -> None:
    assert fragmentation(series(row[::-1])) == pytest.approx(fragmentation(series(row)))
