"""What a heart does over time: a rhythm program, ectopic beats in it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from simulators.scenario.durations import Seconds

Bpm = Annotated[float, Field(ge=15, le=350)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Seconds = 0.0
    duration_s: Seconds | None = Field(default=None, alias="for", gt=0)
    """An episode, after which the rhythm before it goes on; None: until the next entry."""


class Sinus(_Entry):
    """Regular beats from the sinus node, with the variability of a healthy heart."""

    kind: Literal["sinus"]
    bpm: Bpm = 65.0
    rr_sd_ms: Annotated[float, Field(ge=0, le=200)] = 40.0
    """Standard deviation of the intervals."""
    breathing_hz: Annotated[float, Field(ge=0.05, le=1)] = 0.25


class Bradycardia(_Entry):
    """A slow sinus rhythm."""

    kind: Literal["bradycardia"]
    bpm: Annotated[float, Field(ge=15, lt=60)] = 38.0
    rr_sd_ms: Annotated[float, Field(ge=0, le=200)] = 30.0
    breathing_hz: Annotated[float, Field(ge=0.05, le=1)] = 0.2


class Tachycardia(_Entry):
    """A fast sinus rhythm."""

    kind: Literal["tachycardia"]
    bpm: Annotated[float, Field(gt=100, le=220)] = 135.0
    rr_sd_ms: Annotated[float, Field(ge=0, le=100)] = 8.0
    breathing_hz: Annotated[float, Field(ge=0.05, le=1)] = 0.3


class AtrialFibrillation(_Entry):
    """No P waves, fibrillation of the baseline, no order in the intervals."""

    kind: Literal["atrial_fibrillation"]
    bpm: Bpm = 95.0
    rr_cv: Annotated[float, Field(ge=0.05, le=0.4)] = 0.22
    """Standard deviation of the intervals over their mean."""
    f_mv: Annotated[float, Field(ge=0, le=0.3)] = 0.06


class AtrialFlutter(_Entry):
    """Saw-tooth waves of the atria, of which every second to fourth is conducted."""

    kind: Literal["atrial_flutter"]
    atrial_bpm: Annotated[float, Field(ge=200, le=400)] = 300.0
    conducts: Annotated[int, Field(ge=2, le=6)] = 4
    """One beat for so many waves."""
    f_mv: Annotated[float, Field(ge=0, le=0.5)] = 0.15


class VentricularTachycardia(_Entry):
    """Fast wide beats without P waves."""

    kind: Literal["ventricular_tachycardia"]
    bpm: Annotated[float, Field(ge=100, le=300)] = 170.0


class VentricularFibrillation(_Entry):
    """No beats: a coarse wave of 4 to 6 Hz."""

    kind: Literal["ventricular_fibrillation"]
    mv: Annotated[float, Field(gt=0, le=2)] = 0.5


class Pause(_Entry):
    """No beat at all: a pause if short, a standstill if long."""

    kind: Literal["pause"]


class AvBlock(_Entry):
    """Atria in rhythm, conduction disturbed.

    ``first``: a long PR; ``wenckebach``: PR grows until a beat is dropped; ``two_to_one``: every
    second P is conducted; ``third``: none is, a slow escape rhythm beats on its own.
    """

    kind: Literal["av_block"]
    degree: Literal["first", "wenckebach", "two_to_one", "third"]
    bpm: Bpm = 72.0
    """Of the atria."""
    escape_bpm: Annotated[float, Field(ge=15, le=80)] = 38.0
    """Of the ventricles in a third-degree block."""
    pr_ms: Annotated[float, Field(ge=210, le=400)] = 280.0
    """In a first-degree block."""


Rhythm: TypeAlias = Annotated[
    Sinus
    | Bradycardia
    | Tachycardia
    | AtrialFibrillation
    | AtrialFlutter
    | VentricularTachycardia
    | VentricularFibrillation
    | Pause
    | AvBlock,
    Field(discriminator="kind"),
]


class Ectopy(BaseModel):
    """Beats that come early, in a sinus rhythm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["pvc", "pac"]
    """From the ventricles, wide; or from the atria, narrow."""
    pattern: Literal["single", "bigeminy", "trigeminy", "couplet", "run"] = "single"
    at: Seconds = 0.0
    duration_s: Seconds | None = Field(default=None, alias="for", gt=0)
    """None: to the end."""
    per_hour: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """How often, drawn by the seed; for single beats, couplets and runs."""
    beats: Annotated[int, Field(ge=3, le=30)] = 5
    """Of a run."""


def segments_of(program: tuple[Rhythm, ...]) -> list[tuple[float, float, Rhythm]]:
    """Lay a program out as (start, end, rhythm) without hole from 0 to infinity, in seconds.

    Episodes lie over the rhythm that is in force; where two do, the one that began later counts.
    """
    ends = {id(r): r.at + (r.duration_s or float("inf")) for r in program}
    cuts = sorted({0.0, *(r.at for r in program), *(e for e in ends.values() if e < float("inf"))})
    laid: list[tuple[float, float, Rhythm]] = []
    for start, end in zip(cuts, [*cuts[1:], float("inf")], strict=True):
        in_force = [r for r in program if r.at <= start < ends[id(r)]]
        # An episode outranks what goes on without end; then the later one counts.
        rhythm = max(in_force, key=lambda r: (r.duration_s is not None, r.at), default=None)
        chosen = rhythm or Sinus(kind="sinus")
        if laid and laid[-1][2] is chosen:
            laid[-1] = (laid[-1][0], end, chosen)
        else:
            laid.append((start, end, chosen))
    return laid
