"""Whether limb leads add up as Einthoven and Goldberger say, over the samples themselves.

The representative beat would not tell: a median of each lead by itself keeps no sum of leads.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from ecgcore.average_leads import LIMB
from ecgcore.events import NullReason
from ecgcore.measured import Value
from ecgcore.types import FloatArray


def measure_lead_sums(ecg_mv: FloatArray, leads: Sequence[str]) -> dict[str, Value]:
    """Give every row of the table.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
        NaN where there is no sample.
    """
    found: dict[str, Value] = {}
    for key, (needed, value) in LEAD_SUMS.items():
        if not set(needed) <= set(leads):
            found[key] = NullReason.LEAD_MISSING
            continue
        rows = ecg_mv[[leads.index(lead) for lead in needed]]
        rows = rows[:, np.isfinite(rows).all(axis=0)]
        found[key] = value(rows) if rows.size else NullReason.GAP
    return found


def _einthoven(rows: FloatArray) -> Value:
    in_i, in_ii, in_iii = rows
    size = float(in_ii.std())
    # What is left of numbers that are all alike is rounding.
    is_flat = size <= 1e-9 * float(np.abs(in_ii).max())
    return NullReason.NOT_APPLICABLE if is_flat else float((in_ii - in_i - in_iii).std()) / size


def _goldberger(rows: FloatArray) -> Value:
    return float(rows.sum(axis=0).std())


LEAD_SUMS: Mapping[str, tuple[tuple[str, ...], Callable[[FloatArray], Value]]] = MappingProxyType(
    {
        "einthoven_resid": (LIMB[:3], _einthoven),
        "goldberger_resid": (LIMB[3:], _goldberger),
    }
)
"""Which leads each needs, and how it is measured."""
