"""Measurements as a report carries them: with range, flag and codes, and beside the last ones."""

import math

from ecgcore.events import Measurement
from ecgcore.own_comparison import OwnComparisonConfig, compare
from ecgcore.person import UNKNOWN, Person
from ecgcore.reference import Reference, reference_of
from ecgcore.report import Codes, Comparison, Device, Flag, OwnPastMeasurement, ReportMeasurement
from ecgcore.report_input import ReportInput

_OWN_COMPARISON = OwnComparisonConfig()
_COMPARED = ("hr_mean", "rmssd", "sdnn", "pr_int", "qrs_dur", "qtc_fridericia")


def report_measurement(
    measured: Measurement, only_lead: str | None, person: Person = UNKNOWN
) -> ReportMeasurement:
    """Put a range, a flag and codes to a value.

    Parameters
    ----------
    only_lead : str or None
        Of a recording of one lead, which then all values are of.
    """
    reference = reference_of(measured.key, person.sex)
    # Codes are those of the value over all leads.
    codes = (
        Codes(loinc=reference.loinc, mdc=reference.mdc)
        if measured.lead is None and (reference.loinc or reference.mdc)
        else None
    )
    return ReportMeasurement(
        key=measured.key,
        value=measured.value,
        text=measured.text,
        vector=vector_of(measured),
        unit=measured.unit,
        dim=measured.dim,
        lead=measured.lead or only_lead,
        n=measured.n,
        sqi=measured.sqi,
        ref_low=reference.low,
        ref_high=reference.high,
        ref_id=reference.source,
        flag=_flag(measured.value, reference),
        codes=codes,
        null_reason=measured.null_reason,
    )


def vector_of(measured: Measurement) -> tuple[float | None, ...] | None:
    """Give the numbers of a vector, None for those that are not there."""
    if measured.vector is None:
        return None
    return tuple(each if math.isfinite(each) else None for each in measured.vector)


def compared(given: ReportInput) -> tuple[Comparison, ...]:
    """Put values beside those of the report before, if algorithm, site and leads are the same."""
    # Versions and sites are never joined silently: another's number is not the same number.
    previous = given.previous
    if previous is None or previous.algorithm != given.algorithm:
        return ()
    if _place(previous.device) != _place(given.device):
        return ()
    return tuple(
        Comparison(
            key=measured.key,
            unit=measured.unit,
            value=measured.value,
            previous=before,
            change=measured.value - before,
            previous_report_id=previous.report_id,
            previous_end_ns=previous.recording.end_ns,
            own_past=_own_past(given, measured, before),
        )
        for measured in given.window.measurements
        if measured.key in _COMPARED
        and measured.value is not None
        and (before := previous.value_of(measured.key)) is not None
    )


def _place(device: Device) -> tuple[str | None, tuple[str, ...]]:
    return device.site, device.leads


def _own_past(
    given: ReportInput, measured: Measurement, before: float
) -> tuple[OwnPastMeasurement, ...]:
    baseline = given.baseline
    past = None
    if baseline is not None and measured.key in baseline.config.keys:
        past = baseline.past(measured.key, given.start_ns)
    return tuple(
        OwnPastMeasurement(
            key=made.key,
            value=made.value,
            unit=made.unit,
            n=made.n,
            concern=concern,
            null_reason=made.null_reason,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
        )
        for made, concern, interval in compare(
            measured, before, past, given.start_ns, _OWN_COMPARISON
        )
    )


def _flag(value: float | None, reference: Reference) -> Flag | None:
    if value is None or reference.source is None:
        return None
    if reference.low is not None and value < reference.low:
        return Flag.LOW
    if reference.high is not None and value > reference.high:
        return Flag.HIGH
    return Flag.NORMAL
