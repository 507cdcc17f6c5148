"""A report as the bytes of a file."""

import json

from cloud.reporting.fhir.bundle import bundle_of
from cloud.reporting.fhir.terms import Version
from cloud.reporting.text import Language, text_of
from ecgcore.errors import ConfigError
from ecgcore.report import Report


def rendered(report: Report, format_: str, lang: Language, fhir_version: Version) -> bytes:
    """Write a report in a format."""
    if format_ == "json":
        return (report.model_dump_json(indent=1) + "\n").encode()
    if format_ == "fhir":
        return (json.dumps(bundle_of(report, report.kind, fhir_version), indent=1) + "\n").encode()
    if format_ == "pdf":
        return _pdf_of(report, lang)
    return text_of(report, lang).encode()


def _pdf_of(report: Report, lang: Language) -> bytes:
    try:
        # Slow to import.
        from cloud.reporting.pdf.spot import pdf_of
    except ModuleNotFoundError as error:
        msg = "--format pdf needs reportlab: pip install 'ecgomics[cloud]'"
        raise ConfigError(msg) from error
    return pdf_of(report, lang)
