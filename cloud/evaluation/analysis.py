"""What the product finds in one lead: the same pipeline, fed as a patch would feed it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.analysis.inputs import cut_at_gaps
from cloud.evaluation.archive import Lead
from cloud.evaluation.heart_rate import RateWindow
from cloud.evaluation.matching import Beats, Span
from ecgcore.errors import ConfigError
from ecgcore.events import (
    BeatClassified,
    BeatLabel,
    BeatWaves,
    Event,
    QualityScored,
    RhythmEnded,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.types import EcgChunk, FloatArray, Gap, SampleClock

CHUNK_SAMPLES = 250
UNREADABLE = (RhythmLabel.NOISE, RhythmLabel.LEAD_OFF)


@dataclass(frozen=True, slots=True)
class FoundRhythm:
    """A stretch of one rhythm."""

    span: Span
    label: RhythmLabel


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that is judged."""

    beats: Beats
    waves: tuple[BeatWaves, ...]
    """One for each beat."""
    rhythms: tuple[FoundRhythm, ...]
    rates: tuple[RateWindow, ...]
    sqi: tuple[float, ...] = ()
    """Quality index of each second, 0 to 1."""
    confidence: tuple[float, ...] = ()
    """Of each beat, 0 to 1, that there is one."""

    def spans_of(self, *labels: RhythmLabel) -> list[Span]:
        """Give the stretches of some rhythms."""
        return [rhythm.span for rhythm in self.rhythms if rhythm.label in labels]


def analyse(lead: Lead) -> Analysis:
    """Run the pipeline over one lead; missing samples are a gap.

    Raises
    ------
    ConfigError
        If the rate is not supported or the samples are no voltages of a body.
    """
    try:
        pipeline = Pipeline(PipelineConfig(lead.fs_hz))
        events = [e for item in _items(lead.ecg_mv, lead.fs_hz) for e in pipeline.push(item)]
    except ValueError as error:
        msg = f"record {lead.name}: {error}"
        raise ConfigError(msg) from error
    return _analysis([*events, *pipeline.finish()])


def _items(ecg_mv: FloatArray, fs_hz: float) -> Iterator[EcgChunk | Gap]:
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    for at in range(0, ecg_mv.size, CHUNK_SAMPLES):
        yield from cut_at_gaps(ecg_mv[at : at + CHUNK_SAMPLES], at, clock)


def _analysis(events: Sequence[Event]) -> Analysis:
    classified = [event for event in events if isinstance(event, BeatClassified)]
    beats = [beat for beat in classified if beat.label is not BeatLabel.NOISE]
    rhythms = tuple(
        FoundRhythm((event.start, event.end), event.label)
        for event in events
        if isinstance(event, RhythmEnded)
    )
    return Analysis(
        beats=Beats(
            np.array([beat.sample for beat in beats], np.int64),
            "".join(beat.label.aami for beat in beats),
            tuple(rhythm.span for rhythm in rhythms if rhythm.label in UNREADABLE),
        ),
        waves=tuple(beat.waves for beat in beats),
        rhythms=rhythms,
        rates=tuple(_rates(events)),
        sqi=tuple(event.sqi for event in events if isinstance(event, QualityScored)),
        confidence=tuple(beat.beat.confidence for beat in beats),
    )


def _rates(events: Sequence[Event]) -> Iterator[RateWindow]:
    for event in events:
        if isinstance(event, WindowClosed) and event.kind is WindowKind.S10:
            value = next((m.value for m in event.measurements if m.key == "hr_mean"), None)
            yield RateWindow(event.start, event.end, value)
