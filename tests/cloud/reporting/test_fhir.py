"""The bundles, against models of FHIR that others keep."""

from typing import Any

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4
from pydantic import ValidationError

from cloud.reporting.fhir.bundle import bundle_of
from cloud.reporting.fhir.terms import BIOMARKER, LOINC, MDC, Version
from ecgcore.report import ReportKind
from tests.cloud.reporting.recordings import TWELVE, spot

_MODELS = {"r4": BundleR4, "r5": BundleR5}


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def coded(bundle: dict[str, Any], system: str, code: str) -> dict[str, Any]:
    [found] = [
        each
        for each in resources(bundle, "Observation")
        if any((c["system"], c["code"]) == (system, code) for c in each["code"].get("coding", ()))
    ]
    return found


@pytest.mark.parametrize("version", ["r4", "r5"])
@pytest.mark.parametrize("names", [TWELVE, ("CHEST",)])
@pytest.mark.parametrize("timed", [True, False])
def test_both_releases_take_it(names: tuple[str, ...], version: Version, timed: bool) -> None:
    bundle = bundle_of(spot(names, 10.0, timed), ReportKind.SPOT, version)
    _MODELS[version].model_validate(bundle)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    [report] = resources(bundle, "DiagnosticReport")
    assert {r["reference"] for r in report["result"]} <= set(urls)
    assert ("effectivePeriod" in report) is timed


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_the_models_would_refuse_what_is_wrong(version: Version) -> None:
    bundle = bundle_of(spot(("CHEST",)), ReportKind.SPOT, version)
    other = "r5" if version == "r4" else "r4"
    with pytest.raises(ValidationError):
        # SampledData changed between the releases.
        _MODELS[other].model_validate(bundle)


def test_rate_has_its_codes_value_range_and_flag() -> None:
    report = spot()
    rate = coded(bundle_of(report, ReportKind.SPOT, "r4"), LOINC, "8867-4")
    systems = {c["system"]: c["code"] for c in rate["code"]["coding"]}
    assert systems == {LOINC: "8867-4", MDC: "147842", BIOMARKER: "hr_mean"}
    assert rate["valueQuantity"]["value"] == pytest.approx(report.value_of("hr_mean"))
    assert rate["valueQuantity"]["code"] == "/min"
    assert rate["referenceRange"][0]["low"]["value"] == 60
    assert rate["interpretation"][0]["coding"][0]["code"] == "N"
    assert rate["status"] == "preliminary"


def test_absent_is_never_a_number() -> None:
    sdnn = coded(bundle_of(spot(("CHEST",)), ReportKind.SPOT, "r5"), BIOMARKER, "sdnn")
    assert sdnn["dataAbsentReason"]["text"] == "too_short"
    assert sdnn["dataAbsentReason"]["coding"][0]["code"] == "unsupported"
    assert not any(name.startswith("value") for name in sdnn)


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_a_strip_comes_back_to_the_volt(version: Version) -> None:
    report = spot(("CHEST",))
    [strip, *_] = [
        each
        for each in resources(bundle_of(report, ReportKind.SPOT, version), "Observation")
        if "valueSampledData" in each
    ]
    data = strip["valueSampledData"]
    assert data["period" if version == "r4" else "interval"] == 4.0
    counts = [int(each) for each in data["data"].split()]
    assert tuple(counts) == report.strips[0].samples
    assert max(counts) * data["factor"] == pytest.approx(1.1, abs=0.05)


def test_leads_and_study_follow_the_recording() -> None:
    twelve, one = (bundle_of(spot(n), ReportKind.SPOT, "r4") for n in (TWELVE, ("CHEST",)))
    codes = [
        resources(b, "DiagnosticReport")[0]["code"]["coding"][0]["code"] for b in (twelve, one)
    ]
    assert codes == ["34534-8", "11524-6"]
    sites = [o["bodySite"]["text"] for o in resources(twelve, "Observation") if "component" in o]
    assert sites == [f"Lead {lead}" for lead in TWELVE]
