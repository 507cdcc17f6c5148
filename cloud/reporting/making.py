"""The report of a recording on disk, of any kind that one recording can give."""

from pathlib import Path

from cloud.reporting.reading import analysed, input_of, read_recording
from ecgcore.compose import compose
from ecgcore.extraction import ExtractionConfig
from ecgcore.person import UNKNOWN, Person
from ecgcore.report import Report, ReportKind


def spot_report(
    path: Path,
    created_ns: int,
    person: Person = UNKNOWN,
    config: ExtractionConfig | None = None,
) -> Report:
    """Make the report of a short recording.

    Raises
    ------
    ConfigError
        If it cannot be read or analysed.
    """
    config = config or ExtractionConfig()
    leads = read_recording(path, person)
    given = input_of(leads, analysed(leads, config), ReportKind.SPOT, created_ns, config)
    return compose(given)
