"""What is not the heart: wander, mains, muscles, electrodes that move.

Each is a function of time and seed alone. What is drawn is drawn for whole seconds of the grid, by
seed and number of the second, so that no cut of the signal can change it.
"""

import numpy as np

from ecgcore.types import FloatArray
from simulators.heart.chambers import envelope
from simulators.scenario.faults import Mains, Motion, Muscle, Posture, Wander

SignalFault = Wander | Mains | Muscle | Motion | Posture
_TURN = 2 * np.pi
_FADE_S = 0.5
_WANDER_HZ = np.array([0.06, 0.11, 0.19, 0.27, 0.38])
_BUMPS_PER_S = 1.2
_BUMP_REACH_S = 2


def noise_mv(
    fault: SignalFault,
    span_s: tuple[float, float],
    time_s: FloatArray,
    lead: int,
    seed: tuple[int, ...],
) -> FloatArray:
    """Give what a fault adds to a lead, shape (n,).

    Parameters
    ----------
    time_s : FloatArray, shape (n,)
        One whole second of the sample grid.
    lead : int
        Its place; each lead has its own electrodes, so its own noise.
    seed : tuple of int
        Of this fault.
    """
    match fault:
        case Wander(mv=mv):
            added = mv * _wander(time_s, (*seed, lead))
        case Mains(mv=mv, hz=hz):
            added = mv * (np.sin(_TURN * hz * time_s) + 0.2 * np.sin(3 * _TURN * hz * time_s + 1))
        case Muscle(mv=mv):
            added = mv * _generator((*seed, lead), _second(time_s)).standard_normal(time_s.size)
        case Motion(mv=mv):
            added = mv * _bumps(time_s, (*seed, lead))
        case Posture():
            return np.zeros(time_s.size)
    return np.asarray(added * envelope(time_s, *span_s, _FADE_S))


def posture_degrees(fault: Posture, span_s: tuple[float, float], time_s: FloatArray) -> FloatArray:
    """Give how far the heart's axis is turned, shape (n,)."""
    return np.asarray(fault.degrees * envelope(time_s, *span_s, 1.0))


def _generator(seed: tuple[int, ...], second: int) -> np.random.Generator:
    return np.random.default_rng((*seed, second))


def _second(time_s: FloatArray) -> int:
    return int(np.floor(time_s[0] + 1e-9))


def _wander(time_s: FloatArray, seed: tuple[int, ...]) -> FloatArray:
    phase = np.random.default_rng(seed).uniform(0, _TURN, _WANDER_HZ.size)
    waves = np.sin(_TURN * _WANDER_HZ[:, np.newaxis] * time_s + phase[:, np.newaxis])
    return np.asarray(waves.sum(axis=0) / np.sqrt(_WANDER_HZ.size / 2))


def _bumps(time_s: FloatArray, seed: tuple[int, ...]) -> FloatArray:
    total = np.zeros(time_s.size)
    middle = _second(time_s)
    for second in range(max(middle - _BUMP_REACH_S, 0), middle + _BUMP_REACH_S + 1):
        chance = _generator(seed, second)
        for _ in range(int(chance.poisson(_BUMPS_PER_S))):
            at_s, width_s = second + chance.uniform(), chance.uniform(0.05, 0.35)
            height = chance.normal()
            total += height * np.exp(-0.5 * ((time_s - at_s) / width_s) ** 2)
    return total
