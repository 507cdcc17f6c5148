"""The report: one envelope for every kind, readable by people, machines and later versions.

Times are UTC nanoseconds, units UCUM. A value that is not there is null and says why. The JSON
Schema is `Report.model_json_schema()`.
"""

from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from ecgcore.changes import Concern
from ecgcore.events import Dimension, NullReason
from ecgcore.person import Sex

SCHEMA_VERSION = "1.1"
# Any constant would do; it must never change, or old reports get a second identity.
_NAMESPACE = UUID("6f1d8c1e-0f53-5b6a-9f0e-3f8f0f8f4a51")


class ReportPart(BaseModel):
    """Frozen and finite, as every part of a report; what a later version adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ReportKind(StrEnum):
    """What made the report."""

    SPOT = "spot"
    """A person asked for the last minute."""
    SUMMARY = "summary"
    """A minute of signal was complete."""
    LIVE = "live"
    """What a phone is told every ten seconds."""
    EVENT = "event"
    """Something happened, or the patient pressed the button."""
    HOLTER = "holter"
    """Many hours, by the hour."""
    TREND = "trend"
    """Several reports beside each other."""


class ReportStatus(StrEnum):
    """How far a person stands behind it."""

    PRELIMINARY = "preliminary"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    ENTERED_IN_ERROR = "entered-in-error"


class Flag(StrEnum):
    """Where a value lies against its reference range."""

    LOW = "L"
    NORMAL = "N"
    HIGH = "H"


class Certainty(StrEnum):
    """How sure a statement is."""

    DEFINITE = "definite"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    CONSIDER = "consider"


class Source(StrEnum):
    """Who made a statement."""

    RULE = "rule"
    MODEL = "model"
    HUMAN = "human"


class Localised(ReportPart):
    """One text in every language."""

    en: str
    zh: str


class Device(ReportPart):
    """What recorded; null where the patch did not tell."""

    device_id: str
    boot_id: int
    model: str | None = None
    serial_hash: str | None = None
    """First 16 hex digits of the serial number's SHA-256."""
    firmware: str | None = None
    leads: tuple[str, ...]
    site: str | None = None
    """Where on the body it sits."""
    fs_nominal_hz: float
    fs_estimated_hz: float | None = None
    """From the patch's own timestamps."""
    lsb_pv: int
    """Picovolts of one count."""
    filters: tuple[str, ...] | None = None
    """Applied by the patch; null: not known."""


class RecordingGap(ReportPart):
    """Samples that do not exist."""

    start_counter: int
    n_samples: int
    start_ns: int
    duration_s: float
    reason: str
    """Name of a `GapReason`, lower case."""


class Recording(ReportPart):
    """The stretch of signal that was judged."""

    start_ns: int
    end_ns: int
    start_counter: int
    end_counter: int
    """Exclusive."""
    is_time_known: bool = True
    """If not, times are counted from the first sample."""
    wall_s: float
    analysable_s: float
    """Seconds of signal inside 10-s windows good enough to measure in."""
    coverage: float = Field(ge=0, le=1)
    """Share of the stretch that has samples."""
    gaps: tuple[RecordingGap, ...]


class LeadQuality(ReportPart):
    """Quality of one lead."""

    lead: str
    sqi: float = Field(ge=0, le=1)


class Quality(ReportPart):
    """How far the signal can be trusted; missing seconds count as 0."""

    sqi: float = Field(ge=0, le=1)
    per_lead: tuple[LeadQuality, ...]
    n_beats: int
    reasons: tuple[str, ...]


class Algorithm(ReportPart):
    """What computed it: the same version and digest give the same numbers."""

    name: str
    version: str
    params_digest: str
    model_ids: tuple[str, ...] = ()


class Codes(ReportPart):
    """Codes of a measurement in the common vocabularies."""

    loinc: str | None = None
    mdc: int | None = None


class ReportMeasurement(ReportPart):
    """One biomarker value."""

    key: str
    value: float | None
    """Null with `null_reason`, `text` or `vector`; of a yes or no, 1 or 0."""
    text: str | None = None
    """Where the value is a class or a text."""
    vector: tuple[float | None, ...] | None = None
    """Where the value is several numbers; a matrix row by row; null for one that is not there."""
    unit: str
    dim: Dimension
    lead: str | None
    """Null: over all leads."""
    n: int
    """Beats or intervals behind it."""
    sqi: float
    ref_low: float | None = None
    ref_high: float | None = None
    ref_id: str | None = None
    flag: Flag | None = None
    """Null where there is no value or no reference range."""
    codes: Codes | None = None
    null_reason: NullReason | None = None


class Evidence(ReportPart):
    """The number a statement rests on."""

    key: str
    value: float
    threshold: float
    lead: str | None = None
    """Null: over all leads."""
    text: str | None = None
    """Where the value is a word."""


class Statement(ReportPart):
    """One finding."""

    id: str
    text: Localised
    aha_code: int | None = None
    """AHA/ACC/HRS 2007 statement number."""
    modifiers: tuple[int, ...] = ()
    snomed: str | None = None
    scp: str | None = None
    certainty: Certainty
    source: Source
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    start_ns: int
    end_ns: int
    rules: str | None = None
    """Version and digest of the rules that made it; null where none did."""
    strip_ids: tuple[str, ...]
    """Empty only when the stretch has no samples at all."""


class ReportEvent(ReportPart):
    """Something that happened at a moment of the stretch."""

    id: str
    kind: str
    start_ns: int
    end_ns: int
    start_counter: int
    end_counter: int
    strip_ids: tuple[str, ...]


class Strip(ReportPart):
    """Up to ten seconds of consecutive samples, to be drawn at 25 mm/s and 10 mm/mV."""

    id: str
    lead: str
    first_counter: int
    start_ns: int
    fs_hz: float
    lsb_pv: int
    samples: tuple[int, ...]


class RepresentativeBeat(ReportPart):
    """The median of the usual beats, for looking at and measuring in."""

    label: str
    """Class of the beats."""
    n_beats: int
    fs_hz: float
    leads: tuple[str, ...]
    r: int
    """Sample of the R peak."""
    ecg_uv: tuple[tuple[float, ...], ...]
    """Lead by lead, rounded to 1 uV."""
    fiducials: dict[str, float]
    """Samples from the first, over all leads; a wave that is not there is left out."""


class ReportPerson(ReportPart):
    """What is known of the person that ranges depend on."""

    sex: Sex | None = None
    age_years: float | None = None


class DimensionSummary(ReportPart):
    """The headline values of one dimension."""

    dim: Dimension
    values: tuple[ReportMeasurement, ...]


class OwnPastMeasurement(ReportPart):
    """A biomarker about another one: how that stands in the patient's past."""

    key: str
    value: float | None
    """Null with `null_reason`."""
    unit: str
    n: int
    """Values of the past behind it; days, where it is one of days."""
    concern: Concern | None = None
    """How much it matters; null where there is no value or no limit."""
    null_reason: NullReason | None = None
    ci_low: float | None = None
    """Of a slope, its confidence interval of 95 %."""
    ci_high: float | None = None


class Comparison(ReportPart):
    """A value beside the same value of the report before."""

    key: str
    unit: str
    value: float
    previous: float
    change: float
    previous_report_id: UUID
    previous_end_ns: int
    own_past: tuple[OwnPastMeasurement, ...] = ()
    """Against the report before and against the patient's baseline of the same site, leads and
    algorithm; null with its reason where the baseline is too short."""

    def value_of(self, key: str) -> float | None:
        """Give a biomarker about this value, None if it is absent."""
        return next((m.value for m in self.own_past if m.key == key), None)


class Narrative(ReportPart):
    """The report in words."""

    headline: Localised
    patient: Localised
    """Three to five plain sentences."""
    clinician: Localised
    """One line a statement, then the numbers."""


class Confirmation(ReportPart):
    """A named person's signature."""

    who: str
    when_ns: int
    edits: tuple[str, ...] = ()


class Envelope(ReportPart):
    """What reports of every kind say."""

    report_id: UUID
    schema_version: str
    status: ReportStatus
    created_ns: int
    patient_ref: str
    person: ReportPerson = ReportPerson()
    device: Device
    recording: Recording
    quality: Quality
    algorithm: Algorithm
    measurements: tuple[ReportMeasurement, ...]
    statements: tuple[Statement, ...]
    """Most serious first."""
    events: tuple[ReportEvent, ...]
    strips: tuple[Strip, ...]
    comparison: tuple[Comparison, ...]
    narrative: Narrative
    confirmation: Confirmation | None
    """Null until a named person has confirmed it."""
    disclaimers: tuple[Localised, ...]

    def value_of(self, key: str) -> float | None:
        """Give a measured value, None if it is absent."""
        return next((m.value for m in self.measurements if m.key == key), None)

    def strips_of(self, ids: tuple[str, ...]) -> tuple[Strip, ...]:
        """Give strips by their ids."""
        return tuple(strip for strip in self.strips if strip.id in ids)


Stretch: TypeAlias = Literal[ReportKind.SPOT, ReportKind.SUMMARY]


class Report(Envelope):
    """What was found in a stretch of one patient's signal."""

    kind: Stretch
    beat: RepresentativeBeat | None = None
    dimensions: tuple[DimensionSummary, ...] = ()
    """Of each, what is looked at first."""


def report_id(device_id: str, boot_id: int, kind: ReportKind, counter: int) -> UUID:
    """Give the identity of a report: composed again, it is the same report.

    Parameters
    ----------
    counter : int
        Where a summary starts, where a spot report ends.
    """
    return uuid5(_NAMESPACE, f"{device_id}/{boot_id}/{kind}/{counter}")
