"""Every kind in every form, the published schemas, and the samples in the documents."""

import re
from pathlib import Path

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4

from cloud.evaluation.archive import Leads
from cloud.reporting.fhir.kinds import fhir_of
from cloud.reporting.making import event_report, holter_report, live_summary
from cloud.reporting.pdf.kinds import printed_report
from cloud.reporting.rendering import rendered
from cloud.reporting.sample_heart import Origin, Plan, beats_of, signal_of
from cloud.reporting.schema import schemas
from ecgcore.compose_trend import compose_trend
from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig
from ecgcore.report_kinds import ANY_REPORT, AnyReport
from tests.cloud.reporting.recordings import CREATED_NS, START, spot
from tests.cloud.reporting.test_pdf import streams

DOCS = Path(__file__).parents[3] / "docs"
CONFIG = ExtractionConfig()
PLAN = Plan(60.0, lambda _: 75.0, runs=((20.0, 6),))


@pytest.fixture(scope="module")
def kinds() -> dict[str, AnyReport]:
    leads = Leads("p1", signal_of(PLAN, 130.0, ("CHEST",)), 130.0, ("CHEST",), start=START)
    one = spot(("CHEST",))
    later = one.recording.model_copy(update={"start_ns": one.recording.start_ns + 10**12})
    return {
        "spot": one,
        "live": live_summary(leads, CREATED_NS, CONFIG),
        "event": event_report(leads, CREATED_NS, CONFIG, symptom="flutter"),
        "holter": holter_report(leads, CREATED_NS, CONFIG, symptoms=[(21.0, "flutter")]),
        "trend": compose_trend([one, one.model_copy(update={"recording": later})], CREATED_NS),
    }


def test_a_run_is_found_as_an_event_with_signal_from_before_and_after(
    kinds: dict[str, AnyReport],
) -> None:
    event = kinds["event"]
    assert event.kind == "event"
    assert event.trigger.rule_id == "nsvt"
    run = [b.at_s for b in beats_of(PLAN) if b.origin is Origin.VENTRICLES]
    assert len(run) == 6
    since_s = (event.onset_ns - START.timestamp() * 1e9) / 1e9
    assert since_s == pytest.approx(run[0], abs=0.6)
    # Less than 30 s of signal lie before it, more than 30 s follow.
    assert len(event.strips[0].samples) == pytest.approx(60 * 130, abs=1)
    holter = kinds["holter"]
    assert holter.kind == "holter"
    assert holter.value_of("vt_runs") == 1
    assert holter.patient_events[0].rhythm == "nsvt"


def test_without_an_event_one_has_to_be_named() -> None:
    calm = signal_of(Plan(30.0, lambda _: 75.0), 130.0, ("CHEST",))
    leads = Leads("p1", calm, 130.0, ("CHEST",))
    with pytest.raises(ConfigError, match="no event in it; --at says where one is"):
        event_report(leads, CREATED_NS, CONFIG)
    with pytest.raises(ConfigError, match="seconds 0 to 30"):
        event_report(leads, CREATED_NS, CONFIG, at_s=31.0)
    asked = event_report(leads, CREATED_NS, CONFIG, at_s=12.0)
    assert (asked.trigger.source, asked.duration_s) == ("patient", 10.0)


@pytest.mark.parametrize("kind", ["spot", "live", "event", "holter", "trend"])
def test_every_kind_has_every_form(kinds: dict[str, AnyReport], kind: str) -> None:
    report = kinds[kind]
    BundleR4.model_validate(fhir_of(report, "r4"))
    BundleR5.model_validate(fhir_of(report, "r5"))
    assert ANY_REPORT.validate_json(rendered(report, "json")) == report
    for lang in ("en", "zh"):
        text = rendered(report, "text", lang).decode()
        assert len(text.splitlines()) > 2
        assert ("心电" in text) is (lang == "zh")
    if kind == "live":
        with pytest.raises(ConfigError, match="no printed form"):
            rendered(report, "pdf")
        return
    pdf = printed_report(report, "en")
    pages = streams(pdf)
    assert len(pages) == int(re.findall(rb"/Count (\d+)", pdf)[0])
    assert all("not a diagnosis" in page for page in pages)


def test_no_line_runs_into_the_foot_of_a_page(kinds: dict[str, AnyReport]) -> None:
    for kind in ("spot", "event", "holter", "trend"):
        for page in streams(printed_report(kinds[kind], "en")):
            heights = [float(y) for y in re.findall(r"1 0 0 1 [-\d.]+ ([-\d.]+) Tm", page)]
            # The foot's own two lines are the lowest, then comes its rule at 12.5 mm.
            assert not [y for y in heights if y < 12.5 * 72 / 25.4 and y not in heights[-3:]]


def test_the_published_schemas_are_those_of_the_models() -> None:
    found = schemas()
    assert {p.name: p.read_text() for p in (DOCS / "schema").glob("*.json")} == found
    assert '"discriminator"' in found["report.schema.json"]


@pytest.mark.parametrize("kind", ["spot", "live", "event", "holter", "trend"])
def test_the_samples_are_of_this_version(kind: str) -> None:
    folder = DOCS / "samples"
    report = ANY_REPORT.validate_json((folder / f"{kind}.json").read_bytes())
    assert report.kind == kind
    for version, model in (("r4", BundleR4), ("r5", BundleR5)):
        model.model_validate_json((folder / f"{kind}.fhir-{version}.json").read_bytes())
    if kind != "live":
        assert (folder / f"{kind}.pdf").read_bytes().startswith(b"%PDF")
