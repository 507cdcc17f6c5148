"""A report as one bundle: what it says, each value, each strip, of whom and from what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from uuid import UUID, uuid5

from cloud.reporting.fhir.terms import (
    AHA,
    IMPRESSION,
    LOINC,
    SCP,
    SNOMED,
    STATEMENT,
    Json,
    Version,
    category,
    code_of,
    concept,
    instant,
    procedure,
    quantity,
    study_of,
    value_of,
)
from ecgcore.clinician import evidence_of
from ecgcore.report import Envelope, ReportKind, ReportMeasurement, Statement, Strip

_DECIMALS = 3


@dataclass(slots=True)
class Resources:
    """Resources of one bundle, which point to each other by their urn."""

    report_id: UUID
    entries: list[Json] = field(default_factory=list)

    def url(self, name: str) -> str:
        """Give the urn of a resource by a name within the bundle."""
        return f"urn:uuid:{uuid5(self.report_id, name)}"

    def add(self, name: str, resource: Json) -> Json:
        """Add a resource; give a reference to it."""
        self.entries.append({"fullUrl": self.url(name), "resource": resource})
        return {"reference": self.url(name)}


def bundle_of(report: Envelope, kind: ReportKind, version: Version) -> Json:
    """Write a report as a bundle of type collection."""
    resources = Resources(report.report_id)
    patient = resources.add("patient", _patient(report))
    device = resources.add("device", _device(report))
    shared = {
        "status": "preliminary",
        "category": [procedure()],
        "subject": patient,
        "device": device,
        **_effective(report),
    }
    results = [
        resources.add(name, {"resourceType": "Observation", **_timed_once(shared, body)})
        for name, body in _observations(report, resources, version)
    ]
    resources.add("report", _diagnostic_report(report, kind, patient, results))
    # The report comes first for whoever reads from the top.
    entries = [resources.entries[-1], *resources.entries[:-1]]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.report_id}"},
        "timestamp": instant(report.created_ns),
        "entry": entries,
    }


def _timed_once(shared: Json, body: Json) -> Json:
    """Join what all observations share with one's own; its own time stands for the recording's."""
    own = {"effectivePeriod"} if "effectiveDateTime" in body else set()
    return {name: part for name, part in (shared | body).items() if name not in own}


def _effective(report: Envelope) -> Json:
    recording = report.recording
    if not recording.is_time_known:
        return {}
    period = {"start": instant(recording.start_ns), "end": instant(recording.end_ns)}
    return {"effectivePeriod": period}


def _patient(report: Envelope) -> Json:
    sex = {} if report.person.sex is None else {"gender": str(report.person.sex)}
    identifier = [{"system": "urn:x-ecgomics:patient", "value": report.patient_ref}]
    return {"resourceType": "Patient", "identifier": identifier, **sex}


def _device(report: Envelope) -> Json:
    device = report.device
    told: Json = {} if device.model is None else {"modelNumber": device.model}
    return {
        "resourceType": "Device",
        "identifier": [{"system": "urn:x-ecgomics:device", "value": device.device_id}],
        **told,
        "note": [{"text": f"Leads {', '.join(device.leads)} at {device.fs_nominal_hz:g} Hz"}],
    }


def _diagnostic_report(
    report: Envelope, kind: ReportKind, patient: Json, results: Sequence[Json]
) -> Json:
    code, display = study_of(kind, len(report.device.leads))
    codes = [
        concept([(SNOMED, s.snomed, None)], s.text.en)
        for s in report.statements
        if s.snomed is not None
    ]
    return {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": _div(report)},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.report_id}"}],
        "status": "preliminary",
        "category": [category()],
        "code": concept([(LOINC, code, display)], display),
        "subject": patient,
        **_effective(report),
        "issued": instant(report.created_ns),
        "result": list(results),
        "conclusion": _conclusion(report),
        **({"conclusionCode": codes} if codes else {}),
    }


def _conclusion(report: Envelope) -> str:
    said = " ".join(disclaimer.en for disclaimer in report.disclaimers)
    made = report.algorithm
    return (
        f"{report.narrative.clinician.en}\n{said}\n"
        f"{made.name} {made.version}, parameters {made.params_digest}"
    )


def _div(report: Envelope) -> str:
    texts = (
        ("en", report.narrative.patient.en),
        ("zh", report.narrative.patient.zh),
        ("en", " ".join(each.en for each in report.disclaimers)),
        ("zh", "".join(each.zh for each in report.disclaimers)),
    )
    paragraphs = "".join(f'<p xml:lang="{lang}">{escape(text)}</p>' for lang, text in texts)
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'


def _observations(
    report: Envelope, resources: Resources, version: Version
) -> Iterator[tuple[str, Json]]:
    """Give strips, statements that point to them, values over all leads, values lead by lead."""
    for strip in report.strips:
        yield f"strip/{strip.id}", _strip(strip, version, is_timed=report.recording.is_time_known)
    for number, statement in enumerate(report.statements):
        yield f"statement/{number}", _statement(statement, resources)
    leads = report.device.leads
    over_all = [m for m in report.measurements if m.lead is None or len(leads) == 1]
    for number, m in enumerate(over_all):
        yield f"value/{number}", {**_coded(m), **value_of(m)}
    if len(leads) > 1:
        for lead in leads:
            of_lead = [m for m in report.measurements if m.lead == lead]
            if of_lead:
                yield f"lead/{lead}", _of_lead(lead, of_lead)


def _coded(m: ReportMeasurement) -> Json:
    return {"code": code_of(m, with_lead=False), **({} if m.n == 0 else {"note": _note(m)})}


def _note(m: ReportMeasurement) -> list[Json]:
    return [{"text": f"n = {m.n}, signal quality {m.sqi:.2f}"}]


def _of_lead(lead: str, measured: Sequence[ReportMeasurement]) -> Json:
    return {
        "code": concept([], f"Measurements of lead {lead}"),
        "bodySite": concept([], f"Lead {lead}"),
        "component": [{"code": code_of(m, with_lead=True), **value_of(m)} for m in measured],
    }


def _statement(statement: Statement, resources: Resources) -> Json:
    codes: list[tuple[str, str, str | None]] = []
    if statement.snomed is not None:
        codes.append((SNOMED, statement.snomed, None))
    if statement.scp is not None:
        codes.append((SCP, statement.scp, None))
    if statement.aha_code is not None:
        codes.append((AHA, str(statement.aha_code), None))
    codes.append((STATEMENT, statement.id, None))
    shown = [{"reference": resources.url(f"strip/{id_}")} for id_ in statement.strip_ids]
    code, display = IMPRESSION
    return {
        "code": concept([(LOINC, code, display)], display),
        "valueCodeableConcept": concept(codes, statement.text.en),
        "note": [{"text": f"{statement.certainty}; {evidence_of(statement)}"}],
        **({"derivedFrom": shown} if shown else {}),
    }


def _strip(strip: Strip, version: Version, *, is_timed: bool) -> Json:
    """Give the samples as counts; `factor` makes millivolts of them."""
    period_ms = round(1e3 / strip.fs_hz, _DECIMALS + 3)
    timing = (
        {"period": period_ms} if version == "r4" else {"interval": period_ms, "intervalUnit": "ms"}
    )
    code, display = study_of(ReportKind.SPOT, 1)
    return {
        "code": concept([(LOINC, code, display)], f"ECG strip {strip.id}, lead {strip.lead}"),
        "bodySite": concept([], f"Lead {strip.lead}"),
        **({"effectiveDateTime": instant(strip.start_ns)} if is_timed else {}),
        "valueSampledData": {
            "origin": quantity(0.0, "mV"),
            **timing,
            "factor": strip.lsb_pv * 1e-9,
            "dimensions": 1,
            "data": " ".join(map(str, strip.samples)),
        },
    }
