"""Reports of every kind as bundles."""

from uuid import NAMESPACE_URL, uuid5

from cloud.reporting.fhir.bundle import Resources, bundle_of
from cloud.reporting.fhir.terms import (
    EKG_STUDY,
    LOINC,
    STATEMENT,
    Json,
    Version,
    category,
    code_of,
    concept,
    instant,
    procedure,
    quantity,
    value_of,
)
from ecgcore.measured import measurement_of
from ecgcore.report import ReportMeasurement
from ecgcore.report_kinds import AnyReport, LiveSummary, TrendReport, TrendSeries
from ecgcore.report_values import report_measurement
from ecgcore.rounding import with_unit


def fhir_of(report: AnyReport, version: Version) -> Json:
    """Write a report as a bundle of type collection."""
    if isinstance(report, LiveSummary):
        return _live(report)
    if isinstance(report, TrendReport):
        return _trend(report)
    return bundle_of(report, report.kind, version)


def _live(report: LiveSummary) -> Json:
    """Give the rate and the rhythm of the moment."""
    name = f"urn:x-ecgomics:live/{report.patient_ref}/{report.at_ns}"
    resources = Resources(uuid5(NAMESPACE_URL, name))
    shared = _shared(resources, report.patient_ref)
    given = report.hr_mean if report.hr_null_reason is None else report.hr_null_reason
    if given is not None:
        measured = measurement_of("hr_mean", given, 0, report.sqi, None)
        rate = report_measurement(measured, None)
        body = {"code": code_of(rate, with_lead=False), **value_of(rate)}
        resources.add("rate", {**shared, "effectiveDateTime": instant(report.at_ns), **body})
    if report.rhythm is not None:
        rhythm = concept([(STATEMENT, report.rhythm, None)], report.rhythm)
        body = {"code": concept([(LOINC, *EKG_STUDY)], "Rhythm"), "valueCodeableConcept": rhythm}
        resources.add("rhythm", {**shared, "effectiveDateTime": instant(report.at_ns), **body})
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(report.at_ns),
        "entry": resources.entries,
    }


def _shared(resources: Resources, patient_ref: str) -> Json:
    identifier = [{"system": "urn:x-ecgomics:patient", "value": patient_ref}]
    patient = resources.add("patient", {"resourceType": "Patient", "identifier": identifier})
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [procedure()],
        "subject": patient,
    }


def _trend(report: TrendReport) -> Json:
    """Give every point as an observation, with the own band as its range."""
    resources = Resources(report.report_id)
    shared = _shared(resources, report.patient_ref)
    results = [
        resources.add(f"{series.key}/{number}", {**shared, **_point(series, number)})
        for series in report.series
        for number in range(len(series.points))
    ]
    said = " ".join(each.en for each in report.disclaimers)
    diagnostic = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.report_id}"}],
        "status": "preliminary",
        "category": [category()],
        "code": concept([(LOINC, *EKG_STUDY)], "ECG trend"),
        "subject": shared["subject"],
        "effectivePeriod": {"start": instant(report.start_ns), "end": instant(report.end_ns)},
        "issued": instant(report.created_ns),
        "result": results,
        "conclusion": f"{report.narrative.clinician.en}\n{said}",
    }
    resources.add("report", diagnostic)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(report.created_ns),
        "entry": [resources.entries[-1], *resources.entries[:-1]],
    }


def _point(series: TrendSeries, number: int) -> Json:
    point = series.points[number]
    measured = measurement_of(series.key, point.value, 0, point.sqi, series.lead)
    value: ReportMeasurement = report_measurement(measured, None)
    body: Json = {
        "code": code_of(value, with_lead=True),
        "effectiveDateTime": instant(point.at_ns),
        "valueQuantity": quantity(point.value, series.unit),
    }
    if series.band is not None:
        low, high = series.band.low, series.band.high
        span = f"{with_unit(low, series.unit)} to {with_unit(high, series.unit)}"
        body["referenceRange"] = [
            {
                "low": quantity(low, series.unit),
                "high": quantity(high, series.unit),
                "text": f"own range {span}",
            }
        ]
    return body
