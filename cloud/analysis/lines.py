"""What the commands print, line by line as it is found."""

from collections.abc import Iterable, Iterator

from cloud.analysis.inputs import Signal
from cloud.analysis.rr_only import rhythms_of
from ecgcore.events import BeatClassified, BeatLabel, BeatWaves, Event, RhythmEnded, Wave
from ecgcore.pipeline import Pipeline, PipelineConfig

WAVE_COLUMNS = ("p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off")
U_COLUMNS = ("u_on", "u", "u_off")


def of_beats(signal: Signal) -> Iterator[str]:
    """Give ``SAMPLE<TAB>LABEL`` of each beat."""
    for beat in _beats(signal):
        yield f"{beat.sample}\t{beat.label.aami}"


def of_waves(signal: Signal, with_u: bool = False) -> Iterator[str]:
    """Give a header and one row of sample indices a beat; those of U only if they are wanted."""
    yield "\t".join((*WAVE_COLUMNS, *U_COLUMNS) if with_u else WAVE_COLUMNS)
    for beat in _beats(signal):
        u = _points(beat.waves.u) if with_u else ()
        yield "\t".join([*_row(beat.sample, beat.waves), *u])


def of_rhythms(signal: Signal) -> Iterator[str]:
    """Give ``START<TAB>END<TAB>LABEL<TAB>CONFIDENCE`` of each stretch, in samples."""
    for event in _events(signal):
        if isinstance(event, RhythmEnded):
            yield f"{event.start}\t{event.end}\t{event.label}\t{event.confidence:.3f}"


def of_rhythms_of_beats(beats: Iterable[tuple[float, BeatLabel]]) -> Iterator[str]:
    """Give the same from beats alone, in seconds."""
    for start_s, end_s, label, confidence in rhythms_of(beats):
        yield f"{start_s:.3f}\t{end_s:.3f}\t{label}\t{confidence:.3f}"


def _events(signal: Signal) -> Iterator[Event]:
    pipeline = Pipeline(PipelineConfig(signal.fs_hz))
    for item in signal.items():
        yield from pipeline.push(item)
    yield from pipeline.finish()


def _beats(signal: Signal) -> Iterator[BeatClassified]:
    for event in _events(signal):
        if isinstance(event, BeatClassified) and event.label is not BeatLabel.NOISE:
            yield event


def _row(sample: int, waves: BeatWaves) -> list[str]:
    p, t = _points(waves.p), _points(waves.t)
    onset, _, offset = _points(waves.qrs)
    return [*p, onset, str(sample), offset, *t]


def _points(wave: Wave | None) -> tuple[str, str, str]:
    if wave is None:
        return "", "", ""
    return str(round(wave.onset)), str(round(wave.peak)), str(round(wave.offset))
