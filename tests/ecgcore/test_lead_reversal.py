"""Electrodes swapped on a heart drawn by hand."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from ecgcore.average_leads import CHEST
from ecgcore.events import NullReason
from ecgcore.form_config import FormConfig
from ecgcore.global_forms import global_forms
from ecgcore.lead_reversal import LeadReversalConfig, reversal_of
from ecgcore.person import UNKNOWN
from ecgcore.types import FloatArray
from tests.ecgcore.drawn_beats import NO_P_MS, beat_of, drawn, heart, twelve

Limbs = tuple[FloatArray, FloatArray, FloatArray]
CONFIG = LeadReversalConfig()


def rewired(swap: Callable[[FloatArray, FloatArray, FloatArray], Limbs]) -> dict[str, FloatArray]:
    """Give the leads with other electrodes as right arm, left arm and left leg.

    The right arm's potential is taken for zero; both legs see the same.
    """
    leads = heart()
    right, left, leg = swap(np.zeros(800), leads["I"], leads["II"])
    return twelve({**{k: leads[k] for k in CHEST}, "I": left - right, "II": leg - right})


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (lambda ra, la, ll: (ra, la, ll), "none"),
        (lambda ra, la, ll: (la, ra, ll), "ra_la"),
        (lambda ra, la, ll: (ll, la, ra), "ra_ll"),
        (lambda _, la, ll: (ll, la, ll), "rl_ra"),
        (lambda ra, _, ll: (ra, ll, ll), "rl_la"),
    ],
)
def test_swapped_limbs(
    swap: Callable[[FloatArray, FloatArray, FloatArray], Limbs], said: str
) -> None:
    leads = rewired(swap)
    found = {"lead_reversal": reversal_of(beat_of(leads), CONFIG)}
    assert found["lead_reversal"] == said
    assert reversal_of(beat_of(leads, NO_P_MS), CONFIG) == said
    limbs = {lead: wave for lead, wave in leads.items() if lead not in CHEST}
    assert reversal_of(beat_of(limbs), CONFIG) == said
    assert global_forms(beat_of(leads), UNKNOWN, FormConfig())["lead_reversal"] == said


def test_a_heart_on_the_other_side_is_no_swap() -> None:
    leads = rewired(lambda ra, la, ll: (la, ra, ll))
    turned = {**leads, "V6": -leads["V6"], "V5": -leads["V5"], "V4": -leads["V4"]}
    assert reversal_of(beat_of(turned), CONFIG) != "ra_la"


@pytest.mark.parametrize(("one", "other"), list(combinations(CHEST, 2)))
def test_swapped_chest_leads(one: str, other: str) -> None:
    # From a wave down to one up, bit by bit, with the second half of the QRS ahead of the first.
    first, last = drawn([(260, 280, 300, 1.0)]), drawn([(300, 320, 340, 1.0)])
    turns = np.linspace(-0.9, 0.9, 6) * np.pi
    leads = heart()
    for lead, turn in zip(CHEST, turns, strict=True):
        leads[lead] = np.cos(turn / 2) * first + np.sin(turn / 2) * last
    assert reversal_of(beat_of(leads), CONFIG) == "none"
    leads[one], leads[other] = leads[other], leads[one]
    assert reversal_of(beat_of(leads), CONFIG) == "chest"


def test_limbs_are_needed() -> None:
    chest = {lead: wave for lead, wave in heart().items() if lead in CHEST}
    said = global_forms(beat_of(chest), UNKNOWN, FormConfig())["lead_reversal"]
    assert said is NullReason.LEAD_MISSING
