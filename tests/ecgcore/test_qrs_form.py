"""QRS complexes in letters, and their fragments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.qrs_form import QrsFormConfig, deflections, n_notches, pattern_of, polarity_of
from ecgcore.types import FloatArray

FS_HZ = 1000.0
CONFIG = QrsFormConfig()


def row_of(*heights_mv: float, ms: int = 20) -> FloatArray:
    """Give half sines one after the other."""
    half = np.sin(np.pi * (np.arange(ms) + 0.5) / ms)
    return np.concatenate([height * half for height in heights_mv])


@pytest.mark.parametrize(
    ("heights_mv", "said"),
    [
        ((-0.1, 1.0, -0.3), "qRs"),
        ((0.2, -1.0), "rS"),
        ((-0.8,), "QS"),
        ((0.1, -0.2, 0.4), "rsR'"),
        ((0.3, -0.6, 0.1), "rSr'"),
        ((0.3, -0.6, 0.1, -0.2), "rSr's'"),
        ((0.6, -0.7), "RS"),
        ((-0.6, 0.2), "Qr"),
        ((-0.2, 0.6), "qR"),
        ((0.3,), "R"),
        # Too low to be a wave: what stands on either side of it is one.
        ((0.3, -0.04, 0.4), "R"),
        ((0.04,), ""),
        ((-0.04, 0.3, -0.2), "Rs"),
    ],
)
def test_letters(heights_mv: tuple[float, ...], said: str) -> None:
    found = {"qrs_pattern": pattern_of(deflections(row_of(*heights_mv), FS_HZ), CONFIG)}
    assert found["qrs_pattern"] == said


def test_a_deflection_is_8_ms_long() -> None:
    short = np.concatenate([row_of(-0.3, ms=7), row_of(1.0)])
    assert pattern_of(deflections(short, FS_HZ), CONFIG) == "R"
    long = np.concatenate([row_of(-0.3, ms=8), row_of(1.0)])
    assert pattern_of(deflections(long, FS_HZ), CONFIG) == "qR"


def test_st_that_has_moved_is_no_wave() -> None:
    raised = np.concatenate([row_of(0.2, -1.0), np.linspace(0.0, 0.2, 15)])
    assert pattern_of(deflections(raised, FS_HZ), CONFIG) == "rS"
    back = np.concatenate([row_of(0.2, -1.0), row_of(0.3)])
    assert pattern_of(deflections(back, FS_HZ), CONFIG) == "rSr'"


@given(st.lists(st.floats(0.06, 2.0), min_size=1, max_size=6), st.booleans(), st.floats(1.0, 2.0))
def test_letters_go_by_sides_and_turn_with_them(
    sizes: list[float], is_up: bool, gain: float
) -> None:
    heights = [size * (1 if (k % 2 == 0) is is_up else -1) for k, size in enumerate(sizes)]
    qrs = row_of(*heights)
    said = pattern_of(deflections(qrs, FS_HZ), CONFIG)
    n_letters = len(said.replace("'", ""))
    assert n_letters == len(sizes) + (said == "QS")
    assert said.lower() == pattern_of(deflections(gain * qrs, FS_HZ), CONFIG).lower()
    found = {"qrs_polarity": polarity_of(qrs)}
    assert found["qrs_polarity"] == ("positive" if qrs.max() >= -qrs.min() else "negative")


@pytest.mark.parametrize(("n", "depth_mv"), [(0, 0.1), (1, 0.1), (3, 0.1), (3, 0.02)])
def test_notches_are_counted(n: int, depth_mv: float) -> None:
    at = np.arange(120.0)
    wave = np.interp(at, [0.0, 20.0, 100.0, 119.0], [0.0, 1.0, 1.0, 0.0])
    for k in range(n):
        wave -= depth_mv * np.exp(-0.5 * ((at - 40 - 15 * k) / 2.0) ** 2)
    assert n_notches(wave, 0.04) == (n if depth_mv > 0.05 else 0)
