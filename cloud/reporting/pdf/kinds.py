"""Reports of every kind, printed."""

from cloud.reporting.pdf.event import pdf_of_event
from cloud.reporting.pdf.holter import pdf_of_holter
from cloud.reporting.pdf.spot import pdf_of
from cloud.reporting.pdf.trend import pdf_of_trend
from cloud.reporting.text import Language
from ecgcore.errors import ConfigError
from ecgcore.report import Report
from ecgcore.report_kinds import AnyReport, EventReport, HolterReport, TrendReport


def printed_report(report: AnyReport, lang: Language) -> bytes:
    """Print a report.

    Raises
    ------
    ConfigError
        If it is a live summary: it is over before it is printed.
    """
    if isinstance(report, Report):
        return pdf_of(report, lang)
    if isinstance(report, EventReport):
        return pdf_of_event(report, lang)
    if isinstance(report, HolterReport):
        return pdf_of_holter(report, lang)
    if isinstance(report, TrendReport):
        return pdf_of_trend(report, lang)
    msg = "--format pdf: a live summary has no printed form"
    raise ConfigError(msg)
