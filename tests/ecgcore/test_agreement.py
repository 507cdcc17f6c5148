"""Agreement of devices and difference of groups, against numbers worked by hand and by scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from ecgcore.agreement import adjusted, algo_agreement, cohort_effect, device_agreement

NAN = float("nan")


def test_algo_agreement_is_ours_less_theirs() -> None:
    assert algo_agreement(162.0, 158.0) == 4.0


def test_device_agreement_by_hand() -> None:
    one = np.array([102.0, 98.0, 111.0, 95.0, NAN])
    reference = np.array([100.0, 100.0, 107.0, 95.0, 90.0])
    found = device_agreement(one, reference)
    assert found is not None
    # Differences 2, -2, 4, 0: mean 1, squares about it 1 + 9 + 9 + 1 over 3.
    sd = (20.0 / 3.0) ** 0.5
    assert found.n == 4
    assert {"device_agreement": found.bias} == {"device_agreement": pytest.approx(1.0)}
    assert (found.low, found.high) == pytest.approx((1.0 - 1.96 * sd, 1.0 + 1.96 * sd))
    assert found.r == pytest.approx(linregress(one[:4], reference[:4]).rvalue)


def test_what_never_changes_has_no_correlation() -> None:
    found = device_agreement(np.full(4, 5.0), np.array([1.0, 2.0, 3.0, 4.0]))
    assert found is not None
    assert found.r is None
    assert device_agreement(np.array([1.0, NAN, 2.0]), np.ones(3)) is None
    with pytest.raises(ValueError, match="2 values beside 3"):
        device_agreement(np.ones(2), np.ones(3))


def test_cohort_effect_by_hand() -> None:
    one, other = np.array([4.0, 5.0, 6.0, NAN]), np.array([1.0, 2.0, 3.0])
    found = cohort_effect(one, other)
    assert found is not None
    # Both groups have variance 1; of nine pairs all have the first one greater.
    assert found.n == (3, 3)
    assert {"cohort_effect": found.d} == {"cohort_effect": pytest.approx(3.0)}
    assert found.auc == 1.0
    # Two of the twenty orders of six values are as far apart.
    assert found.p == pytest.approx(0.1)
    assert cohort_effect(one[:2], other) is None
    flat = cohort_effect(np.ones(4), np.ones(4))
    assert flat is not None
    assert (flat.d, flat.auc) == (None, 0.5)


@given(
    st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=12),
    st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=12),
)
def test_groups_changed_about_turn_the_sign(one: list[float], other: list[float]) -> None:
    there = cohort_effect(np.array(one), np.array(other))
    back = cohort_effect(np.array(other), np.array(one))
    assert there is not None
    assert back is not None
    assert there.auc == pytest.approx(1.0 - back.auc)
    assert there.p == pytest.approx(back.p)
    assert (there.d or 0.0) == pytest.approx(-(back.d or 0.0))


def test_many_biomarkers_are_adjusted_for_their_number() -> None:
    # By hand: p times 4 over its rank, made not to fall.
    assert adjusted(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx(
        [0.04, 0.16 / 3, 0.16 / 3, 0.5]
    )
    assert adjusted(np.empty(0)).size == 0
