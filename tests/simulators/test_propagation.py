import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.propagation import PathLoss

HOUSE = PathLoss()


@pytest.mark.parametrize(
    ("distance_m", "level_dbm"), [(1, -59.0), (10, -84.0), (100, -109.0), (0.1, -34.0), (0, -34.0)]
)
def test_level_falls_by_25_db_a_decade(distance_m: float, level_dbm: float) -> None:
    assert HOUSE.level_dbm(distance_m) == pytest.approx(level_dbm)


@given(nearer=st.floats(0, 1000), farther=st.floats(0, 1000))
def test_farther_is_never_better(nearer: float, farther: float) -> None:
    nearer, farther = sorted((nearer, farther))
    assert HOUSE.level_dbm(nearer) >= HOUSE.level_dbm(farther)
    losses = [HOUSE.packet_loss(HOUSE.level_dbm(distance_m)) for distance_m in (nearer, farther)]
    assert 0 <= losses[0] <= losses[1] <= 1


def test_half_is_lost_at_the_sensitivity_none_near_and_all_far() -> None:
    assert HOUSE.packet_loss(HOUSE.sensitivity_dbm) == pytest.approx(0.5)
    assert HOUSE.packet_loss(HOUSE.level_dbm(3)) == 0
    assert HOUSE.packet_loss(HOUSE.level_dbm(300)) == 1
