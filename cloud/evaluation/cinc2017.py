"""Challenge 2017: one of four classes for each handheld recording.

N normal rhythm, A atrial fibrillation, O another rhythm, ~ too noisy to say, as
`cloud.evaluation.recording` makes of what the pipeline found. Beside it stands the share of the
time that the rhythm stage called fibrillation.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.evaluation import archive
from cloud.evaluation.analysis import UNREADABLE, Analysis, analyse
from cloud.evaluation.episodes import merged
from cloud.evaluation.recording import class_of_figures, figures_of
from cloud.evaluation.study import (
    TALLY_COLUMNS,
    Aim,
    Options,
    Study,
    headline,
    tally_cells,
    tuned_flag,
)
from cloud.evaluation.tables import Cell, Table
from cloud.evaluation.tally import Tally, average
from ecgcore.errors import ConfigError
from ecgcore.events import PATTERNS, RhythmLabel

CLASSES = "NAO~"
UNNAMED = (*UNREADABLE, RhythmLabel.UNDETERMINED)


@dataclass(frozen=True, slots=True)
class Job:
    """One recording."""

    folder: Path
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class RecordingScore:
    """What one recording is and was taken for."""

    name: str
    tuned: str
    label: str
    found: str
    af_share: float


def jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List the recordings that are there and have a label."""
    del options
    references = sorted(folder.glob("REFERENCE*.csv"))
    if not references:
        msg = f"{given}: no REFERENCE.csv of cinc2017 in it"
        raise ConfigError(msg)
    # The last revision of the labels has the highest number.
    with references[-1].open(newline="") as file:
        labels = [(row[0], row[1]) for row in csv.reader(file) if len(row) == 2]
    found = [
        Job(folder, name, label)
        for name, label in labels
        if label in CLASSES and (folder / f"{name}.hea").is_file()
    ]
    if not found:
        msg = f"{given}: none of the recordings of {references[-1].name} is in it"
        raise ConfigError(msg)
    return found


def score(job: Job) -> RecordingScore:
    """Analyse and judge one recording."""
    lead = archive.read_lead(job.folder, job.name)
    found = analyse(lead)
    figures = figures_of(found, lead.ecg_mv, lead.fs_hz)
    label = "~" if figures is None else class_of_figures(figures)
    tuned = tuned_flag("cinc2017", job.name)
    return RecordingScore(job.name, tuned, job.label, label, af_share(found))


def af_share(found: Analysis) -> float:
    """Give the share of AF in the time that has a rhythm; 0 where none has."""

    def samples(*labels: RhythmLabel) -> int:
        return sum(end - first for first, end in merged(found.spans_of(*labels)))

    bases = [label for label in RhythmLabel if label not in PATTERNS and label not in UNNAMED]
    named = samples(*bases)
    return samples(RhythmLabel.AFIB) / named if named else 0.0


def tally_of(scores: Sequence[RecordingScore], label: str) -> Tally:
    """Count one class against the rest."""
    return Tally(
        tp=sum(each.label == each.found == label for each in scores),
        fn=sum(each.label == label != each.found for each in scores),
        fp=sum(each.found == label != each.label for each in scores),
    )


def tables(scores: Sequence[RecordingScore]) -> tuple[Table, ...]:
    """Give all tables."""
    tallies = {label: tally_of(scores, label) for label in CLASSES}
    score_pct = average(tallies[label].f1_pct for label in "NAO")
    aims = [
        Aim("F1 of A %", tallies["A"].f1_pct, "", ">= 84"),
        Aim("mean F1 of N, A, O %", score_pct, "83 winners of the challenge", ""),
    ]
    rows = tuple(
        (label, int(tally.tp + tally.fn), *tally_cells(tally)) for label, tally in tallies.items()
    )
    return (
        headline(aims),
        Table("classes", "By class", ("class", "recordings", *TALLY_COLUMNS), rows),
        _confusion(scores),
        _recordings(scores),
    )


def _confusion(scores: Sequence[RecordingScore]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            label,
            *(sum(e.label == label and e.found == found for e in scores) for found in CLASSES),
        )
        for label in CLASSES
    )
    title = "What each labelled recording (row) was taken for (column)"
    return Table("confusion", title, ("label", *CLASSES), rows)


def _recordings(scores: Sequence[RecordingScore]) -> Table:
    rows = tuple((e.name, e.tuned, e.label, e.found, e.af_share) for e in scores)
    columns = ("recording", "tuned on", "label", "found", "AF share")
    return Table("recordings", "By recording", columns, rows, is_long=True)


CINC2017 = Study(jobs, score, tables)
