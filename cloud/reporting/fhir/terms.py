"""Code systems, and values as FHIR writes them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from ecgcore.catalogue import Kind, catalogue
from ecgcore.events import NullReason
from ecgcore.report import Flag, ReportKind, ReportMeasurement
from ecgcore.rounding import range_shown
from ecgcore.wording import name_of

Version: TypeAlias = Literal["r4", "r5"]
Json: TypeAlias = dict[str, Any]

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
BIOMARKER = "urn:x-ecgomics:biomarker"
STATEMENT = "urn:x-ecgomics:statement"
SCP = "urn:x-ecgomics:scp-ecg"
AHA = "urn:x-ecgomics:aha-acc-hrs-2007"
_HL7 = "http://terminology.hl7.org/CodeSystem/"

TWELVE_LEAD_PANEL = ("34534-8", "EKG 12 channel panel")
EKG_STUDY = ("11524-6", "EKG study")
HOLTER_STUDY = ("18754-2", "Holter monitor study")
IMPRESSION = ("8601-7", "EKG impression")

_ABSENT = {
    NullReason.NO_P_WAVE: "not-applicable",
    NullReason.AF: "not-applicable",
    NullReason.PACED: "not-applicable",
    NullReason.WIDE_QRS: "not-applicable",
    NullReason.NOT_APPLICABLE: "not-applicable",
    NullReason.LEAD_MISSING: "unsupported",
    NullReason.FS_TOO_LOW: "unsupported",
    NullReason.TOO_SHORT: "unsupported",
    NullReason.LOW_SQI: "unknown",
    NullReason.GAP: "unknown",
    NullReason.TOO_FEW_BEATS: "unknown",
    NullReason.NOT_MEASURED: "not-performed",
}


def concept(codes: Iterable[tuple[str, str, str | None]], text: str) -> Json:
    """Give a CodeableConcept of (system, code, display) and a text."""
    coding = [
        {"system": system, "code": code, **({} if display is None else {"display": display})}
        for system, code, display in codes
    ]
    return {**({"coding": coding} if coding else {}), "text": text}


def category() -> Json:
    """Give the category of electrocardiography."""
    return concept([(f"{_HL7}v2-0074", "EC", None)], "Electrocardiography")


def procedure() -> Json:
    """Give the category of an observation made by a device on a person."""
    return concept([(f"{_HL7}observation-category", "procedure", None)], "Procedure")


def study_of(kind: ReportKind, n_leads: int) -> tuple[str, str]:
    """Give the LOINC code of what a report is of."""
    if kind is ReportKind.HOLTER:
        return HOLTER_STUDY
    return TWELVE_LEAD_PANEL if n_leads >= 12 else EKG_STUDY


def instant(at_ns: int) -> str:
    """Give a UTC to the millisecond."""
    seconds, rest = divmod(at_ns, 10**9)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 10**6:03d}Z"


def code_of(m: ReportMeasurement, *, with_lead: bool) -> Json:
    """Give the code of a value: LOINC and MDC where the registry has them, and always our key."""
    codes: list[tuple[str, str, str | None]] = []
    if m.codes is not None and m.codes.loinc is not None:
        codes.append((LOINC, m.codes.loinc, None))
    if m.codes is not None and m.codes.mdc is not None:
        codes.append((MDC, str(m.codes.mdc), None))
    name = name_of(m.key).en
    lead = f", lead {m.lead}" if with_lead and m.lead is not None else ""
    return concept([*codes, (BIOMARKER, m.key, None)], f"{name}{lead}")


def value_of(m: ReportMeasurement) -> Json:
    """Give the value, or why there is none, as the fields of an observation or component."""
    if m.null_reason is not None:
        code = _ABSENT[m.null_reason]
        absent = concept([(f"{_HL7}data-absent-reason", code, None)], str(m.null_reason))
        return {"dataAbsentReason": absent}
    if m.text is not None:
        return {"valueString": m.text}
    if m.vector is not None:
        numbers = ("-" if each is None else f"{each:.6g}" for each in m.vector)
        return {"valueString": " ".join(numbers)}
    entry = catalogue().find(m.key)
    if m.value is None or (entry is not None and entry.kind is Kind.BOOL):
        return {"valueBoolean": bool(m.value)}
    return {"valueQuantity": quantity(m.value, m.unit), **_judged(m)}


def quantity(value: float, unit: str) -> Json:
    """Give a number with its UCUM unit; more than nine digits would be noise."""
    return {"value": float(f"{value:.9g}"), "unit": unit, "system": UCUM, "code": unit}


def _judged(m: ReportMeasurement) -> Json:
    """Give range and flag, where there are any."""
    found: Json = {}
    if m.ref_low is not None or m.ref_high is not None:
        limits = {"low": m.ref_low, "high": m.ref_high}
        found["referenceRange"] = [
            {name: quantity(at, m.unit) for name, at in limits.items() if at is not None}
            | {"text": range_shown(m)}
        ]
    if m.flag is not None:
        system = f"{_HL7}v3-ObservationInterpretation"
        words = {Flag.LOW: "Low", Flag.NORMAL: "Normal", Flag.HIGH: "High"}
        found["interpretation"] = [concept([(system, str(m.flag), words[m.flag])], words[m.flag])]
    return found
