"""Two ways to measure the same people, and two groups of people measured the same way."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, mannwhitneyu, pearsonr

from ecgcore.types import FloatArray

AGREEMENT = ("algo_agreement", "device_agreement", "cohort_effect")
"""Keys of the registry that are about two sets of values, not about one recording."""
_LIMIT_SD = 1.96
_LEAST = 3


def algo_agreement(ours: float, theirs: float) -> float:
    """Give our value less the one that a device printed, in the unit of both."""
    return ours - theirs


@dataclass(frozen=True, slots=True)
class DeviceAgreement:
    """How two devices agree on one biomarker (Bland and Altman 1986), in its unit."""

    n: int
    """Pairs in which both have a value."""
    bias: float
    """Mean of one less the reference."""
    low: float
    high: float
    """Limits that 95 % of differences lie between: the bias and 1.96 of their SD (n - 1)."""
    r: float | None
    """Pearson's; None where one of them never changes."""


def device_agreement(one: FloatArray, reference: FloatArray) -> DeviceAgreement | None:
    """Compare pairs of values; None for less than three whole pairs.

    Parameters
    ----------
    one, reference : FloatArray, shape (n,)
        NaN where there is no value.

    Raises
    ------
    ValueError
        If they are not equally long.
    """
    if one.shape != reference.shape:
        msg = f"{one.size} values beside {reference.size}"
        raise ValueError(msg)
    whole = np.isfinite(one) & np.isfinite(reference)
    one, reference = one[whole], reference[whole]
    if one.size < _LEAST:
        return None
    away = one - reference
    bias, reach = float(away.mean()), _LIMIT_SD * float(away.std(ddof=1))
    is_flat = np.ptp(one) == 0.0 or np.ptp(reference) == 0.0
    r = None if is_flat else float(pearsonr(one, reference).statistic)
    return DeviceAgreement(one.size, bias, bias - reach, bias + reach, r)


@dataclass(frozen=True, slots=True)
class CohortEffect:
    """How two groups differ in one biomarker."""

    n: tuple[int, int]
    """People of each that have a value."""
    d: float | None
    """Cohen's: difference of the means over the pooled SD; None without any spread."""
    auc: float
    """Chance that one of the first group has the greater value, ties counted half."""
    p: float
    """Mann-Whitney, two-sided."""


def cohort_effect(one: FloatArray, other: FloatArray) -> CohortEffect | None:
    """Compare two groups, shapes (n,) and (m,); None where one has less than three values."""
    one, other = one[np.isfinite(one)], other[np.isfinite(other)]
    if min(one.size, other.size) < _LEAST:
        return None
    degrees = one.size + other.size - 2
    squares = (one.size - 1) * one.var(ddof=1) + (other.size - 1) * other.var(ddof=1)
    sd = math.sqrt(float(squares) / degrees)
    tested = mannwhitneyu(one, other)
    return CohortEffect(
        n=(one.size, other.size),
        d=float(one.mean() - other.mean()) / sd if sd > 0.0 else None,
        auc=float(tested.statistic) / (one.size * other.size),
        p=float(tested.pvalue),
    )


def adjusted(p: FloatArray) -> FloatArray:
    """Give q for the p of many biomarkers, shape (n,) (Benjamini and Hochberg 1995)."""
    return np.asarray(false_discovery_control(p), float) if p.size else p
