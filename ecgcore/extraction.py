"""All biomarkers of one recording at once: the pipeline over it, then every table of measures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ecgcore.average import AverageConfig, average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import measure_average, unmeasured
from ecgcore.compose import StoredBeat, Window
from ecgcore.events import (
    USABLE_SQI,
    BeatClassified,
    BeatLabel,
    Event,
    Measurement,
    NullReason,
    QualityScored,
    RhythmEnded,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.hrv_config import HrvConfig
from ecgcore.hrv_table import measure_hrv
from ecgcore.intervals import intervals_of
from ecgcore.lead_window import measure_lead_window
from ecgcore.measured import gated, measurement_of
from ecgcore.nn import is_normal
from ecgcore.pipeline import ALGORITHM_VERSION, Pipeline, PipelineConfig
from ecgcore.rhythm import AF_SHARE
from ecgcore.spot import measure_span
from ecgcore.state import digest_of
from ecgcore.types import EcgChunk, FloatArray, Gap, GapReason, SampleClock


@dataclass(frozen=True, slots=True)
class ExtractionConfig:
    """All parameters of an extraction; those of the rate and the leads come with the recording."""

    average: AverageConfig = field(default_factory=AverageConfig)
    hrv: HrvConfig = field(default_factory=HrvConfig)
    af_share: float = AF_SHARE
    """A recording of which AF takes more has no variability of the sinus node."""
    chunk_s: float = 1.0
    """Fed to the pipeline so much at a time; changes nothing."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a recording was measured to be."""

    measurements: tuple[Measurement, ...]
    n_beats: int
    """Named and not noise."""
    duration_s: float
    sqi: float
    algorithm: str
    parameters: str
    """Digest of all parameters."""


def extract(
    ecg_mv: FloatArray, fs_hz: float, leads: Sequence[str], config: ExtractionConfig
) -> Extraction:
    """Measure a recording.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
        NaN where there is no sample.
    leads : Sequence[str]
        Names, as I, II, V1. Beats are found in the first, or another if that fails.

    Raises
    ------
    ValueError
        If the rate is not supported, there are no samples or they are no voltages of a body.
    """
    if not ecg_mv.size:
        msg = "no samples"
        raise ValueError(msg)
    pipeline_config = PipelineConfig(fs_hz, n_leads=len(leads))
    pipeline = Pipeline(pipeline_config)
    events: list[Event] = []
    for item in _items(ecg_mv, fs_hz, round(config.chunk_s * fs_hz)):
        events += pipeline.push(item)
    events += pipeline.finish()
    beats = [event for event in events if isinstance(event, BeatClassified)]
    window = _whole(events, beats, ecg_mv.shape[1], fs_hz)
    average = average_beat(ecg_mv, 0, fs_hz, beats, config.average)
    if isinstance(average, NullReason):
        of_average = unmeasured(average, tuple(leads), window.sqi)
    else:
        signal = AverageSignal(average, fs_hz, tuple(leads))
        of_average = measure_average(signal, window.sqi)
    of_hrv = _hrv(events, beats, window, fs_hz, config)
    duration_s = ecg_mv.shape[1] / fs_hz
    found = (
        *_others(window.measurements, (*of_average, *of_hrv)),
        *of_hrv,
        *of_average,
        *_of_leads(ecg_mv, fs_hz, leads, window.sqi),
    )
    return Extraction(
        measurements=tuple(gated(each, duration_s, fs_hz) for each in found),
        n_beats=sum(beat.label is not BeatLabel.NOISE for beat in beats),
        duration_s=duration_s,
        sqi=window.sqi,
        algorithm=ALGORITHM_VERSION,
        parameters=digest_of((pipeline_config, config)),
    )


def _items(ecg_mv: FloatArray, fs_hz: float, n_chunk: int) -> Iterator[EcgChunk | Gap]:
    """Give chunks, and gaps where a lead has no sample."""
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    is_missing = np.atleast_1d(np.isnan(ecg_mv).any(axis=0))
    borders = np.flatnonzero(np.diff(is_missing)) + 1
    for first, last in zip([0, *borders], [*borders, ecg_mv.shape[1]], strict=True):
        if first == last:
            continue
        if is_missing[first]:
            yield Gap(int(first), int(last - first), GapReason.MISSING)
            continue
        for at in range(first, last, n_chunk):
            yield EcgChunk(int(at), ecg_mv[:, at : min(at + n_chunk, last)], clock)


def _whole(
    events: Sequence[Event], beats: Sequence[BeatClassified], n_samples: int, fs_hz: float
) -> Window:
    # Quality by the second, so that what no window of ten covers counts as well; the noise is told
    # by windows alone and goes with the second each begins with.
    measured = {
        e.start: e.measurements
        for e in events
        if isinstance(e, WindowClosed) and e.kind is WindowKind.S10
    }
    parts = [
        Window(e.start, e.end, e.sqi, 1.0, 0, measured.get(e.start, ()), e.reasons)
        for e in events
        if isinstance(e, QualityScored)
    ]
    return measure_span(0, n_samples, parts, _stored(beats), 0, fs_hz)


def _stored(beats: Sequence[BeatClassified]) -> list[StoredBeat]:
    return [
        StoredBeat(
            sample=beat.sample,
            utc_ns=round(beat.beat.time_ms * 1e6),
            amplitude_mv=beat.beat.amplitude_mv,
            rr_ms=beat.rr_ms,
            label=beat.label,
            intervals=intervals_of(beat.waves, beat.beat.sample_ms),
        )
        for beat in beats
        if beat.label is not BeatLabel.NOISE
    ]


def _hrv(
    events: Sequence[Event],
    beats: Sequence[BeatClassified],
    window: Window,
    fs_hz: float,
    config: ExtractionConfig,
) -> tuple[Measurement, ...]:
    """Measure variability, unless the signal or the rhythm forbids it."""
    heard = [beat for beat in beats if beat.label is not BeatLabel.NOISE]
    rr_ms = np.array([beat.rr_ms for beat in heard], float)
    is_sinus = np.array([beat.label is BeatLabel.NORMAL for beat in heard], bool)
    found = measure_hrv(
        rr_ms,
        is_normal(rr_ms, config.hrv.nn_reject)
        & is_sinus
        & np.r_[True, is_sinus[:-1]][: rr_ms.size],
        config.hrv,
        ventricular=np.array([beat.label is BeatLabel.VENTRICULAR for beat in heard], bool),
        beat_ms=np.array([beat.beat.time_ms for beat in heard], float),
        duration_s=(window.end - window.start) / fs_hz,
        sqi=window.sqi,
    )
    reason = _no_variability(events, window, config)
    if reason is None:
        return found
    return tuple(
        # How irregular all intervals are is what tells fibrillation.
        each
        if reason is NullReason.AF and each.key.startswith("af_")
        else measurement_of(each.key, reason, 0, window.sqi, None)
        for each in found
    )


def _no_variability(
    events: Sequence[Event], window: Window, config: ExtractionConfig
) -> NullReason | None:
    """Say why intervals tell nothing of the sinus node, if so."""
    if window.sqi < USABLE_SQI:
        return NullReason.LOW_SQI
    n_af = sum(
        event.end - event.start
        for event in events
        if isinstance(event, RhythmEnded) and event.label is RhythmLabel.AFIB
    )
    return NullReason.AF if n_af > config.af_share * (window.end - window.start) else None


def _of_leads(
    ecg_mv: FloatArray, fs_hz: float, leads: Sequence[str], sqi: float
) -> Iterator[Measurement]:
    for lead, of_lead in zip(leads, ecg_mv, strict=True):
        for key, value in measure_lead_window(of_lead, fs_hz).items():
            yield measurement_of(key, value, 0, sqi, lead)


def _others(
    of_window: Sequence[Measurement], of_average: Sequence[Measurement]
) -> list[Measurement]:
    """Leave out what the representative beat gives as well: an interval is then the average's."""
    known = {(each.key, each.lead) for each in of_average}
    return [each for each in of_window if (each.key, each.lead) not in known]
