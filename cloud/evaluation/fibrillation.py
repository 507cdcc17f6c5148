"""AFDB style archives: atrial fibrillation by time, from the intervals alone and from the signal.

A record has rhythm changes in ``.atr``, beats in ``.qrs`` (else those of ``.atr`` are taken) and
mostly a signal. Where there is none, only the intervals are judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.analysis.rr_only import rhythms_of
from cloud.evaluation import archive
from cloud.evaluation.analysis import FoundRhythm, analyse
from cloud.evaluation.arrhythmia import (
    AF,
    EPISODE_COLUMNS,
    FLUTTER,
    average_cells,
    episode_cells,
)
from cloud.evaluation.episodes import EpisodeTally, compare
from cloud.evaluation.matching import Beats, Span
from cloud.evaluation.study import Aim, Options, Study, headline
from cloud.evaluation.tables import Cell, Table
from ecgcore.errors import ConfigError
from ecgcore.events import BeatLabel

BEATS, SIGNAL = "intervals", "signal"
_KINDS = ("AF", "AF or flutter")


@dataclass(frozen=True, slots=True)
class Job:
    """One record, one way."""

    folder: Path
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class RhythmScore:
    """What became of it."""

    name: str
    source: str
    episodes: tuple[EpisodeTally, ...]
    """In the order of `_KINDS`."""


def jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List the records, from intervals first."""
    del options
    names = archive.records_or_fail(folder, given, ".atr", "afdb")
    with_signal = [name for name in names if (folder / f"{name}.dat").is_file()]
    return [Job(folder, name, BEATS) for name in names] + [
        Job(folder, name, SIGNAL) for name in with_signal
    ]


def score(job: Job) -> RhythmScore:
    """Judge one record by its intervals or by its signal."""
    annotations = archive.read_annotations(job.folder, job.name, "atr")
    fs_hz = archive.rate_of(job.folder, job.name)
    if job.source == SIGNAL:
        lead = archive.read_lead(job.folder, job.name)
        rhythms, end = analyse(lead).rhythms, lead.ecg_mv.size
    else:
        has_qrs = (job.folder / f"{job.name}.qrs").is_file()
        with_beats = (
            archive.read_annotations(job.folder, job.name, "qrs") if has_qrs else annotations
        )
        beats = archive.beats_of(with_beats)
        if not beats.samples.size:
            msg = f"record {job.folder / job.name}: no beats in .qrs or .atr"
            raise ConfigError(msg)
        rhythms, end = _of_beats(beats, fs_hz), int(beats.samples[-1]) + 1
    there = archive.rhythms_of(annotations, end)
    whole = (there[0][0][0] if there else 0, end)

    def tally(notes: tuple[str, ...], labels: tuple[str, ...]) -> EpisodeTally:
        found: list[Span] = [rhythm.span for rhythm in rhythms if rhythm.label in labels]
        spans = [span for span, note in there if note in notes]
        return compare(spans, found, whole, fs_hz)

    return RhythmScore(
        job.name, job.source, (tally(("AFIB",), AF), tally(("AFIB", "AFL"), FLUTTER))
    )


def _of_beats(beats: Beats, fs_hz: float) -> tuple[FoundRhythm, ...]:
    labelled = (
        (sample / fs_hz, BeatLabel(letter))
        for sample, letter in zip(beats.samples.tolist(), beats.classes, strict=True)
    )
    return tuple(
        FoundRhythm((round(start_s * fs_hz), round(end_s * fs_hz)), label)
        for start_s, end_s, label, _ in rhythms_of(labelled)
    )


def tables(scores: Sequence[RhythmScore]) -> tuple[Table, ...]:
    """Give all tables."""
    total = sum((s.episodes[0] for s in scores if s.source == BEATS), EpisodeTally())
    aims = [
        Aim("AF Se % by time, intervals", total.seconds.sensitivity_pct, "97.1", ">= 97.5"),
        Aim("AF Sp % by time, intervals", total.specificity_pct, "98.4", ">= 98.5"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for source in (BEATS, SIGNAL):
        rows += _rows(source, [score for score in scores if score.source == source])
    return headline(aims), Table("episodes", "AF", ("", *EPISODE_COLUMNS), tuple(rows))


def _rows(source: str, scores: Sequence[RhythmScore]) -> Iterator[tuple[Cell, ...]]:
    if not scores:
        return
    for score in scores:
        yield f"{score.name}, {source}", *episode_cells(score.episodes[0])
    for n, kind in enumerate(_KINDS):
        total = sum((score.episodes[n] for score in scores), EpisodeTally())
        yield f"gross, {kind}, {source}", *episode_cells(total)
    yield f"average, AF, {source}", *average_cells([score.episodes[0] for score in scores])


AFDB = Study(jobs, score, tables)
