"""The other kinds of report: what a phone is told, an event, many hours, a course over time.

Each is a model with a `kind` of its own; `AnyReport` is whichever of them a JSON object says it is.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field, TypeAdapter

from ecgcore.events import Dimension, NullReason
from ecgcore.report import (
    Algorithm,
    Confirmation,
    Envelope,
    Localised,
    Narrative,
    RecordingGap,
    Report,
    ReportKind,
    ReportMeasurement,
    ReportPart,
    ReportStatus,
    Statement,
)


class Counters(ReportPart):
    """What was counted since the start."""

    beats: int
    pvc: int
    pac: int
    pauses: int
    af_s: float


class LiveSummary(ReportPart):
    """What a phone is told every ten seconds; `changes_since` gives what is new in it."""

    kind: Literal[ReportKind.LIVE] = ReportKind.LIVE
    schema_version: str
    patient_ref: str
    at_ns: int
    hr_mean: float | None
    """Of the last ten seconds; null when it cannot be told, never 0."""
    hr_null_reason: NullReason | None
    rhythm: str | None
    """Id of the base rhythm's statement."""
    rhythm_confidence: float | None
    sqi: float = Field(ge=0, le=1)
    lead_off: bool
    battery_pct: int | None
    link: str | None
    """State of the gateway's link to the patch; null where there is none to tell."""
    last_gap: RecordingGap | None
    since_start: Counters
    newest_event: str | None
    """Id of the newest pattern, with where it began."""
    latency_ms: float | None

    def changes_since(self, before: "LiveSummary | None") -> dict[str, Any]:
        """Give what differs from the summary before, and always whose it is and when."""
        now = self.model_dump(mode="json")
        then = {} if before is None else before.model_dump(mode="json")
        kept = ("kind", "patient_ref", "at_ns")
        return {k: v for k, v in now.items() if k in kept or k not in then or then[k] != v}


class Urgency(StrEnum):
    """Classes of notification; we notify, and are no primary alarm."""

    HIGH = "P1"
    MEDIUM = "P2"
    LOW = "P3"
    INFO = "P4"


class Trigger(ReportPart):
    """What made the event."""

    source: Literal["automatic", "patient"]
    rule_id: str | None = None
    """Statement that an automatic event is about."""
    symptom: str | None = None
    """In the patient's own words."""


class RateRange(ReportPart):
    """Heart rate over a stretch, from single intervals; null without any."""

    low: float | None
    mean: float | None
    high: float | None


class LabelledBeat(ReportPart):
    """One beat and its class."""

    label: str
    at_ns: int


class EventContext(ReportPart):
    """What the patient did; null where nobody told."""

    hour_of_day: int | None = None
    """UTC."""
    activity: str | None = None
    posture: str | None = None


class Notification(ReportPart):
    """Who was told, and when."""

    who: str
    how: str
    at_ns: int


class EventReport(Envelope):
    """Something that happened, with the signal around it."""

    kind: Literal[ReportKind.EVENT] = ReportKind.EVENT
    trigger: Trigger
    onset_ns: int
    end_ns: int
    duration_s: float
    rate: RateRange
    first_beat: LabelledBeat | None
    last_beat: LabelledBeat | None
    context: EventContext
    symptom_rhythm: Localised
    """What the rhythm was when the patient felt it, or when the rule fired."""
    urgency: Urgency
    notified: tuple[Notification, ...] = ()


class Wear(ReportPart):
    """How long the patch was to be worn, was worn, and could be used."""

    prescribed_h: float | None
    worn_h: float
    analysable_h: float


class Hour(ReportPart):
    """One hour; a part hour at the ends."""

    start_ns: int
    analysable_s: float
    sqi: float
    n_beats: int
    hr_low: float | None
    hr_mean: float | None
    hr_high: float | None
    pvc: int
    pac: int
    pauses: int
    af_s: float


class Extreme(ReportPart):
    """A rate and when it was."""

    value: float
    at_ns: int


class HolterRate(ReportPart):
    """Heart rate over all hours; null where there is no such hour or beat."""

    low: Extreme | None
    mean: float | None
    high: Extreme | None
    day_mean: float | None
    """From 8 to 22 h UTC."""
    night_mean: float | None
    """From 0 to 6 h UTC."""


class HolterSection(ReportPart):
    """One subject: its values, and strips of the first, longest, fastest of it."""

    id: str
    title: Localised
    values: tuple[ReportMeasurement, ...]
    strip_ids: tuple[str, ...]


class SymptomRhythm(ReportPart):
    """What the patient felt and what the rhythm was."""

    at_ns: int
    symptom: str
    rhythm: str | None


class HolterReport(Envelope):
    """Many hours: wear, rate, rhythm by subject, and a table by the hour."""

    kind: Literal[ReportKind.HOLTER] = ReportKind.HOLTER
    wear: Wear
    rate: HolterRate
    dominant_rhythm: str | None
    """Id of the rhythm that took most of the time."""
    sections: tuple[HolterSection, ...]
    hours: tuple[Hour, ...]
    patient_events: tuple[SymptomRhythm, ...] = ()


class TrendPoint(ReportPart):
    """A value of one report."""

    report_id: UUID
    at_ns: int
    value: float
    sqi: float
    is_outside: bool
    """Of the band that the points before made."""


class Band(ReportPart):
    """The own range: the median of the first points and how far they scatter."""

    low: float
    middle: float
    high: float
    n: int


class TrendSeries(ReportPart):
    """One biomarker over time, of one device and algorithm."""

    key: str
    unit: str
    dim: Dimension
    lead: str | None
    points: tuple[TrendPoint, ...]
    band: Band | None
    """Null with too few points."""
    changed_at_ns: int | None
    """Where the values left the band and stayed out of it."""


class TrendBreak(ReportPart):
    """Where values may not be joined: something that makes them changed."""

    at_ns: int
    what: Literal["device", "site", "leads", "algorithm", "parameters"]
    before: str
    after: str


class TrendReport(ReportPart):
    """Several reports of one patient beside each other, the oldest first."""

    kind: Literal[ReportKind.TREND] = ReportKind.TREND
    report_id: UUID
    schema_version: str
    status: ReportStatus
    created_ns: int
    patient_ref: str
    algorithm: Algorithm
    """Of the newest report."""
    start_ns: int
    end_ns: int
    report_ids: tuple[UUID, ...]
    series: tuple[TrendSeries, ...]
    """Since the last break."""
    breaks: tuple[TrendBreak, ...]
    statements: tuple[Statement, ...]
    """Of the newest report."""
    narrative: Narrative
    confirmation: Confirmation | None
    disclaimers: tuple[Localised, ...]


OfRecording: TypeAlias = Report | EventReport | HolterReport
"""Reports of one recording."""
AnyReport: TypeAlias = Annotated[
    Report | LiveSummary | EventReport | HolterReport | TrendReport, Field(discriminator="kind")
]
ANY_REPORT: TypeAdapter[AnyReport] = TypeAdapter(AnyReport)
MODELS: dict[str, type[ReportPart]] = {
    "spot": Report,
    "live": LiveSummary,
    "event": EventReport,
    "holter": HolterReport,
    "trend": TrendReport,
}
"""By the name of their schema."""
