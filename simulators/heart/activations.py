"""When atria and ventricles fire: a rhythm program becomes a row of activations.

One generator a rhythm; each ends where its segment ends. Everything drawn comes from one generator
of random numbers in the order of time, so a program and a seed always give the same row, and the
row may be asked for in any steps.

The intervals of a sinus rhythm follow McSharry et al. (IEEE Trans Biomed Eng 50:289, 2003): a band
at 0.1 Hz (Mayer waves) and one at the breathing rate, as a sum of cosines with drawn phases. Those
of atrial fibrillation are independent and log-normal, as the node is hit at random.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from simulators.scenario.rhythms import (
    AtrialFibrillation,
    AtrialFlutter,
    AvBlock,
    Bradycardia,
    Ectopy,
    Rhythm,
    Sinus,
    Tachycardia,
    VentricularTachycardia,
    segments_of,
)

_PR_S = 0.16
_SHORTEST_RR_S = 0.24
_FIRST_S = 0.3
"""From the start of a segment to its first beat."""
_LF_HZ, _BAND_SD_HZ = 0.1, 0.01
_LINES = np.linspace(-3.0, 3.0, 15)
_PVC_COUPLING, _PAC_COUPLING = 0.58, 0.62
_RUN_RR_S = 0.36
_WENCKEBACH_PR_S = (0.18, 0.25, 0.30)
_Sinus: TypeAlias = Sinus | Bradycardia | Tachycardia
_PERIOD = {"bigeminy": 2, "trigeminy": 3}


class What(Enum):
    """What fires."""

    ATRIA = "P"
    NORMAL = "N"
    """Ventricles, by the usual way: narrow."""
    VENTRICULAR = "V"
    """Ventricles, from a focus of their own: wide."""
    SUPRAVENTRICULAR = "S"
    """Ventricles by the usual way, early."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One wave of depolarisation."""

    time_s: float
    """Of the top of the R wave, or of the P wave."""
    what: What
    rr_s: float = 0.8
    """Interval that repolarisation is fitted to."""

    @property
    def is_beat(self) -> bool:
        """Whether the ventricles fire."""
        return self.what is not What.ATRIA


class _Intervals:
    """Intervals of a sinus rhythm as a function of time."""

    def __init__(self, rhythm: _Sinus, chance: np.random.Generator) -> None:
        self.mean_s = 60 / rhythm.bpm
        self._hz = np.concatenate(
            [_LF_HZ + _BAND_SD_HZ * _LINES, rhythm.breathing_hz + _BAND_SD_HZ * _LINES]
        )
        share = np.exp(-0.5 * _LINES**2) / np.exp(-0.5 * _LINES**2).sum()
        # Twice as much with breathing as with Mayer waves.
        power = np.concatenate([share / 3, share * 2 / 3])
        self._amplitude_s = rhythm.rr_sd_ms / 1000 * np.sqrt(2 * power)
        self._phase = chance.uniform(0, 2 * np.pi, self._hz.size)

    def at(self, time_s: float) -> float:
        """Give the interval after a beat."""
        angle = 2 * np.pi * self._hz * time_s + self._phase
        return max(self.mean_s + float(self._amplitude_s @ np.cos(angle)), _SHORTEST_RR_S)


def activations(
    program: tuple[Rhythm, ...], ectopy: tuple[Ectopy, ...], seed: tuple[int, ...]
) -> Iterator[Activation]:
    """Give all activations in the order of time, without end unless the program ends in silence."""
    chance = np.random.default_rng(seed)
    for start_s, end_s, rhythm in segments_of(program):
        yield from _of(rhythm, ectopy, start_s, end_s, chance)


def _of(
    rhythm: Rhythm,
    ectopy: tuple[Ectopy, ...],
    start_s: float,
    end_s: float,
    chance: np.random.Generator,
) -> Iterator[Activation]:
    match rhythm:
        case Sinus() | Bradycardia() | Tachycardia():
            fired = _sinus(rhythm, ectopy, start_s, chance)
        case AtrialFibrillation():
            fired = _fibrillating(rhythm, start_s, chance)
        case AtrialFlutter():
            step_s = 60 / rhythm.atrial_bpm * rhythm.conducts
            fired = _steady(What.NORMAL, step_s, start_s)
        case VentricularTachycardia():
            fired = _steady(What.VENTRICULAR, 60 / rhythm.bpm, start_s)
        case AvBlock():
            fired = _blocked(rhythm, start_s)
        case _:
            return
    for activation in fired:
        if activation.time_s >= end_s:
            return
        yield activation


def _steady(what: What, step_s: float, start_s: float) -> Iterator[Activation]:
    number = 0
    while True:
        yield Activation(start_s + _FIRST_S + number * step_s, what, step_s)
        number += 1


def _fibrillating(
    rhythm: AtrialFibrillation, start_s: float, chance: np.random.Generator
) -> Iterator[Activation]:
    mean_s = 60 / rhythm.bpm
    sigma = float(np.sqrt(np.log1p(rhythm.rr_cv**2)))
    at_s = start_s + _FIRST_S
    while True:
        rr_s = max(mean_s * float(chance.lognormal(-0.5 * sigma**2, sigma)), _SHORTEST_RR_S)
        yield Activation(at_s, What.NORMAL, rr_s)
        at_s += rr_s


def _blocked(rhythm: AvBlock, start_s: float) -> Iterator[Activation]:
    pp_s = 60 / rhythm.bpm
    if rhythm.degree == "third":
        yield from _merged(
            _steady(What.ATRIA, pp_s, start_s),
            _steady(What.NORMAL, 60 / rhythm.escape_bpm, start_s),
        )
        return
    pr_s: tuple[float | None, ...] = {
        "first": (rhythm.pr_ms / 1000,),
        "wenckebach": (*_WENCKEBACH_PR_S, None),
        "two_to_one": (_PR_S, None),
    }[rhythm.degree]
    for number, p_wave in enumerate(_steady(What.ATRIA, pp_s, start_s)):
        yield p_wave
        delay_s = pr_s[number % len(pr_s)]
        if delay_s is not None:
            yield Activation(p_wave.time_s + delay_s, What.NORMAL, pp_s)


def _merged(first: Iterator[Activation], second: Iterator[Activation]) -> Iterator[Activation]:
    a, b = next(first), next(second)
    while True:
        if a.time_s <= b.time_s:
            yield a
            a = next(first)
        else:
            yield b
            b = next(second)


def _sinus(
    rhythm: _Sinus,
    ectopy: tuple[Ectopy, ...],
    start_s: float,
    chance: np.random.Generator,
) -> Iterator[Activation]:
    intervals = _Intervals(rhythm, chance)
    at_s, number = start_s + _FIRST_S, 0
    while True:
        rr_s = intervals.at(at_s)
        yield Activation(at_s - _PR_S, What.ATRIA)
        yield Activation(at_s, What.NORMAL, rr_s)
        number += 1
        early = _early(ectopy, at_s, rr_s, number, chance)
        if early is None:
            at_s += rr_s
            continue
        fired, at_s = _ectopic(early, at_s, rr_s)
        yield from fired


def _early(
    ectopy: tuple[Ectopy, ...], at_s: float, rr_s: float, number: int, chance: np.random.Generator
) -> Ectopy | None:
    for each in ectopy:
        if not each.at <= at_s < each.at + (each.duration_s or float("inf")):
            continue
        if period := _PERIOD.get(each.pattern):
            # Between two ectopic beats lie one less sinus beats than the pattern's name says.
            if number % (period - 1) == 0:
                return each
        elif chance.random() < each.per_hour * rr_s / 3600:
            return each
    return None


def _ectopic(ectopy: Ectopy, at_s: float, rr_s: float) -> tuple[list[Activation], float]:
    """Give what fires early after the beat at `at_s`, and when the sinus node is next."""
    n_beats = {"couplet": 2, "run": ectopy.beats}.get(ectopy.pattern, 1)
    if ectopy.kind == "pvc":
        first_s = at_s + _PVC_COUPLING * rr_s
        fired = [
            Activation(first_s + k * _RUN_RR_S, What.VENTRICULAR, _RUN_RR_S) for k in range(n_beats)
        ]
        # The node is not reset: its next beat finds refractory tissue, the one after comes in time.
        beats_over = int(np.ceil((fired[-1].time_s + max(0.3 * rr_s, _PR_S) - at_s) / rr_s))
        return fired, at_s + max(beats_over, 2) * rr_s
    fired = []
    for k in range(n_beats):
        time_s = at_s + _PAC_COUPLING * rr_s + k * _RUN_RR_S
        fired += [
            Activation(time_s - 0.12, What.ATRIA),
            Activation(time_s, What.SUPRAVENTRICULAR, _RUN_RR_S if n_beats > 1 else 0.7 * rr_s),
        ]
    # The node is reset by what comes from the atria.
    return fired, fired[-1].time_s + 1.05 * rr_s


class Row:
    """The activations so far asked for, kept as long as the heart lives.

    A day of them is a hundred thousand: ten megabytes.
    """

    def __init__(self, fired: Iterator[Activation]) -> None:
        self._fired = fired
        self._kept: list[Activation] = []
        self._times_s: list[float] = []
        self._is_ended = False

    def between(self, start_s: float, end_s: float) -> list[Activation]:
        """Give the activations in [start_s, end_s)."""
        while not self._is_ended and (not self._times_s or self._times_s[-1] < end_s):
            activation = next(self._fired, None)
            if activation is None:
                self._is_ended = True
            else:
                self._kept.append(activation)
                self._times_s.append(activation.time_s)
        first = bisect_right(self._times_s, np.nextafter(start_s, -np.inf))
        last = bisect_right(self._times_s, np.nextafter(end_s, -np.inf))
        return self._kept[first:last]
