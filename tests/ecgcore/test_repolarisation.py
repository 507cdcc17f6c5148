"""Corrected QT by hand."""

from collections.abc import Callable

import pytest

from ecgcore import repolarisation as qt

FORMULAS = (
    *(qt.bazett_ms, qt.fridericia_ms, qt.framingham_ms),
    *(qt.hodges_ms, qt.rautaharju_ms, qt.dmitrienko_ms, qt.jtp_corrected_ms),
)


@pytest.mark.parametrize("formula", FORMULAS)
def test_at_one_second_nothing_is_corrected(formula: Callable[[float, float], float]) -> None:
    assert formula(400.0, 1.0) == pytest.approx(400.0)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_faster_heart_is_corrected_upward(formula: Callable[[float, float], float]) -> None:
    assert formula(360.0, 0.7) > 360.0 > formula(360.0, 1.3)


def test_values_worked_by_hand() -> None:
    # 0.64 s: the square root is 0.8, the cube root 0.86177, and 60 / 0.64 is 93.75 a minute.
    assert qt.bazett_ms(360.0, 0.64) == pytest.approx(450.0)
    assert qt.fridericia_ms(360.0, 0.64) == pytest.approx(417.74, abs=0.01)
    assert qt.framingham_ms(360.0, 0.64) == pytest.approx(415.44)
    assert qt.hodges_ms(360.0, 0.64) == pytest.approx(419.06, abs=0.01)
    assert qt.rautaharju_ms(360.0, 0.64) == pytest.approx(427.5)
    assert qt.dmitrienko_ms(360.0, 0.64) == pytest.approx(432.86, abs=0.01)
    assert qt.jtp_corrected_ms(200.0, 0.64) == pytest.approx(259.08, abs=0.01)
    # 440 - 0.485 * 160 = 362.4
    assert qt.wide_qrs_ms(440.0, 160.0, 1.0) == pytest.approx(362.4)
