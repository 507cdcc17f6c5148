"""The scenario file as a value."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ecgcore.types import Lead
from simulators.scenario.durations import Seconds
from simulators.scenario.faults import KINDS, Fault
from simulators.scenario.rhythms import Ectopy, Rhythm

MAX_PATCHES = 200
_LABELS = {lead.label.lower(): lead for lead in Lead}


class PatchGroup(BaseModel):
    """One or more patches of a kind, worn by hearts that do the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = "polar_h10"
    count: Annotated[int, Field(ge=1, le=MAX_PATCHES)] = 1
    leads: tuple[Lead, ...] = ()
    """Empty: what the kind has by default."""
    rate_hz: Annotated[int, Field(ge=100, le=1000)] | None = Field(default=None, alias="rate")
    """None: what the kind has by default."""
    battery_pct: Annotated[int, Field(ge=0, le=100)] = 90
    signal: Literal["heart", "sample_number"] = "heart"
    """A heart, or the sample's index as its value."""
    record: Path | None = None
    """WFDB record to wear instead of a synthetic heart, without extension."""
    rhythm: tuple[Rhythm, ...] = ()
    """Empty: sinus rhythm."""
    ectopy: tuple[Ectopy, ...] = ()

    @field_validator("leads", mode="before")
    @classmethod
    def _read_leads(cls, given: Any) -> Any:
        if not isinstance(given, list):
            return given
        unknown = [name for name in given if str(name).lower() not in _LABELS]
        if unknown:
            msg = f"{unknown[0]!r} is no lead; there are {', '.join(x.label for x in Lead)}"
            raise ValueError(msg)
        return tuple(_LABELS[str(name).lower()] for name in given)

    @model_validator(mode="after")
    def _one_signal(self) -> Self:
        if self.record and (self.rhythm or self.ectopy or self.signal != "heart"):
            msg = "a record cannot have a rhythm, ectopy or another signal"
            raise ValueError(msg)
        return self


class Mixture(BaseModel):
    """Faults drawn by the seed; the plan says which, when and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    faults: Annotated[tuple[Fault, ...], Field(min_length=1)]
    """Names, or tables with what shall not be as by default; `at` and `for` are drawn."""
    rate_per_hour: Annotated[float, Field(gt=0, le=3600)]
    """Of each patch; what is shared by all counts once."""
    at: Seconds = 0.0
    """Nothing before."""
    until: Seconds | None = None
    """Nothing begins after; None: the end of the scenario."""
    shortest_s: Seconds = Field(default=2.0, alias="shortest", gt=0)
    longest_s: Seconds = Field(default=60.0, alias="longest", gt=0)
    """Durations are drawn evenly over their logarithm."""

    @field_validator("faults", mode="before")
    @classmethod
    def _names(cls, given: Any) -> Any:
        if not isinstance(given, list):
            return given
        return [{"kind": each} if isinstance(each, str) else each for each in given]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest_s > self.longest_s:
            msg = f"shortest ({self.shortest_s:g} s) is longer than longest ({self.longest_s:g} s)"
            raise ValueError(msg)
        return self


class Scenario(BaseModel):
    """What patches there are, what their hearts do, and what goes wrong when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    about: str = ""
    duration_s: Seconds = Field(alias="duration", gt=0)
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    patch: Annotated[tuple[PatchGroup, ...], Field(min_length=1)]
    fault: tuple[Fault, ...] = ()
    mixture: tuple[Mixture, ...] = ()

    @field_validator("mixture", mode="before")
    @classmethod
    def _one_mixture(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given

    @property
    def groups(self) -> list[PatchGroup]:
        """The group of each patch, in the order of their numbers."""
        return [group for group in self.patch for _ in range(group.count)]

    @property
    def n_patches(self) -> int:
        """How many patches there are."""
        return sum(group.count for group in self.patch)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.n_patches > MAX_PATCHES:
            msg = f"{self.n_patches} patches, at most {MAX_PATCHES} are possible"
            raise ValueError(msg)
        for number, fault in enumerate(self.fault, 1):
            where = f"fault {number} ({fault.kind})"
            if fault.at >= self.duration_s:
                msg = f"{where} begins at {fault.at:g} s, the end is at {self.duration_s:g} s"
                raise ValueError(msg)
            missing = [n for n in _numbers(fault.patches) if n > self.n_patches]
            if missing:
                msg = f"{where} names patch {missing[0]}, there are {self.n_patches}"
                raise ValueError(msg)
        return self


def _numbers(patches: Literal["all"] | tuple[int, ...]) -> tuple[int, ...]:
    return () if patches == "all" else patches


__all__ = ["KINDS", "MAX_PATCHES", "Mixture", "PatchGroup", "Scenario"]
