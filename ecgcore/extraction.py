"""All biomarkers of one recording at once: the pipeline over it, then every table of measures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from ecgcore.annotator import AnnotatorConfig
from ecgcore.average import AverageConfig, average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import measure_average, unmeasured
from ecgcore.beat_class import BeatClassConfig
from ecgcore.beat_comparison import ComparisonConfig, measure_beats
from ecgcore.breathing_config import BreathingConfig
from ecgcore.breathing_table import measure_breathing
from ecgcore.catalogue import LATENT, Kind, catalogue
from ecgcore.delineate import DelineateConfig
from ecgcore.dynamics_table import measure_dynamics
from ecgcore.events import (
    USABLE_SQI,
    BeatClassified,
    BeatLabel,
    Event,
    Measurement,
    NullReason,
    QualityScored,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.form_config import FormConfig
from ecgcore.forms import measure_forms
from ecgcore.hrv_config import HrvConfig
from ecgcore.hrv_table import measure_hrv
from ecgcore.intervals import intervals_of
from ecgcore.lead_sums import measure_lead_sums
from ecgcore.lead_window import measure_lead_window
from ecgcore.leads import LeadsConfig
from ecgcore.limits import Share
from ecgcore.measured import gated, measurement_of, unusable
from ecgcore.nn import nn_mask
from ecgcore.normality import NormalityConfig
from ecgcore.normality_table import Values, measure_normality
from ecgcore.occasion import UNKNOWN_OCCASION, Occasion
from ecgcore.person import UNKNOWN, Person
from ecgcore.pipeline import ALGORITHM_VERSION, Pipeline, PipelineConfig
from ecgcore.prefilter import FilterConfig, filtered
from ecgcore.qt_config import DynamicsConfig
from ecgcore.quality import QualityConfig
from ecgcore.recorded import Recorded
from ecgcore.rhythm import AF_SHARE, RhythmConfig
from ecgcore.rhythm_table import RhythmTableConfig, measure_rhythm
from ecgcore.rpeak import RPeakConfig
from ecgcore.rr import RrConfig
from ecgcore.signal_table import SignalConfig, measure_signal
from ecgcore.spot import measure_span
from ecgcore.state import digest_of
from ecgcore.stored import StoredBeat, Window
from ecgcore.structure import StructureConfig, measure_structure
from ecgcore.types import EcgChunk, FloatArray, Gap, GapReason, SampleClock
from ecgcore.wellness import WellnessConfig, measure_wellness


@dataclass(frozen=True, slots=True)
class ExtractionConfig:
    """All parameters of an extraction; those of the rate and the leads come with the recording."""

    filter: FilterConfig = field(default_factory=FilterConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    detector: RPeakConfig = field(default_factory=RPeakConfig)
    leads: LeadsConfig = field(default_factory=LeadsConfig)
    rr: RrConfig = field(default_factory=RrConfig)
    delineator: DelineateConfig = field(default_factory=DelineateConfig)
    beat_class: BeatClassConfig = field(default_factory=BeatClassConfig)
    rhythm: RhythmConfig = field(default_factory=RhythmConfig)
    average: AverageConfig = field(default_factory=AverageConfig)
    hrv: HrvConfig = field(default_factory=HrvConfig)
    normality: NormalityConfig = field(default_factory=NormalityConfig)
    structure: StructureConfig = field(default_factory=StructureConfig)
    forms: FormConfig = field(default_factory=FormConfig)
    breathing: BreathingConfig = field(default_factory=BreathingConfig)
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    signal: SignalConfig = field(default_factory=SignalConfig)
    rhythm_table: RhythmTableConfig = field(default_factory=RhythmTableConfig)
    comparison: ComparisonConfig = field(default_factory=ComparisonConfig)
    wellness: WellnessConfig = field(default_factory=WellnessConfig)
    af_share: Share = AF_SHARE
    """A recording of which AF takes more has no variability of the sinus node."""

    @property
    def digest(self) -> str:
        """16 hex digits that change with any parameter."""
        return digest_of(self)

    def pipeline(self, fs_hz: float, n_leads: int, rail_mv: float | None = None) -> PipelineConfig:
        """Give the parameters of the pipeline for a rate and a number of leads."""
        return PipelineConfig(
            fs_hz,
            n_leads,
            rail_mv,
            self.quality,
            self.detector,
            self.leads,
            self.rr,
            AnnotatorConfig(self.delineator, self.beat_class, self.rhythm),
        )


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
    ecg_mv: FloatArray,
    fs_hz: float,
    leads: Sequence[str],
    config: ExtractionConfig,
    person: Person = UNKNOWN,
    occasion: Occasion = UNKNOWN_OCCASION,
) -> Extraction:
    """Measure a recording: `analyse`, then `measure`."""
    return measure(analyse(ecg_mv, fs_hz, leads, config, person, occasion), config)


def analyse(
    ecg_mv: FloatArray,
    fs_hz: float,
    leads: Sequence[str],
    config: ExtractionConfig,
    person: Person = UNKNOWN,
    occasion: Occasion = UNKNOWN_OCCASION,
    chunk_s: float = 1.0,
) -> Recorded:
    """Find all that biomarkers are measured from.

    Parameters
    ----------
    ecg_mv : FloatArray, shape (n_leads, n_samples)
        NaN where there is no sample.
    leads : Sequence[str]
        Names, as I, II, V1. Beats are found in the first, or another if that fails.
    chunk_s : float
        Fed to the pipeline so much at a time; changes nothing.

    Raises
    ------
    ValueError
        If the rate is not supported, there are no samples or they are no voltages of a body.
    """
    if not ecg_mv.size:
        msg = "no samples"
        raise ValueError(msg)
    ecg_mv = filtered(ecg_mv, fs_hz, config.filter)
    pipeline = Pipeline(config.pipeline(fs_hz, len(leads)))
    events: list[Event] = []
    for item in _items(ecg_mv, fs_hz, round(chunk_s * fs_hz)):
        events += pipeline.push(item)
    events += pipeline.finish()
    beats = [event for event in events if isinstance(event, BeatClassified)]
    window = _whole(events, beats, ecg_mv.shape[1], fs_hz)
    average = unusable(window.sqi, window.coverage) or average_beat(
        ecg_mv, 0, fs_hz, beats, config.average
    )
    return Recorded(
        ecg_mv=ecg_mv,
        fs_hz=fs_hz,
        leads=tuple(leads),
        events=tuple(events),
        window=window,
        average=average
        if isinstance(average, NullReason)
        else AverageSignal(average, fs_hz, tuple(leads), config.average.transform),
        person=person,
        occasion=occasion,
    )


def measure(recorded: Recorded, config: ExtractionConfig) -> Extraction:
    """Measure what was found, each family of the catalogue in turn; then set it against people."""
    found: dict[tuple[str, str | None], Measurement] = {}
    for family in FAMILIES:
        for each in family(recorded, config):
            found.setdefault((each.key, each.lead), each)
    for each in measure_wellness(recorded, found, config.wellness):
        found.setdefault((each.key, each.lead), each)
    duration_s, fs_hz = recorded.duration_s, recorded.fs_hz
    found = {at: gated(each, duration_s, fs_hz) for at, each in found.items()}
    measurements = (*found.values(), *_against_people(found, recorded, config))
    return Extraction(
        measurements=(*measurements, *_beyond(measurements, recorded.sqi)),
        n_beats=len(recorded.beats),
        duration_s=recorded.duration_s,
        sqi=recorded.sqi,
        algorithm=ALGORITHM_VERSION,
        parameters=config.digest,
    )


def _beyond(measured: Iterable[Measurement], sqi: float) -> Iterator[Measurement]:
    """Say of the rest of the registry why one recording cannot have it.

    Latent values are a table of their own (`cloud.embedding`).
    """
    known = {each.key for each in measured}
    for entry in catalogue().entries:
        is_one_value = entry.kind is not Kind.POINTER and not entry.key.endswith("*")
        if is_one_value and entry.key not in known and entry.group != LATENT:
            reason = NullReason.NOT_APPLICABLE if entry.is_measured else NullReason.NOT_MEASURED
            yield measurement_of(entry.key, reason, 0, sqi, None)


def _against_people(
    found: Values, recorded: Recorded, config: ExtractionConfig
) -> Iterable[Measurement]:
    if not config.normality.is_wanted:
        return ()
    return measure_normality(found, recorded.leads, recorded.person, recorded.sqi, config.normality)


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
    return measure_span(0, n_samples, parts, stored_beats(beats), 0, fs_hz)


def stored_beats(beats: Sequence[BeatClassified]) -> list[StoredBeat]:
    """Give the beats as they are kept, noise left out; times count from the first sample."""
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


def _of_average(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    if isinstance(recorded.average, NullReason):
        return unmeasured(recorded.average, recorded.leads, recorded.sqi)
    return measure_average(recorded.average, recorded.sqi)


def _of_variability(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    """Measure variability, unless the signal or the rhythm forbids it."""
    found = measure_hrv(
        recorded.rr_ms,
        nn_mask(recorded.rr_ms, recorded.is_label(BeatLabel.NORMAL), config.hrv.nn_reject),
        config.hrv,
        ventricular=recorded.is_label(BeatLabel.VENTRICULAR),
        beat_ms=np.array([beat.beat.time_ms for beat in recorded.beats], float),
        duration_s=recorded.duration_s,
        sqi=recorded.sqi,
    )
    reason = _no_variability(recorded, config)
    if reason is None:
        return found
    return (
        # How irregular all intervals are is what tells fibrillation.
        each
        if reason is NullReason.AF and each.key.startswith("af_")
        else measurement_of(each.key, reason, 0, recorded.sqi, None)
        for each in found
    )


def _no_variability(recorded: Recorded, config: ExtractionConfig) -> NullReason | None:
    """Say why intervals tell nothing of the sinus node, if so."""
    if recorded.sqi < USABLE_SQI:
        return NullReason.LOW_SQI
    return NullReason.AF if _is_af(recorded, config) else None


def _is_af(recorded: Recorded, config: ExtractionConfig) -> bool:
    return recorded.share_of([RhythmLabel.AFIB]) > config.af_share


def _of_structure(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_structure(recorded, config.structure, config.rhythm, config.af_share)


def _of_leads(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    for lead, of_lead in zip(recorded.leads, recorded.ecg_mv, strict=True):
        for key, value in measure_lead_window(
            of_lead, recorded.fs_hz, rail_mv=config.signal.rail_mv
        ).items():
            yield measurement_of(key, value, 0, recorded.sqi, lead)


def _of_lead_sums(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    for key, value in measure_lead_sums(recorded.ecg_mv, recorded.leads).items():
        yield measurement_of(key, value, 0, recorded.sqi, None)


def _of_forms(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_forms(recorded, config.forms)


def _of_breathing(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_breathing(recorded, _is_af(recorded, config), config.breathing)


def _of_dynamics(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_dynamics(recorded, _is_af(recorded, config), config.dynamics)


def _of_signal(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_signal(recorded, _is_af(recorded, config), config.signal)


def _of_window(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return recorded.window.measurements


def _of_rhythm(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_rhythm(recorded, config.rhythm_table, config.rhythm)


def _of_beats(recorded: Recorded, config: ExtractionConfig) -> Iterable[Measurement]:
    return measure_beats(recorded, config.comparison)


Family: TypeAlias = Callable[[Recorded, ExtractionConfig], Iterable[Measurement]]
FAMILIES: tuple[Family, ...] = (
    _of_average,
    _of_structure,
    _of_variability,
    _of_leads,
    _of_lead_sums,
    _of_forms,
    _of_breathing,
    _of_dynamics,
    _of_signal,
    _of_rhythm,
    _of_beats,
    _of_window,
)
"""All that is measured of a recording. Where two give a key, the first one's value stands: an
interval is the representative beat's before it is the window's."""
