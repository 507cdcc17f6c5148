"""How alike the leads of the representative beat are, and what the row of chest leads shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgcore.average_leads import CHEST, TWELVE, r_mv, with_leads
from ecgcore.average_signal import AverageSignal, Measure, both, over
from ecgcore.events import NullReason
from ecgcore.limits import Count
from ecgcore.measured import Said
from ecgcore.types import FloatArray

LEAD_NUMBERS: Mapping[str, int] = MappingProxyType(
    dict(zip(TWELVE, (1, 2, 61, 62, 63, 64, *range(3, 9)), strict=True))
)
"""Of ISO/IEEE 11073-10101."""


@dataclass(frozen=True, slots=True)
class LeadLikenessConfig:
    """Which leads are of a patch."""

    patch_leads: tuple[str, ...] = ("CHEST", "PATCH")
    """Names, in capitals."""
    least_leads: Count = 2
    """Of the twelve, that a patch is compared with."""


def correlations(rows: FloatArray) -> FloatArray:
    """Give the correlation of each two rows, shape (n, n); NaN where one is flat."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred, axis=1)
    products, sizes = centred @ centred.T, np.outer(size, size)
    is_flat = sizes <= 0.0
    found = np.clip(products / np.where(is_flat, 1.0, sizes), -1.0, 1.0)
    return np.where(is_flat, np.nan, found)


def lead_matrix(signal: AverageSignal) -> Said:
    """Give the correlations of the leads with each other, row by row in the recording's order."""
    if len(signal.leads) < 2:
        return NullReason.LEAD_MISSING
    return tuple(correlations(signal.beat.ecg_mv).ravel().tolist())


def patch_leads(signal: AverageSignal, config: LeadLikenessConfig) -> tuple[str, ...]:
    """Give the leads that are of a patch."""
    return tuple(lead for lead in signal.leads if lead.upper() in config.patch_leads)


def patch_beside(signal: AverageSignal, patch: str, config: LeadLikenessConfig) -> Said:
    """Give the number of the lead a patch is most like, the correlation, and the gain over it."""
    others = [lead for lead in signal.leads if lead in TWELVE]
    if len(others) < config.least_leads:
        return NullReason.LEAD_MISSING
    rows = signal.beat.ecg_mv[[signal.leads.index(lead) for lead in (patch, *others)]]
    found = correlations(rows)[0, 1:]
    if not np.isfinite(found).any():
        return NullReason.NOT_APPLICABLE
    at = int(np.nanargmax(np.abs(found)))
    gain = float(found[at] * np.std(rows[0]) / np.std(rows[1 + at]))
    return float(LEAD_NUMBERS[others[at]]), float(found[at]), gain


def _r_over_s(lead: str) -> Measure:
    return lambda signal: both(signal.figure(lead, "r_amp"), signal.figure(lead, "s_amp"), over)


def _is_reversed(signal: AverageSignal) -> float:
    return float((np.diff([r_mv(signal, lead) for lead in CHEST[:4]]) < 0.0).any())


LEADS_BESIDE: Mapping[str, Measure] = MappingProxyType(
    {
        **{f"rs_{lead.lower()}": with_leads((lead,), _r_over_s(lead)) for lead in CHEST},
        "reverse_prog": with_leads(CHEST[:4], _is_reversed),
        "st_reciprocal": with_leads(
            ("III", "aVL"),
            lambda s: both(s.figure("III", "st_j0"), s.figure("aVL", "st_j0"), float.__sub__),
        ),
    }
)
"""Over several leads, by name."""
