"""A report as the bytes of a file."""

import json
from typing import Literal

from cloud.reporting.fhir.kinds import fhir_of
from cloud.reporting.fhir.terms import Version
from cloud.reporting.text import Language
from cloud.reporting.text_kinds import text_of
from ecgcore.errors import ConfigError
from ecgcore.report_kinds import AnyReport


def rendered(
    report: AnyReport,
    format_: Literal["json", "text", "pdf", "fhir"],
    lang: Language = "en",
    fhir_version: Version = "r4",
) -> bytes:
    """Write a report in a format.

    Raises
    ------
    ConfigError
        If this kind has no such form, or what draws it is not installed.
    """
    if format_ == "json":
        return (report.model_dump_json() + "\n").encode()
    if format_ == "fhir":
        bundle = fhir_of(report, fhir_version)
        text = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"))
        return (text + "\n").encode()
    return _pdf_of(report, lang) if format_ == "pdf" else text_of(report, lang).encode()


def _pdf_of(report: AnyReport, lang: Language) -> bytes:
    try:
        # Slow to import.
        from cloud.reporting.pdf.kinds import printed_report
    except ModuleNotFoundError as error:
        msg = "--format pdf needs reportlab: pip install 'ecgomics[cloud]'"
        raise ConfigError(msg) from error
    return printed_report(report, lang)
