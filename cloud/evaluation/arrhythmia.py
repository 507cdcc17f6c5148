"""MIT-BIH style records: beats, runs, episodes and heart rate by the rules of ANSI/AAMI EC57.

The first five minutes are for learning and do not count; nor do beats in ventricular flutter or
fibrillation. Paced records count for QRS detection only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloud.evaluation import archive
from cloud.evaluation.analysis import Analysis, analyse
from cloud.evaluation.episodes import EpisodeTally, compare
from cloud.evaluation.heart_rate import RateError, rate_error
from cloud.evaluation.matching import COLUMNS, Confusion, confusion
from cloud.evaluation.runs import KINDS, RunTallies, run_tallies
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
from cloud.evaluation.tally import Tally, average, gross
from ecgcore.events import RhythmLabel

LEARNING_S = 300.0
AF, FLUTTER, VF = (RhythmLabel.AFIB,), (RhythmLabel.AFIB, RhythmLabel.AFLUTTER), (RhythmLabel.VF,)
_EPISODE_NAMES = ("AF", "AF or flutter", "VF")


@dataclass(frozen=True, slots=True)
class Job:
    """One record."""

    folder: Path
    name: str
    dataset: str


@dataclass(frozen=True, slots=True)
class RecordScore:
    """What became of one record."""

    name: str
    tuned: str
    is_paced: bool
    confusion: Confusion
    ve_runs: RunTallies
    sve_runs: RunTallies
    episodes: tuple[EpisodeTally, ...]
    """In the order of `_EPISODE_NAMES`."""
    rate: RateError


def jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List the records."""
    del options
    names = archive.records_or_fail(folder, given, ".atr", "mitdb")
    return [Job(folder, name, "mitdb") for name in names]


def score(job: Job) -> RecordScore:
    """Analyse and judge one record."""
    lead = archive.read_lead(job.folder, job.name)
    annotations = archive.read_annotations(job.folder, job.name, "atr")
    return judge(job, annotations, analyse(lead), lead)


def judge(
    job: Job, annotations: archive.Annotations, found: Analysis, lead: archive.Lead
) -> RecordScore:
    """Compare what was found with the annotations."""
    fs_hz, end = lead.fs_hz, lead.ecg_mv.size
    beats, start = archive.beats_of(annotations), round(LEARNING_S * lead.fs_hz)
    fibrillation = archive.fibrillation_of(annotations)
    rhythms = archive.rhythms_of(annotations, end)
    af = [span for span, note in rhythms if note == "AFIB"]
    flutter = [span for span, note in rhythms if note in ("AFIB", "AFL")]
    there = (af, flutter, [*fibrillation, *(span for span, note in rhythms if note == "VFL")])
    return RecordScore(
        name=job.name,
        tuned=tuned_flag(job.dataset, job.name),
        is_paced=not archive.PACED_CODES.isdisjoint(annotations.symbols),
        confusion=confusion(beats, found.beats, fs_hz, start, fibrillation),
        ve_runs=run_tallies(beats, found.beats, "V", fs_hz, start, fibrillation),
        sve_runs=run_tallies(beats, found.beats, "S", fs_hz, start, fibrillation),
        episodes=tuple(
            compare(spans, found.spans_of(*labels), (start, end), fs_hz)
            for spans, labels in zip(there, (AF, FLUTTER, VF), strict=True)
        ),
        rate=rate_error(beats, found.rates, fs_hz, start),
    )


def tables(scores: Sequence[RecordScore]) -> tuple[Table, ...]:
    """Give all tables."""
    return (
        headline(_aims(scores)),
        _beats(scores),
        _confusion(scores),
        _confusion_by_record(scores),
        _runs(scores),
        _runs_by_record(scores),
        _episodes(scores),
        _rates(scores),
    )


def _classed(scores: Sequence[RecordScore]) -> list[RecordScore]:
    return [score for score in scores if not score.is_paced]


def _aims(scores: Sequence[RecordScore]) -> list[Aim]:
    unseen = [score for score in scores if score.tuned == "no"]
    aims = []
    for group, members in (("", scores), (", unseen", unseen)):
        if not members or (group and len(members) == len(scores)):
            continue
        qrs = gross(score.confusion.qrs for score in members)
        worst = min((s.confusion.qrs.f1_pct or 0.0 for s in members), default=None)
        veb = gross(score.confusion.veb for score in _classed(members))
        sveb = gross(score.confusion.sveb for score in _classed(members))
        aims += [
            Aim(
                f"QRS F1 gross{group}",
                qrs.f1_pct,
                "99.3 / 99.85 by half; all 48: 99.73 gqrs, 99.55 xqrs, 99.26 sleepecg",
                ">= 99.80 / 99.93 by half",
            ),
            Aim(f"QRS F1, worst record{group}", worst, "", ">= 98 / 99 by half"),
            Aim(f"VEB Se{group}", veb.sensitivity_pct, "77-94 classical, 99.9 a net", ">= 96"),
            Aim(f"VEB +P{group}", veb.ppv_pct, "73-93 classical, 99.5 a net", ">= 96"),
            Aim(f"SVEB Se{group}", sveb.sensitivity_pct, "76-91 classical, 89 a net", ">= 85"),
            Aim(f"SVEB +P{group}", sveb.ppv_pct, "33-57 classical, 93 a net", ">= 75"),
        ]
    return aims


def _beats(scores: Sequence[RecordScore]) -> Table:
    kinds: list[tuple[str, Callable[[RecordScore], Tally | None]]] = [
        ("QRS", lambda score: score.confusion.qrs),
        ("VEB", lambda score: None if score.is_paced else score.confusion.veb),
        ("SVEB", lambda score: None if score.is_paced else score.confusion.sveb),
    ]
    columns = [f"{name} {column}" for name, _ in kinds for column in TALLY_COLUMNS]

    def cells(score: RecordScore) -> list[Cell]:
        tallies = [kind(score) or Tally() for _, kind in kinds]
        return [cell for tally in tallies for cell in tally_cells(tally)]

    records = [(score.name, score.tuned, *cells(score)) for score in scores]
    totals: list[Cell] = []
    for _, kind in kinds:
        totals += tally_cells(gross(kind(score) or Tally() for score in scores))
    means = [average(column) for column in zip(*(cells(s) for s in scores), strict=True)]
    rows = [*records, ("gross", "", *totals), ("average", "", *means)]
    return Table(
        "beats",
        "Beat by beat",
        ("record", "tuned on", *columns),
        tuple(rows),
        "First five minutes excluded, match window 150 ms. "
        "Paced records are left out of VEB and SVEB.",
    )


def _confusion(scores: Sequence[RecordScore]) -> Table:
    total = np.sum([score.confusion.counts for score in scores], axis=0)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (letter, *map(int, counts)) for letter, counts in zip(COLUMNS, total, strict=True)
    )
    return Table(
        "confusion",
        "What each annotated beat (row) was taken for (column), all records",
        ("annotated", *COLUMNS.lower()),
        rows,
        "O: there is no beat; column o: it was missed. X, x: the same in stretches that the "
        "annotators, or we, declared unreadable.",
    )


def _confusion_by_record(scores: Sequence[RecordScore]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (score.name, letter, *map(int, counts))
        for score in scores
        for letter, counts in zip(COLUMNS, score.confusion.counts, strict=True)
    )
    columns = ("record", "annotated", *COLUMNS.lower())
    return Table("confusion_by_record", "The same by record", columns, rows, is_long=True)


def _run_totals(scores: Sequence[RecordScore]) -> list[tuple[str, Tally, Tally]]:
    """Give the runs of each kind: those that are there, and those that were found."""
    nothing = RunTallies((Tally(),) * len(KINDS), (Tally(),) * len(KINDS))
    totals = (
        ("VE", sum((score.ve_runs for score in scores), nothing)),
        ("SVE", sum((score.sve_runs for score in scores), nothing)),
    )
    return [
        (f"{name} {kind}", there, found)
        for name, total in totals
        for (kind, _, _), there, found in zip(KINDS, total.by_kind, total.found, strict=True)
    ]


def _runs(scores: Sequence[RecordScore]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name,
            int(there.tp + there.fn),
            there.sensitivity_pct,
            int(found.tp + found.fp),
            found.ppv_pct,
        )
        for name, there, found in _run_totals(_classed(scores))
    )
    columns = ("runs", "there", "Se %", "found", "+P %")
    note = "Couplets are 2, short runs 3 to 5, long runs 6 beats or more; paced records left out."
    return Table("runs", "Run by run, gross", columns, rows, note)


def _runs_by_record(scores: Sequence[RecordScore]) -> Table:
    def cells(members: Sequence[RecordScore]) -> list[float | None]:
        totals = _run_totals(members)
        return [
            share for _, there, found in totals for share in (there.sensitivity_pct, found.ppv_pct)
        ]

    classed = _classed(scores)
    by_record = [cells([score]) for score in classed]
    names = [f"{name} {share}" for name, _, _ in _run_totals([]) for share in ("Se %", "+P %")]
    rows = [
        *((score.name, *each) for score, each in zip(classed, by_record, strict=True)),
        ("gross", *cells(classed)),
        ("average", *map(average, zip(*by_record, strict=True))),
    ]
    columns = ("record", *names)
    return Table("runs_by_record", "Run by run, by record", columns, tuple(rows))


def episode_cells(tally: EpisodeTally) -> tuple[Cell, ...]:
    """Give the cells for `EPISODE_COLUMNS`."""
    return (
        int(tally.there.tp + tally.there.fn),
        tally.there.sensitivity_pct,
        int(tally.found.tp + tally.found.fp),
        tally.found.ppv_pct,
        tally.seconds.sensitivity_pct,
        tally.seconds.ppv_pct,
        tally.specificity_pct,
    )


def average_cells(tallies: Sequence[EpisodeTally]) -> tuple[Cell, ...]:
    """Give the cells averaged over the records that have a value."""
    columns = zip(*map(episode_cells, tallies), strict=True)
    return tuple(
        average(cell for cell in column if not isinstance(cell, str)) for column in columns
    )


EPISODE_COLUMNS = ("there", "Se %", "found", "+P %", "duration Se %", "duration +P %", "Sp %")


def _episodes(scores: Sequence[RecordScore]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for n, kind in enumerate(_EPISODE_NAMES):
        for score in scores:
            tally = score.episodes[n]
            if tally.there.fn or tally.there.tp or tally.found.fp:
                rows.append((f"{kind} {score.name}", *episode_cells(tally)))
        total = sum((score.episodes[n] for score in scores), EpisodeTally())
        rows.append((f"{kind} gross", *episode_cells(total)))
        rows.append((f"{kind} average", *average_cells([score.episodes[n] for score in scores])))
    return Table(
        "episodes",
        "Episodes and their duration",
        ("", *EPISODE_COLUMNS),
        tuple(rows),
        "Records without an episode and without a false one are not shown.",
    )


def _rates(scores: Sequence[RecordScore]) -> Table:
    def row(name: str, error: RateError) -> tuple[Cell, ...]:
        n_windows = len(error.errors_bpm)
        return (name, n_windows, error.n_withheld, error.mean_bpm, error.rms_bpm, error.rms_pct)

    rows = [row(score.name, score.rate) for score in scores]
    means = (
        average(c for c in column if not isinstance(c, str)) for column in zip(*rows, strict=True)
    )
    rows.append(row("gross", sum((score.rate for score in scores), RateError())))
    rows.append(("average", *list(means)[1:]))
    columns = ("record", "windows", "withheld", "mean bpm", "RMS bpm", "RMS %")
    note = "Ten-second windows: the rate that is shown, less that of the annotated beats."
    return Table("heart_rate", "Heart rate error", columns, tuple(rows), note)


MITDB = Study(jobs, score, tables)
