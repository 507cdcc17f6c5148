"""From a recording on disk to what a report is made from."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from cloud.evaluation.archive import Leads, read_leads
from cloud.extraction.work import records_in
from cloud.reporting.model_beside import with_model
from ecgcore.average_signal import AverageSignal
from ecgcore.errors import ConfigError
from ecgcore.events import QualityScored, RhythmLabel
from ecgcore.extraction import ExtractionConfig, analyse, measure, stored_beats
from ecgcore.person import UNKNOWN, Person
from ecgcore.prefilter import FilterMethod
from ecgcore.recorded import Recorded
from ecgcore.report import Algorithm, Device, ReportKind
from ecgcore.report_beat import beat_of
from ecgcore.report_input import ReportInput
from ecgcore.sample_runs import SampleRun
from ecgcore.stored import StoredBeat, StoredRhythm, Window
from ecgcore.types import FloatArray, Gap

LSB_PV = 1_000_000
"""Strips are kept to 1 uV."""
_PART_S = 10.0
_NO_RHYTHM = frozenset({RhythmLabel.NOISE, RhythmLabel.LEAD_OFF})


def read_recording(path: Path, person: Person = UNKNOWN) -> Leads:
    """Read one recording; what is known of the person wins over what its header says.

    Raises
    ------
    ConfigError
        If the path is not one recording, or cannot be read.
    """
    records = records_in([path])
    if len(records) != 1:
        msg = f"{path}: {len(records)} recordings in it; a report is of one"
        raise ConfigError(msg)
    leads = read_leads(records[0])
    told = leads.person
    age_years = told.age_years if person.age_years is None else person.age_years
    return replace(leads, person=Person(person.sex or told.sex, age_years))


def analysed(leads: Leads, config: ExtractionConfig) -> Recorded:
    """Analyse a recording.

    Raises
    ------
    ConfigError
        If it cannot be analysed; it is named.
    """
    try:
        return analyse(leads.ecg_mv, leads.fs_hz, leads.names, config, leads.person)
    except ValueError as error:
        msg = f"recording {leads.name}: {error}"
        raise ConfigError(msg) from error


def input_of(
    leads: Leads,
    recorded: Recorded,
    kind: ReportKind,
    created_ns: int,
    config: ExtractionConfig,
) -> ReportInput:
    """Measure what was found and put it into the form that reports are made from."""
    found = measure(recorded, config)
    # What single beats spread over is for tables (`ecgomics extract`), not for readers of a report.
    told = with_model((each for each in found.measurements if "." not in each.key), leads)
    start_ns = origin_ns(leads)
    average = recorded.average
    return ReportInput(
        kind=kind,
        created_ns=created_ns,
        patient_ref=leads.name,
        device=device_of(leads, config),
        algorithm=Algorithm(
            name="ecgomics", version=found.algorithm, params_digest=found.parameters
        ),
        window=replace(recorded.window, n_beats=found.n_beats, measurements=told),
        start_ns=start_ns,
        end_ns=start_ns + round(recorded.duration_s * 1e9),
        parts=parts_of(recorded),
        gaps=recorded.of_kind(Gap),
        beats=beats_of(recorded, start_ns),
        rhythms=rhythms_of(recorded),
        runs=runs_of(recorded.ecg_mv),
        beat=beat_of(average) if isinstance(average, AverageSignal) else None,
        person=recorded.person,
        is_time_known=leads.start is not None,
    )


def origin_ns(leads: Leads) -> int:
    """Give the UTC of the first sample, 0 where it is not known."""
    return 0 if leads.start is None else round(leads.start.timestamp()) * 10**9


def device_of(leads: Leads, config: ExtractionConfig) -> Device:
    """Say what recorded, as far as a file tells, and what we filtered."""
    method = config.filter.method
    return Device(
        device_id=leads.name,
        boot_id=0,
        leads=leads.names,
        fs_nominal_hz=leads.fs_hz,
        lsb_pv=LSB_PV,
        filters=None if method is FilterMethod.NONE else (str(method),),
    )


def parts_of(recorded: Recorded) -> tuple[Window, ...]:
    """Give the recording in pieces of ten seconds of judged signal, the last one shorter."""
    scored = recorded.of_kind(QualityScored)
    n_part = round(_PART_S * recorded.fs_hz)
    groups: dict[int, list[QualityScored]] = {}
    for each in scored:
        groups.setdefault(each.start // n_part, []).append(each)
    return tuple(_part(group) for group in groups.values())


def _part(scored: list[QualityScored]) -> Window:
    start, end = scored[0].start, scored[-1].end
    n_there = sum(each.end - each.start for each in scored)
    sqi = sum(each.sqi * (each.end - each.start) for each in scored) / (end - start)
    reasons = dict.fromkeys(str(reason) for each in scored for reason in each.reasons)
    return Window(start, end, sqi, n_there / (end - start), 0, quality_reasons=tuple(reasons))


def beats_of(recorded: Recorded, start_ns: int) -> tuple[StoredBeat, ...]:
    """Give the beats with their UTC."""
    return tuple(
        replace(beat, utc_ns=start_ns + beat.utc_ns) for beat in stored_beats(recorded.beats)
    )


def rhythms_of(recorded: Recorded) -> tuple[StoredRhythm, ...]:
    """Give the rhythms by their start; noise is none."""
    found = (
        StoredRhythm(each.label, each.start, each.end, each.confidence)
        for each in recorded.rhythms
        if each.label not in _NO_RHYTHM
    )
    return tuple(sorted(found, key=lambda each: each.start))


def runs_of(ecg_mv: FloatArray) -> tuple[SampleRun, ...]:
    """Give the stretches where every lead has samples."""
    is_there = np.atleast_1d(np.isfinite(ecg_mv).all(axis=0))
    borders = np.flatnonzero(np.diff(is_there)) + 1
    edges = [0, *borders.tolist(), ecg_mv.shape[1]]
    scale = 1e9 / LSB_PV
    return tuple(
        SampleRun(first, np.rint(scale * ecg_mv[:, first:end]).astype(np.int32))
        for first, end in pairwise(edges)
        if first < end and is_there[first]
    )
