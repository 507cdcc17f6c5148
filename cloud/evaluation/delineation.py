"""LUDB and QTDB: errors of wave borders and peaks, against cardiologists' marks.

LUDB: lead II alone, inside the annotated span. QTDB: the first cardiologist's marks (``.q1c``);
both leads are delineated on their own and for each point the nearer one counts, as in the
literature (Martinez 2004). A point is found if it is within 150 ms. Its reader marked U waves too,
LUDB's readers did not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cloud.evaluation import archive
from cloud.evaluation.analysis import analyse
from cloud.evaluation.study import Aim, Options, Study, headline, tuned_flag
from cloud.evaluation.tables import Cell, Table
from cloud.evaluation.tally import average
from cloud.evaluation.wave_points import (
    POINTS,
    U_POINTS,
    PointScore,
    beats_of_waves,
    found_waves,
    marked_waves,
    score_best_of,
    score_within,
    span_of,
)
from ecgcore.events import BeatWaves

_AFTER_S = 60.0
"""Analysed beyond the last mark: nothing later changes what was found before it."""
_SHOWN = ("p_on", "qrs_on", "t", "t_off")


@dataclass(frozen=True, slots=True)
class Job:
    """One record."""

    folder: Path
    name: str
    dataset: str


@dataclass(frozen=True, slots=True)
class WaveScore:
    """What became of each point of one record."""

    name: str
    tuned: str
    points: dict[str, PointScore]


def ludb_jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List the records of LUDB."""
    del options
    names = archive.records_or_fail(folder, given, ".ii", "ludb")
    return [Job(folder, name, "ludb") for name in names]


def qtdb_jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List the records of QTDB."""
    del options
    names = archive.records_or_fail(folder, given, ".q1c", "qtdb")
    return [Job(folder, name, "qtdb") for name in names]


def ludb_score(job: Job) -> WaveScore:
    """Delineate lead II of one record."""
    lead = archive.read_lead(job.folder, job.name, "ii")
    annotations = archive.read_annotations(job.folder, job.name, "ii")
    found = analyse(lead)
    marked, span = marked_waves(annotations), span_of(annotations)
    points = score_within(marked, found_waves(found.waves), span, lead.fs_hz)
    return WaveScore(job.name, tuned_flag("ludb", job.name), points)


def qtdb_score(job: Job) -> WaveScore:
    """Delineate both leads of one record, each on its own."""
    annotations = archive.read_annotations(job.folder, job.name, "q1c")
    fs_hz = archive.rate_of(job.folder, job.name)
    end = span_of(annotations)[1] + round(_AFTER_S * fs_hz)
    channels: list[tuple[BeatWaves, ...]] = []
    for channel in (0, 1):
        lead = archive.read_lead(job.folder, job.name, channel)
        channels.append(analyse(replace(lead, ecg_mv=lead.ecg_mv[:end])).waves)
    points = score_best_of(beats_of_waves(marked_waves(annotations)), channels, fs_hz)
    return WaveScore(job.name, tuned_flag("qtdb", job.name), points)


def ludb_tables(scores: Sequence[WaveScore]) -> tuple[Table, ...]:
    """Give all tables of LUDB."""
    # "here": measured on the 100 records that were tuned on, with the beats of sleepecg.
    peers = {
        "p_on": ("9.3; here 13.7", "<= 8", "18.1"),
        "qrs_on": ("6.3; here 7.0", "<= 5.5", "9.2"),
        "t": ("11.6; here 11.0", "<= 9", "20.1"),
        "t_off": ("19; here 14.1", "<= 14", "19.3"),
    }
    name = "prominence-delineator"
    aims = [
        Aim(
            f"{point} sd within record, mean of records, ms",
            sd_rec_ms(scores, point),
            f"{peers[point][0]} {name}",
            peers[point][1],
        )
        for point in _SHOWN
    ]
    aims += [
        Aim(
            f"{point} sd within record, pooled, ms",
            _sd_within_ms(scores, point),
            f"here {peers[point][2]} {name}",
            "",
        )
        for point in _SHOWN
    ]
    p = _total(scores, "p").tally
    aims += [
        Aim(f"{point} Se %", _total(scores, point).tally.sensitivity_pct, "98 to 99.8", ">= 99")
        for point in _SHOWN
    ]
    aims.append(Aim("p +P %", p.ppv_pct, "85 prominence-delineator", ">= 95"))
    return headline(aims), _points(scores), _records(scores)


def qtdb_tables(scores: Sequence[WaveScore]) -> tuple[Table, ...]:
    """Give all tables of QTDB."""
    peers = {"p_on": ("13.3", "<= 12"), "qrs_on": ("7.9", "<= 7"), "t_off": ("17.3", "<= 16")}
    aims = [Aim(f"{point} sd_rec, ms", sd_rec_ms(scores, point), *peers[point]) for point in peers]
    worst = max(
        ((_total(scores, point).mean_ms or 0.0, point) for point in POINTS),
        key=lambda each: abs(each[0]),
    )
    aims.append(Aim(f"largest mean error ({worst[1]}), ms", worst[0], "", "within +-4"))
    return headline(aims), _points(scores, (*POINTS, *U_POINTS)), _records(scores)


def _total(scores: Sequence[WaveScore], point: str) -> PointScore:
    return sum((score.points[point] for score in scores), PointScore())


def sd_rec_ms(scores: Sequence[WaveScore], point: str) -> float | None:
    """Average the standard deviations of the records."""
    return average(score.points[point].sd_ms for score in scores)


def _sd_within_ms(scores: Sequence[WaveScore], point: str) -> float | None:
    """Pool the deviations from each record's own mean."""
    squares, freedom = 0.0, 0
    for score in scores:
        each = score.points[point]
        if each.sd_ms is not None:
            n_free = len(each.errors_ms) - 1
            squares, freedom = squares + n_free * each.sd_ms**2, freedom + n_free
    return math.sqrt(squares / freedom) if freedom else None


def _points(scores: Sequence[WaveScore], points: Sequence[str] = POINTS) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for point in points:
        total = _total(scores, point)
        rows.append(
            (
                point,
                int(total.tally.tp + total.tally.fn),
                total.tally.sensitivity_pct,
                total.tally.ppv_pct,
                total.mean_ms,
                total.sd_ms,
                average(score.points[point].mean_ms for score in scores),
                sd_rec_ms(scores, point),
                _sd_within_ms(scores, point),
            )
        )
    columns = ["point", "annotated", "Se %", "PPV %", "mean ms", "sd ms"]
    columns += ["mean_rec ms", "sd_rec ms", "sd within ms"]
    note = (
        "Found less annotated. mean, sd: over all points; mean_rec, sd_rec: average over the "
        "records; sd within: pooled around each record's own mean."
    )
    return Table("points", "Errors by point", tuple(columns), tuple(rows), note)


def _records(scores: Sequence[WaveScore]) -> Table:
    columns = ["record", "tuned on", "P Se %", "P PPV %", "T Se %", "T PPV %"]
    columns += [f"{point} {what}" for point in _SHOWN for what in ("mean", "sd")]
    rows: list[tuple[Cell, ...]] = []
    for score in scores:
        p, t = score.points["p"].tally, score.points["t"].tally
        shares = (p.sensitivity_pct, p.ppv_pct, t.sensitivity_pct, t.ppv_pct)
        errors = [(score.points[point].mean_ms, score.points[point].sd_ms) for point in _SHOWN]
        rows.append((score.name, score.tuned, *shares, *(cell for pair in errors for cell in pair)))
    return Table("records", "By record, ms", tuple(columns), tuple(rows))


LUDB = Study(ludb_jobs, ludb_score, ludb_tables)
QTDB = Study(qtdb_jobs, qtdb_score, qtdb_tables)
