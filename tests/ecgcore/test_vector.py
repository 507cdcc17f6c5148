"""Axes and vectors against geometry done by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.vector import (
    INVERSE_DOWER,
    KORS,
    angle_deg,
    azimuth_deg,
    elevation_deg,
    folded_deg,
    frontal_axis_deg,
    loop_area,
    loop_shares,
    xyz_of,
)


@given(axis_deg=st.floats(-179.9, 180.0))
def test_the_axis_of_a_vector_is_its_direction(axis_deg: float) -> None:
    rad = math.radians(axis_deg)
    in_i = math.cos(rad)
    # aVF = (II + III) / 2, and II and III see the vector from 60 and 120 degrees.
    in_ii, in_iii = math.cos(rad - math.pi / 3), math.cos(rad - 2 * math.pi / 3)
    in_avf = 0.5 * (in_ii + in_iii)
    assert frontal_axis_deg(in_i, in_avf) == pytest.approx(axis_deg, abs=1e-6)


def test_no_vector_has_no_direction() -> None:
    assert math.isnan(frontal_axis_deg(0.0, 0.0))
    assert math.isnan(angle_deg(np.zeros(3), np.ones(3)))
    assert math.isnan(elevation_deg(np.zeros(3)))
    assert frontal_axis_deg(-1.0, -0.0) == 180.0


def test_angles_by_hand() -> None:
    x, y, z = np.eye(3)
    assert angle_deg(x, y) == pytest.approx(90.0)
    assert angle_deg(x, -x) == pytest.approx(180.0)
    assert azimuth_deg(z) == pytest.approx(90.0)
    assert azimuth_deg(x) == pytest.approx(0.0)
    assert elevation_deg(y) == pytest.approx(90.0)
    assert folded_deg(170.0, -170.0) == pytest.approx(20.0)
    assert folded_deg(90.0, -90.0) == pytest.approx(180.0)


@pytest.mark.parametrize("matrix", [KORS, INVERSE_DOWER])
def test_a_vector_to_the_left_and_down_stays_one(matrix: np.ndarray) -> None:
    # Of a QRS as most people have it: R grows from V1 to V5, I and II upright.
    eight = np.array([[-0.6, -0.5, 0.2, 0.9, 1.2, 1.0, 0.8, 1.0]]).T
    x, y, _ = xyz_of(eight, matrix)[:, 0]
    assert x > 0.5
    assert y > 0.5


def test_a_flat_loop_has_no_third_share() -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 100)
    loop = np.array([2.0 * np.cos(angle), np.sin(angle), 0.5 * np.sin(angle)])
    shares = loop_shares(loop)
    assert shares[0] > shares[1] > 0.0
    assert shares[2] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("tilt", [0.0, 0.4, 1.3])
def test_the_area_of_a_loop_is_that_in_its_own_plane(tilt: float) -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 2000, endpoint=False)
    flat = np.array([1.5 * np.cos(turn) + 4.0, 0.5 * np.sin(turn), np.zeros(turn.size)])
    rotation = np.array(
        [
            [np.cos(tilt), 0.0, np.sin(tilt)],
            [0.0, 1.0, 0.0],
            [-np.sin(tilt), 0.0, np.cos(tilt)],
        ]
    )
    assert loop_area(rotation @ flat) == pytest.approx(np.pi * 1.5 * 0.5, rel=1e-4)
