"""Limb leads that add up, and some that do not."""

import math

import numpy as np
import pytest

from ecgcore.events import NullReason
from ecgcore.lead_sums import measure_lead_sums
from ecgcore.types import FloatArray

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF")
RANDOM = np.random.default_rng(7)


def six(in_i: FloatArray, in_ii: FloatArray) -> FloatArray:
    return np.array(
        [in_i, in_ii, in_ii - in_i, -(in_i + in_ii) / 2, in_i - in_ii / 2, in_ii - in_i / 2]
    )


SIX_MV = six(*RANDOM.normal(size=(2, 1000)))


def test_leads_of_one_body_add_up_whatever_their_level() -> None:
    found = measure_lead_sums(SIX_MV + np.arange(6.0)[:, np.newaxis], LEADS)
    assert found == pytest.approx({"einthoven_resid": 0.0, "goldberger_resid": 0.0}, abs=1e-12)


def test_leads_that_contradict_each_other_show() -> None:
    wrong = SIX_MV.copy()
    wrong[LEADS.index("III")] *= -1.0
    wrong[LEADS.index("aVR")] *= -1.0
    sd = SIX_MV.std(axis=1)
    drawn = {
        "einthoven_resid": 2.0 * sd[LEADS.index("III")] / sd[LEADS.index("II")],
        "goldberger_resid": 2.0 * sd[LEADS.index("aVR")],
    }
    assert measure_lead_sums(wrong, LEADS) == pytest.approx(drawn)


def test_missing_samples_leads_and_flat_lines_are_said() -> None:
    holed = SIX_MV.copy()
    holed[2, :400] = math.nan
    assert measure_lead_sums(holed, LEADS)["einthoven_resid"] == pytest.approx(0.0, abs=1e-12)
    holed[:] = math.nan
    assert measure_lead_sums(holed, LEADS)["einthoven_resid"] is NullReason.GAP
    two = measure_lead_sums(SIX_MV[:2], LEADS[:2])
    assert set(two.values()) == {NullReason.LEAD_MISSING}
    flat = measure_lead_sums(np.full((6, 100), 0.3), LEADS)
    assert flat["einthoven_resid"] is NullReason.NOT_APPLICABLE
