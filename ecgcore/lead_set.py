"""What a set of leads can bear: how sure a statement may be, and what has to be said beside it."""

from collections.abc import Sequence
from enum import StrEnum

from ecgcore.report import Certainty, Localised, Statement
from ecgcore.vector import EIGHT


class LeadSet(StrEnum):
    """Sets of leads by what can be read from them."""

    PATCH = "patch"
    """One bipolar lead on the chest."""
    SINGLE = "single"
    PARTIAL = "partial"
    """Several, but not those that all twelve follow from."""
    TWELVE = "twelve"
    """I, II and V1 to V6 at least."""


PATCH_LEAD = "CHEST"

_NEEDS_TWELVE = frozenset(
    {
        *("lad", "rad", "superior", "indeterminate", "low_voltage", "poor_r_prog"),
        *("lae", "rae", "lvh", "lvh_voltage", "rvh"),
        *("lbbb", "rbbb", "irbbb", "ilbbb", "lafb", "lpfb"),
        *("st_dev", "t_abn", "ste_udmi", "std_udmi", "twi_udmi", "q_mi", "sgarbossa"),
        *("early_repol", "ste_posterior", "pericarditis", "brugada1", "wellens", "de_winter"),
    }
)
"""Statements about side, axis, voltage, chambers, ST and infarction (report rules, section 4)."""

_OF_SET = {
    LeadSet.PATCH: Localised(
        en="From a single patch lead; not a medical device.",
        zh="来自单导联贴片；本产品不是医疗器械。",
    ),
    LeadSet.SINGLE: Localised(
        en="From a single lead; a 12-lead ECG shows more. Not a medical device.",
        zh="来自单导联；12导联心电图可提供更多信息。本产品不是医疗器械。",
    ),
    LeadSet.PARTIAL: Localised(
        en="From fewer leads than a 12-lead ECG has. Not a medical device.",
        zh="导联数少于12导联心电图。本产品不是医疗器械。",
    ),
    LeadSet.TWELVE: Localised(en="Not a medical device.", zh="本产品不是医疗器械。"),
}


def lead_set_of(leads: Sequence[str]) -> LeadSet:
    """Name the set that leads make."""
    if len(leads) == 1:
        return LeadSet.PATCH if leads[0] == PATCH_LEAD else LeadSet.SINGLE
    return LeadSet.TWELVE if set(EIGHT) <= set(leads) else LeadSet.PARTIAL


def disclaimers_of(leads: Sequence[str]) -> tuple[Localised, ...]:
    """Say what a report from these leads is not."""
    automatic = Localised(
        en="Automatic, unconfirmed, not a diagnosis.", zh="自动生成，未经确认，不构成诊断。"
    )
    return automatic, _OF_SET[lead_set_of(leads)]


def as_sure_as_leads_allow(statement: Statement, leads: Sequence[str]) -> Statement:
    """Take certainty back that fewer leads than eight cannot bear."""
    is_bold = statement.id in _NEEDS_TWELVE and statement.certainty is not Certainty.CONSIDER
    if lead_set_of(leads) is LeadSet.TWELVE or not is_bold:
        return statement
    return statement.model_copy(update={"certainty": Certainty.CONSIDER})
