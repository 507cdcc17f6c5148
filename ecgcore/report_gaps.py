"""Gaps as a report names them."""

from ecgcore.report import RecordingGap
from ecgcore.report_input import ReportInput
from ecgcore.types import Gap


def gap_of(given: ReportInput, gap: Gap) -> RecordingGap:
    """Give a gap with its times."""
    start_ns = given.time_ns(gap.start)
    return RecordingGap(
        start_counter=gap.start,
        n_samples=gap.n_samples,
        start_ns=start_ns,
        duration_s=(given.time_ns(gap.end) - start_ns) / 1e9,
        reason=gap.reason.name.lower(),
    )
