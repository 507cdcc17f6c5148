"""The envelope: exportable, stable, round-trip."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from ecgcore.compose import compose
from ecgcore.report import Report, ReportKind, report_id
from tests.ecgcore.reporting import given

_ENVELOPE = {
    "report_id", "schema_version", "kind", "status", "patient_ref", "device", "recording",
    "quality", "algorithm", "measurements", "statements", "events", "strips", "comparison",
    "narrative", "confirmation", "disclaimers", "created_ns",
}  # fmt: skip
_SINCE = {"person", "beat", "dimensions"}
"""Not in reports of version 1.0, which are kept."""


def test_the_schema_names_the_whole_envelope_as_required() -> None:
    schema = Report.model_json_schema()
    assert set(schema["properties"]) == _ENVELOPE | _SINCE
    assert set(schema["required"]) == _ENVELOPE


def test_a_report_survives_json() -> None:
    report = compose(given())
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_a_later_version_with_more_fields_can_be_read() -> None:
    body = compose(given()).model_dump(mode="json")
    assert Report.model_validate({**body, "from_the_future": 1}) == compose(given())


def test_a_report_of_the_first_version_can_be_read() -> None:
    body = compose(given()).model_dump(mode="json")
    old = {name: part for name, part in body.items() if name not in _SINCE}
    assert Report.model_validate(old).narrative == compose(given()).narrative


def test_a_number_that_is_none_is_not_a_report() -> None:
    body = compose(given()).model_dump(mode="json")
    body["quality"]["sqi"] = float("nan")
    with pytest.raises(ValidationError):
        Report.model_validate(body)


def test_the_identity_never_changes() -> None:
    # Written down once: reports in databases carry it.
    kept = UUID("b6f7fa1a-42d3-553a-b28b-51b84d496423")
    assert report_id("polar-h10-0A1B2C3D", 7, ReportKind.SUMMARY, 13_000) == kept


def test_the_identity_is_that_of_the_stretch() -> None:
    ids = {
        report_id(device, boot, kind, start)
        for device in ("a", "b")
        for boot in (1, 2)
        for kind in ReportKind
        for start in (0, 7800)
    }
    assert len(ids) == 8 * len(ReportKind)
