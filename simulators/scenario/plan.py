"""A scenario and its seed become a list of what happens when: nothing is left to chance after."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.scenario.durations import clock_text
from simulators.scenario.faults import Fault, Level, Scope
from simulators.scenario.schema import Mixture, Scenario

_SHARED = (Scope.HOST, Scope.UPLINK)
_OUTSIDE = {"kind", "at", "duration_s", "patches"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault of one patch, or of what all share."""

    number: int
    """From 1 in the order of time; with the scenario's seed it fixes every draw inside."""
    patch: int | None
    """From 1; None: shared by all."""
    start_s: float
    end_s: float
    """Never after the end of the scenario."""
    fault: Fault

    @property
    def kind(self) -> str:
        """Which fault."""
        return self.fault.kind

    def is_on(self, at_s: float) -> bool:
        """Tell whether it is in force."""
        return self.start_s <= at_s < self.end_s

    def as_dict(self) -> dict[str, Any]:
        """Give it for JSON."""
        return {
            "number": self.number,
            "kind": self.kind,
            "patch": self.patch,
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            **_parameters(self.fault),
        }

    def __str__(self) -> str:
        """Write one line of a plan."""
        whom = "all" if self.patch is None else f"patch {self.patch}"
        said = " ".join(f"{key}={value}" for key, value in _parameters(self.fault).items())
        span = f"{clock_text(self.start_s)} to {clock_text(self.end_s)}"
        return f"{self.number:4d}  {span}  {whom:<9} {self.kind} {said}".rstrip()


class Timetable:
    """The faults of one patch, by kind; more may be added while time runs."""

    def __init__(self, planned: Iterable[Planned] = ()) -> None:
        self._by_kind: dict[str, list[Planned]] = {}
        for each in planned:
            self.add(each)

    def __iter__(self) -> Iterator[Planned]:
        return (each for kind in self._by_kind.values() for each in kind)

    def add(self, planned: Planned) -> None:
        """Add a fault."""
        self._by_kind.setdefault(planned.kind, []).append(planned)

    def of(self, kind: str) -> Sequence[Planned]:
        """Give the faults of a kind, in the order in which they were added."""
        return self._by_kind.get(kind, ())

    def is_on(self, kind: str, at_s: float) -> bool:
        """Tell whether a fault of a kind is in force."""
        return any(each.is_on(at_s) for each in self._by_kind.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Plan:
    """All that happens in a scenario."""

    scenario: Scenario
    faults: tuple[Planned, ...]
    """In the order of their beginnings."""

    @property
    def seed(self) -> int:
        """Which fixes everything."""
        return self.scenario.seed

    def of_patch(self, number: int) -> Timetable:
        """Give the faults of a patch."""
        return Timetable(each for each in self.faults if each.patch == number)

    def shared(self) -> tuple[Planned, ...]:
        """Give the faults of what all share."""
        return tuple(each for each in self.faults if each.patch is None)

    def left_out(self, level: Level) -> tuple[Planned, ...]:
        """Give what cannot happen at a level."""
        return tuple(each for each in self.faults if level not in each.fault.levels)

    def as_json(self) -> str:
        """Give the whole plan as one JSON object."""
        return json.dumps(
            {
                "scenario": self.scenario.name,
                "seed": self.seed,
                "duration_s": self.scenario.duration_s,
                "patches": self.scenario.n_patches,
                "faults": [each.as_dict() for each in self.faults],
            }
        )

    def __str__(self) -> str:
        """Write the plan for people; it is what a failed test shows."""
        scenario = self.scenario
        head = (
            f"{scenario.name}: {scenario.n_patches} patches, "
            f"{clock_text(scenario.duration_s)}, seed {scenario.seed}"
        )
        return "\n".join([head, *(str(each) for each in self.faults)])


def make_plan(scenario: Scenario) -> Plan:
    """Lay out everything that goes wrong; the same scenario and seed give the same plan."""
    drawn = [*_named(scenario), *_mixed(scenario)]
    drawn.sort(key=lambda each: (each[1], each[2], each[0] or 0, each[3].kind))
    planned = (
        Planned(number, patch, start_s, min(end_s, scenario.duration_s), fault)
        for number, (patch, start_s, end_s, fault) in enumerate(drawn, 1)
    )
    return Plan(scenario, tuple(planned))


_Drawn = tuple[int | None, float, float, Fault]


def _named(scenario: Scenario) -> Iterator[_Drawn]:
    everyone = range(1, scenario.n_patches + 1)
    for fault in scenario.fault:
        end_s = fault.at + fault.duration_s
        if fault.scope in _SHARED:
            yield None, fault.at, end_s, fault
            continue
        for patch in everyone if fault.patches == "all" else fault.patches:
            yield patch, fault.at, end_s, fault


def _mixed(scenario: Scenario) -> Iterator[_Drawn]:
    for index, mixture in enumerate(scenario.mixture):
        shared = tuple(fault for fault in mixture.faults if fault.scope in _SHARED)
        own = tuple(fault for fault in mixture.faults if fault.scope not in _SHARED)
        if shared:
            yield from _drawn(scenario, mixture, None, shared, [scenario.seed, index, 0])
        for patch in range(1, scenario.n_patches + 1):
            mine = tuple(f for f in own if f.patches == "all" or patch in f.patches)
            if mine:
                yield from _drawn(scenario, mixture, patch, mine, [scenario.seed, index, patch])


def _drawn(
    scenario: Scenario, mixture: Mixture, patch: int | None, faults: tuple[Fault, ...], seed: Any
) -> Iterator[_Drawn]:
    chance = np.random.default_rng(seed)
    until_s = scenario.duration_s if mixture.until is None else mixture.until
    at_s = mixture.at
    while True:
        # Without memory, as what goes wrong in the field: exponential intervals.
        at_s += float(chance.exponential(3600 / mixture.rate_per_hour))
        fault = faults[int(chance.integers(len(faults)))]
        low, high = np.log([mixture.shortest_s, mixture.longest_s])
        for_s = float(np.exp(chance.uniform(low, high)))
        if at_s >= min(until_s, scenario.duration_s):
            return
        yield patch, at_s, at_s + for_s, fault


def _parameters(fault: Fault) -> dict[str, Any]:
    given = fault.model_dump(mode="json", by_alias=True, exclude=_OUTSIDE)
    return {key: value for key, value in given.items() if value is not None}
