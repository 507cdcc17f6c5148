"""Electrodes that seem to be swapped, told by the representative beat in twelve leads.

Arms: P, QRS and T point away from the left arm (I and aVL down) rather than from the right (aVR),
while V6 is upright. Right arm and left leg: they point away from the left leg (II and aVF down).
Right leg and an arm: the two electrodes that then are on the legs see the same, so II (right arm)
or III (left arm) is a flat line. Left arm and left leg swapped make an ECG as somebody else may
have it, and are not told. Chest: neighbours are more alike than leads further apart, so the sum of
the correlations along V1 to V6 grows when two swapped ones are put back; V5 and V6 are mostly too
much alike for that.
"""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from ecgcore import morph_places as m
from ecgcore.average_leads import CHEST
from ecgcore.average_signal import AverageSignal
from ecgcore.average_twelve import over_level
from ecgcore.limits import Factor, Milliseconds, Millivolts, Share
from ecgcore.types import FloatArray
from ecgcore.wave_forms import smoothed

NONE, ARMS, ARM_LEG, LEG_RIGHT, LEG_LEFT, PRECORDIAL = (
    "none",
    "ra_la",
    "ra_ll",
    "rl_ra",
    "rl_la",
    "chest",
)


@dataclass(frozen=True, slots=True)
class LeadReversalConfig:
    """Limits (biomarkers S86; where it names none, our own)."""

    flat_share: Share = 0.12
    """Range of a lead that is a flat line over that of the largest limb lead."""
    flat_mv: Millivolts = 0.12
    """And its range at most."""
    least_p_mv: Millivolts = 0.02
    """A lower P wave has no direction."""
    chest_gain: Factor = 0.15
    """How much the sum of five correlations grows when two chest leads are put back."""
    smooth_ms: Milliseconds = 8.0


@dataclass(frozen=True, slots=True)
class _Signs:
    """Which way the waves of a lead go: 1, -1, or 0 where one has no direction."""

    p: int
    qrs: int
    t: int

    @property
    def is_down(self) -> bool:
        """Whether it points down: P, and not both of the others up; without P, both of them."""
        if self.p == 0:
            return self.qrs < 0 and self.t < 0
        return self.p < 0 and self.qrs + self.t <= 0


def _sign(wave: FloatArray, least: float) -> int:
    high, low = float(wave.max()), -float(wave.min())
    return 0 if max(high, low) < least else 1 if high >= low else -1


def reversal_of(signal: AverageSignal, config: LeadReversalConfig) -> str:
    """Name the electrodes that seem to be swapped.

    The beat has its QRS and the six limb leads; the chest is told where all of its leads are there,
    and a heart on the other side is told from swapped arms where V6 is.
    """
    flat = _flat(signal, config)
    if flat != NONE:
        return flat
    limb = _turned(signal, config)
    if limb != NONE or not set(CHEST) <= set(signal.leads):
        return limb
    return PRECORDIAL if chest_gain(signal, config) >= config.chest_gain else NONE


def _flat(signal: AverageSignal, config: LeadReversalConfig) -> str:
    ranges = {lead: float(np.ptp(over_level(signal, lead))) for lead in ("I", "II", "III")}
    least = min(config.flat_mv, config.flat_share * max(ranges.values()))
    for lead, name in (("II", LEG_RIGHT), ("III", LEG_LEFT)):
        if ranges[lead] <= least:
            return name
    return NONE


def _turned(signal: AverageSignal, config: LeadReversalConfig) -> str:
    """Tell whether the right arm's electrode is not the one that all waves point away from."""
    if "V6" in signal.leads and _signs(signal, "V6", config).qrs <= 0:
        return NONE
    for lead, augmented, name in (("I", "aVL", ARMS), ("II", "aVF", ARM_LEG)):
        other = "aVF" if augmented == "aVL" else "aVL"
        away = _net(signal, augmented)
        is_least = away < min(_net(signal, "aVR"), _net(signal, other))
        if (
            is_least
            and _signs(signal, lead, config).is_down
            and _signs(signal, augmented, config).is_down
        ):
            return name
    return NONE


def _spans(signal: AverageSignal) -> dict[str, tuple[int, int]]:
    points = {"p": (m.P_ON, m.P_OFF), "qrs": (m.QRS_ON, m.QRS_OFF), "t": (m.T_ON, m.T_OFF)}
    return {
        name: (signal.index(on), signal.index(off) + 1)
        for name, (on, off) in points.items()
        if signal.has(on, off) and signal.index(on) < signal.index(off)
    }


def _signs(signal: AverageSignal, lead: str, config: LeadReversalConfig) -> _Signs:
    over_mv, signs = over_level(signal, lead), {"p": 0, "qrs": 0, "t": 0}
    for name, (on, off) in _spans(signal).items():
        wave = over_mv[on:off]
        if name == "qrs":
            signs[name] = int(np.sign(wave.sum()))
            continue
        signs[name] = _sign(wave - (wave[0] if name == "p" else 0.0), config.least_p_mv)
    return _Signs(**signs)


def _net(signal: AverageSignal, lead: str) -> float:
    """Add up the areas of the waves, each over its size in the three augmented leads."""
    total = 0.0
    for on, off in _spans(signal).values():
        areas = {
            each: float((over_level(signal, each)[on:off]).sum()) for each in ("aVR", "aVL", "aVF")
        }
        size = float(np.linalg.norm(list(areas.values())))
        total += areas[lead] / size if size > 0.0 else 0.0
    return total


def chest_gain(signal: AverageSignal, config: LeadReversalConfig) -> float:
    """Give by how much the correlations along V1 to V6 grow when the best two are put back."""
    on = signal.index(m.QRS_ON)
    end = signal.index(m.T_OFF) if signal.has(m.T_OFF) else signal.index(m.QRS_OFF)
    n = max(round(config.smooth_ms * 1e-3 * signal.fs_hz), 1)
    waves = np.array([smoothed(over_level(signal, lead), n)[on : end + 1] for lead in CHEST])
    alike = _correlations(waves)
    order = list(range(len(CHEST)))
    own = _along(alike, order)
    swapped = []
    for first, second in combinations(order, 2):
        other = order.copy()
        other[first], other[second] = second, first
        swapped.append(_along(alike, other))
    return max(swapped) - own


def _correlations(waves: FloatArray) -> FloatArray:
    sizes = np.linalg.norm(waves, axis=1)
    product = np.outer(sizes, sizes)
    found: FloatArray = np.divide(
        waves @ waves.T, product, out=np.zeros_like(product), where=product > 0.0
    )
    return found


def _along(alike: FloatArray, order: list[int]) -> float:
    return float(sum(alike[a, b] for a, b in pairwise(order)))
