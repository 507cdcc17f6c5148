"""The family of forms: classes, flags and indices of the shape of the beats of a recording."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from ecgcore.average_signal import AverageSignal
from ecgcore.beat_waves import p_present, u_present
from ecgcore.events import BeatClassified, Measurement, NullReason
from ecgcore.form_config import FormConfig
from ecgcore.global_forms import GLOBAL_FORMS, global_forms
from ecgcore.lead_forms import LEAD_FORMS, lead_forms
from ecgcore.measured import Said, measurement_of
from ecgcore.pace_spikes import spikes_of
from ecgcore.recorded import Recorded
from ecgcore.types import FloatArray, SampleIndex

SPIKES = ("pace_spike_count", "pace_spike_qrs")
OF_BEATS = ("p_present", "u_present")
LEAD_FORM_KEYS = (*LEAD_FORMS, *OF_BEATS)
"""Keys that are given of each lead."""
FORM_KEYS = (*GLOBAL_FORMS, *SPIKES, *LEAD_FORM_KEYS)
"""All keys that are given here."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the forms of each lead are told from: of a whole recording or a window of a stream."""

    ecg_mv: FloatArray
    """shape (n_leads, n_samples)"""
    start: SampleIndex
    """Counter of its first sample."""
    fs_hz: float
    leads: tuple[str, ...]
    beats: Sequence[BeatClassified]
    average: AverageSignal | NullReason
    sqi: float
    unusable: NullReason | None
    """Why nothing that rests on beats can be given, if so."""

    @property
    def signal(self) -> AverageSignal | NullReason:
        """The representative beat, or why nothing can be told from one."""
        return self.unusable or self.average


def measure_forms(recorded: Recorded, config: FormConfig) -> Iterator[Measurement]:
    """Measure the forms; where signal or beats do not carry them, each is null with the reason."""
    stretch = Stretch(
        ecg_mv=recorded.ecg_mv,
        start=0,
        fs_hz=recorded.fs_hz,
        leads=recorded.leads,
        beats=recorded.beats,
        average=recorded.average,
        sqi=recorded.sqi,
        unusable=recorded.unusable,
    )
    yield from _of_all_leads(recorded, stretch.signal, config)
    yield from measure_lead_forms(stretch, config)


def measure_lead_forms(
    stretch: Stretch, config: FormConfig, keys: Container[str] = FORM_KEYS
) -> Iterator[Measurement]:
    """Measure those of each lead, or some keys of them."""
    signal, sqi = stretch.signal, stretch.sqi
    if isinstance(signal, NullReason):
        for lead in stretch.leads:
            for key in LEAD_FORMS:
                if key in keys:
                    yield measurement_of(key, signal, 0, sqi, lead)
    else:
        for (key, of), said in lead_forms(signal, config, keys).items():
            yield measurement_of(key, said, signal.beat.n_beats, sqi, of)
    for k, lead in enumerate(stretch.leads):
        for key, said in _of_beats(stretch, k, config, keys):
            yield measurement_of(key, stretch.unusable or said, len(stretch.beats), sqi, lead)


def _of_beats(
    stretch: Stretch, lead: int, config: FormConfig, keys: Container[str]
) -> Iterator[tuple[str, Said]]:
    beats, limits = stretch.beats, config.beat_waves
    if "p_present" in keys:
        ecg_mv = stretch.ecg_mv[lead]
        yield "p_present", p_present(beats, lead, ecg_mv, stretch.start, stretch.fs_hz, limits)
    if "u_present" in keys:
        yield "u_present", u_present(beats, lead, limits)


def _of_all_leads(
    recorded: Recorded, signal: AverageSignal | NullReason, config: FormConfig
) -> Iterator[Measurement]:
    sqi, reason = recorded.sqi, recorded.unusable
    if isinstance(signal, NullReason):
        yield from (measurement_of(key, signal, 0, sqi, None) for key in GLOBAL_FORMS)
    else:
        for key, said in global_forms(signal, recorded.person, config).items():
            yield measurement_of(key, said, signal.beat.n_beats, sqi, None)
    spikes = (reason, reason) if reason else spikes_of(recorded, config.pace_spikes)
    for key, value in zip(SPIKES, spikes, strict=True):
        yield measurement_of(key, value, len(recorded.beats), sqi, None)
