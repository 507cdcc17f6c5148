"""A heart that never was, for sample reports: beats by a plan, waves as a vector seen by leads.

Each wave is a Gaussian with a direction in space; a beat of the ventricles has a wide one without
a P wave. What eight leads see of it follows from the transform that the analysis uses the other
way round; the limb leads follow from I and II.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from ecgcore.types import FloatArray
from ecgcore.vector import EIGHT, INVERSE_DOWER

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


class Origin(Enum):
    """Where a beat comes from."""

    SINUS = 0
    ATRIA = 1
    """Fibrillating: no P wave."""
    VENTRICLES = 2


@dataclass(frozen=True, slots=True)
class Wave:
    """A Gaussian: direction times height, place against R, width (sigma)."""

    xyz_mv: tuple[float, float, float]
    """Left, down, back."""
    at_s: float
    width_s: float


_QRST = (
    Wave((-0.05, -0.03, -0.12), -0.030, 0.008),
    Wave((1.05, 0.85, 0.25), 0.0, 0.011),
    Wave((-0.10, -0.22, 0.50), 0.028, 0.011),
    Wave((0.27, 0.24, -0.13), 0.27, 0.045),
)
WAVES = {
    Origin.SINUS: (Wave((0.06, 0.11, -0.02), -0.155, 0.020), *_QRST),
    Origin.ATRIA: _QRST,
    Origin.VENTRICLES: (
        Wave((1.15, -0.75, 0.65), 0.0, 0.032),
        Wave((-0.55, 0.35, -0.25), 0.09, 0.030),
        Wave((-0.45, 0.40, -0.30), 0.32, 0.060),
    ),
}
_REACH_S = (0.40, 0.60)


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat of the plan."""

    at_s: float
    origin: Origin


@dataclass(frozen=True, slots=True)
class Plan:
    """What a heart does; times in seconds from the start."""

    duration_s: float
    rate_bpm: Callable[[float], float]
    seed: int = 1
    variability: float = 0.03
    """Of sinus intervals, as a share; half by breathing, half by chance."""
    ectopic: Sequence[tuple[float, float, int]] = ()
    """Stretches (from, to) where every so-many-th beat is ventricular."""
    fibrillating: Sequence[tuple[float, float]] = ()
    runs: Sequence[tuple[float, int]] = ()
    """Ventricular runs: when, and of how many beats."""
    pauses: Sequence[tuple[float, float]] = ()
    """When, and how long."""
    noise_mv: float = 0.012
    loud: Sequence[tuple[float, float, float]] = ()
    """Stretches (from, to, mV) of more noise."""


@dataclass(slots=True)
class _Clock:
    """Where the plan stands."""

    at_s: float = 0.4
    n: int = 0
    beats: list[Beat] = field(default_factory=list)

    def put(self, origin: Origin, then_s: float) -> None:
        self.beats.append(Beat(self.at_s, origin))
        self.at_s += then_s
        self.n += 1


def beats_of(plan: Plan) -> list[Beat]:
    """Play a plan."""
    chance = np.random.default_rng(plan.seed)
    clock = _Clock()
    runs, pauses = sorted(plan.runs), sorted(plan.pauses)
    while clock.at_s < plan.duration_s - 0.5:
        at = clock.at_s
        rr_s = 60.0 / plan.rate_bpm(at)
        if runs and at >= runs[0][0]:
            for _ in range(runs.pop(0)[1]):
                clock.put(Origin.VENTRICLES, 0.40)
            clock.at_s += 0.3
        elif pauses and at >= pauses[0][0]:
            clock.put(Origin.SINUS, pauses.pop(0)[1])
        elif any(start <= at < end for start, end in plan.fibrillating):
            clock.put(Origin.ATRIA, float(rr_s * chance.uniform(0.62, 1.35)))
        else:
            _sinus(plan, clock, rr_s, chance)
    return clock.beats


def _sinus(plan: Plan, clock: _Clock, rr_s: float, chance: np.random.Generator) -> None:
    breathing = 0.7 * plan.variability * np.sin(2 * np.pi * 0.25 * clock.at_s)
    rr_s *= float(1.0 + breathing + 0.7 * plan.variability * chance.standard_normal())
    every = next((n for a, b, n in plan.ectopic if a <= clock.at_s < b), None)
    if every is not None and clock.n % every == every - 1:
        clock.put(Origin.SINUS, 0.62 * rr_s)
        clock.put(Origin.VENTRICLES, 1.38 * rr_s)
        return
    clock.put(Origin.SINUS, rr_s)


def signal_of(plan: Plan, fs_hz: float, leads: Sequence[str]) -> FloatArray:
    """Give what leads see, shape (n_leads, n_samples), in millivolts; `CHEST` sees what V5 does."""
    xyz_mv = np.zeros((3, round(plan.duration_s * fs_hz)))
    for beat in beats_of(plan):
        first = max(round((beat.at_s - _REACH_S[0]) * fs_hz), 0)
        last = min(round((beat.at_s + _REACH_S[1]) * fs_hz), xyz_mv.shape[1])
        times_s = np.arange(first, last) / fs_hz - beat.at_s
        for wave in WAVES[beat.origin]:
            shape = np.exp(-0.5 * ((times_s - wave.at_s) / wave.width_s) ** 2)
            xyz_mv[:, first:last] += np.array(wave.xyz_mv)[:, np.newaxis] * shape
    made_of = _made_of(leads)
    used = made_of.any(axis=0)
    eight_mv = np.linalg.pinv(INVERSE_DOWER)[used] @ xyz_mv
    # On the eight, so that the limb leads agree with each other as real ones do.
    eight_mv += _noise(plan, fs_hz, *eight_mv.shape)
    return np.asarray(made_of[:, used] @ eight_mv, np.float64)


def _made_of(leads: Sequence[str]) -> FloatArray:
    """Say what each lead is of the eight, shape (n_leads, 8)."""
    rows = dict(zip(EIGHT, np.eye(len(EIGHT)), strict=True))
    rows |= {
        "III": rows["II"] - rows["I"],
        "aVR": -(rows["I"] + rows["II"]) / 2,
        "aVL": rows["I"] - rows["II"] / 2,
        "aVF": rows["II"] - rows["I"] / 2,
        "CHEST": rows["V5"],
    }
    return np.stack([rows[lead] for lead in leads])


def _noise(plan: Plan, fs_hz: float, n_leads: int, n: int) -> FloatArray:
    chance = np.random.default_rng(plan.seed + 1)
    sd_mv = np.full(n, plan.noise_mv)
    for start_s, end_s, more_mv in plan.loud:
        sd_mv[round(start_s * fs_hz) : round(end_s * fs_hz)] = more_mv
    wander = 0.03 * np.sin(2 * np.pi * 0.25 * np.arange(n) / fs_hz)
    return np.asarray(chance.standard_normal((n_leads, n)) * sd_mv + wander, np.float64)


def by_hour(rates_bpm: Sequence[float]) -> Callable[[float], float]:
    """Give a rate that goes evenly from one hour's to the next one's."""
    hours_s = 3600.0 * np.arange(len(rates_bpm))
    return lambda at_s: float(np.interp(at_s, hours_s, rates_bpm))
