"""The rate in steps of five minutes: sums that can be added up over days, and what they tell."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ecgcore.average_signal import both
from ecgcore.events import NullReason
from ecgcore.limits import Count, Hour, Seconds, Share
from ecgcore.measured import Value
from ecgcore.occasion import DAY_S
from ecgcore.types import FloatArray


class RateStep(NamedTuple):
    """Intervals that ended in one step."""

    n: int
    us: int
    """Their sum; whole microseconds, so that no order of adding changes it."""

    @property
    def bpm(self) -> float:
        """Mean rate."""
        return 60e6 * self.n / self.us


@dataclass(frozen=True, slots=True)
class ProfileConfig:
    """Steps and hours."""

    step_s: Seconds = 300.0
    least_share: Share = 0.5
    """Of a step's time that intervals must cover for its rate to count."""
    day_h: tuple[Hour, Hour] = (6.0, 22.0)
    """Local hours of the day; the rest is night."""
    rest_h: tuple[Hour, Hour] = (4.0, 6.0)
    """Where the resting rate is looked for if no sleep was told."""
    least_cover: Share = 0.5
    """Share of the steps of a day, or of a night, that must count."""
    least_hours: Count = 18
    """Hours of the clock that a 24-h cosine rests on at least."""


@dataclass(slots=True)
class ProfileState:
    """The steps that have an interval; 288 for each day."""

    steps: dict[int, RateStep] = field(default_factory=dict)
    """By number from the origin."""


class RateProfile:
    """Rate step by step, from an origin that all parts share.

    ``a + b`` adds step by step: parts may come in any order, and an interval counts in the step it
    ends in, so a border carries nothing.
    """

    def __init__(self, config: ProfileConfig, state: ProfileState | None = None) -> None:
        self.state = state or ProfileState()
        self.config = config

    def push(self, at_s: float, rr_us: int) -> None:
        """Take an interval that ended so many seconds after the origin."""
        number = math.floor(at_s / self.config.step_s)
        step = self.state.steps.get(number, RateStep(0, 0))
        self.state.steps[number] = RateStep(step.n + 1, step.us + rr_us)

    def __add__(self, other: "RateProfile") -> "RateProfile":
        """Give the profile of both.

        Raises
        ------
        ValueError
            If their steps or hours differ.
        """
        if self.config != other.config:
            msg = "profiles of other steps or hours cannot be added"
            raise ValueError(msg)
        steps = dict(self.state.steps)
        for number, step in other.state.steps.items():
            mine = steps.get(number, RateStep(0, 0))
            steps[number] = RateStep(mine.n + step.n, mine.us + step.us)
        return RateProfile(self.config, ProfileState(dict(sorted(steps.items()))))

    def known(self) -> dict[int, RateStep]:
        """Give the steps that intervals cover well enough."""
        least_us = 1e6 * self.config.least_share * self.config.step_s
        return {at: step for at, step in self.state.steps.items() if step.us >= least_us}

    def hour_of(self, number: int) -> float:
        """Give the hour of the clock at the middle of a step, its origin taken for midnight."""
        return ((number + 0.5) * self.config.step_s % DAY_S) / 3600.0


class Cosinor(NamedTuple):
    """A cosine of 24 hours fitted to the rate."""

    mesor_bpm: float
    amplitude_bpm: float
    peak_h: float
    """Hours after the origin, 0 to 24."""


def mean_bpm(profile: RateProfile, is_in: Callable[[float], bool]) -> Value:
    """Give the mean rate over the hours that `is_in` tells, if enough of them are known."""
    config = profile.config
    inside = [step for at, step in profile.known().items() if is_in(profile.hour_of(at))]
    n_day = round(DAY_S / config.step_s)
    n_all = sum(is_in(profile.hour_of(number)) for number in range(n_day))
    if len(inside) < config.least_cover * n_all:
        return NullReason.TOO_SHORT
    return 60e6 * sum(step.n for step in inside) / sum(step.us for step in inside)


def day_bpm(profile: RateProfile) -> Value:
    """Give the mean rate by day; the origin is local midnight."""
    return mean_bpm(profile, lambda hour: _is_between(hour, profile.config.day_h))


def night_bpm(profile: RateProfile) -> Value:
    """Give the mean rate by night."""
    return mean_bpm(profile, lambda hour: not _is_between(hour, profile.config.day_h))


def dip_pct(profile: RateProfile) -> Value:
    """Give how much lower the rate is by night, as a share of that by day."""
    day, night = day_bpm(profile), night_bpm(profile)
    return both(day, night, lambda by_day, by_night: 100.0 * (by_day - by_night) / by_day)


def resting_bpm(
    profile: RateProfile, sleep_s: tuple[tuple[float, float], ...] | None = None
) -> Value:
    """Give the lowest rate of a step in sleep or, where none was told, in the hours of rest.

    Parameters
    ----------
    sleep_s : tuple of (start, end), optional
        Seconds from the origin; only steps wholly inside count.
    """
    step_s, rest_h = profile.config.step_s, profile.config.rest_h
    if sleep_s:
        found = [
            step.bpm
            for at, step in profile.known().items()
            if any(a <= at * step_s and (at + 1) * step_s <= b for a, b in sleep_s)
        ]
    else:
        found = [
            step.bpm
            for at, step in profile.known().items()
            if _is_between(profile.hour_of(at), rest_h)
        ]
    return min(found) if found else NullReason.TOO_SHORT


def cosinor(profile: RateProfile) -> Cosinor | NullReason:
    """Fit ``mesor + amplitude cos(2 pi (t - peak) / 24 h)`` to the rate, by least squares."""
    known = profile.known()
    hours = np.array([profile.hour_of(at) for at in known])
    if len({int(hour) for hour in hours}) < profile.config.least_hours:
        return NullReason.TOO_SHORT
    bpm: FloatArray = np.array([step.bpm for step in known.values()])
    angle = 2.0 * np.pi * hours / 24.0
    columns = np.stack([np.ones(angle.size), np.cos(angle), np.sin(angle)], axis=1)
    (mesor, of_cos, of_sin), *_ = np.linalg.lstsq(columns, bpm, rcond=None)
    peak_h = math.atan2(of_sin, of_cos) * 24.0 / (2.0 * math.pi) % 24.0
    return Cosinor(float(mesor), math.hypot(of_cos, of_sin), peak_h)


def _is_between(hour: float, hours: tuple[float, float]) -> bool:
    return hours[0] <= hour < hours[1]
