"""A report as the bytes of a file."""

from cloud.reporting.text import Language, text_of
from ecgcore.report import Report


def rendered(report: Report, format_: str, lang: Language, fhir_version: str) -> bytes:
    """Write a report in a format."""
    if format_ == "json":
        return (report.model_dump_json(indent=1) + "\n").encode()
    return text_of(report, lang).encode()
