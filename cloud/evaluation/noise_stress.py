"""NSTDB: how detection and classes hold up when electrode motion is mixed in, 24 to -6 dB."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from cloud.evaluation import archive
from cloud.evaluation.analysis import analyse
from cloud.evaluation.matching import Confusion, confusion
from cloud.evaluation.noise import LEARNING_S, LEVELS_DB, Mode, mixed
from cloud.evaluation.study import TALLY_COLUMNS, Aim, Options, Study, headline, tally_cells
from cloud.evaluation.tables import Cell, Table
from cloud.evaluation.tally import gross
from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray

_PEERS = {
    (Mode.ALTERNATING, 12): ("99.3", ">= 99.6"),
    (Mode.ALTERNATING, 6): ("93.0", ">= 96"),
    (Mode.ALTERNATING, 0): ("81.8", ">= 89"),
    # Measured here on 24 records of mitdb: the best of sleepecg and NeuroKit2 (pantompkins).
    (Mode.CONTINUOUS, 12): ("96.1", ""),
    (Mode.CONTINUOUS, 6): ("82.6", ""),
    (Mode.CONTINUOUS, 0): ("69.7", ""),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One record under one noise."""

    folder: Path
    name: str
    noise: Path
    """The noise record, without extension."""
    snr_db: int | None
    """None: as it is."""
    mode: Mode


@dataclass(frozen=True, slots=True)
class NoiseScore:
    """What became of it."""

    name: str
    snr_db: int | None
    mode: Mode
    is_paced: bool
    confusion: Confusion


def sources(folder: Path, options: Options) -> tuple[Path, ...]:
    """Give the folders that the result depends on."""
    return folder, _clean_folder(folder, options)


def jobs(folder: Path, given: Path, options: Options) -> list[Job]:
    """List every record at every level, continuous noise first; clean ones once."""
    noise = folder / options.noise
    if not noise.with_suffix(".hea").is_file():
        msg = f"{given}: no noise record {options.noise}.hea in it"
        raise ConfigError(msg)
    clean = _clean_folder(folder, options)
    names = archive.records_or_fail(clean, clean, ".atr", "clean ECG for nstdb (--clean)")
    cases: list[tuple[int | None, Mode]] = [(None, Mode.CONTINUOUS)]
    cases += [(level, mode) for mode in Mode for level in LEVELS_DB]
    return [Job(clean, name, noise, level, mode) for level, mode in cases for name in names]


def score(job: Job) -> NoiseScore:
    """Mix, analyse, judge."""
    lead = archive.read_lead(job.folder, job.name)
    annotations = archive.read_annotations(job.folder, job.name, "atr")
    beats = archive.beats_of(annotations)
    if job.snr_db is not None:
        noise_mv = _noise(job.noise, lead.fs_hz)
        noisy_mv = mixed(lead.ecg_mv, noise_mv, beats, lead.fs_hz, job.snr_db, job.mode)
        lead = replace(lead, ecg_mv=noisy_mv)
    found = analyse(lead)
    start, fibrillation = round(LEARNING_S * lead.fs_hz), archive.fibrillation_of(annotations)
    return NoiseScore(
        job.name,
        job.snr_db,
        job.mode,
        not archive.PACED_CODES.isdisjoint(annotations.symbols),
        confusion(beats, found.beats, lead.fs_hz, start, fibrillation),
    )


def tables(scores: Sequence[NoiseScore]) -> tuple[Table, ...]:
    """Give all tables."""
    return headline(_aims(scores)), _curve(scores), *(_records(scores, mode) for mode in Mode)


def _aims(scores: Sequence[NoiseScore]) -> list[Aim]:
    aims = []
    for (mode, level), (peers, aim) in _PEERS.items():
        f1_pct = gross(score.confusion.qrs for score in _at(scores, level, mode)).f1_pct
        aims.append(Aim(f"QRS F1 gross, {mode} noise, {level} dB", f1_pct, peers, aim))
    return aims


def _at(scores: Sequence[NoiseScore], level: int | None, mode: Mode) -> list[NoiseScore]:
    return [
        score for score in scores if score.snr_db == level and (level is None or score.mode is mode)
    ]


def _curve(scores: Sequence[NoiseScore]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for mode in Mode:
        for level in (None, *LEVELS_DB):
            members = _at(scores, level, mode)
            classed = [score for score in members if not score.is_paced]
            rows.append(
                (
                    f"{mode}, {_name(level)}",
                    *tally_cells(gross(score.confusion.qrs for score in members)),
                    min((s.confusion.qrs.f1_pct or 0.0 for s in members), default=None),
                    *tally_cells(gross(score.confusion.veb for score in classed))[:2],
                    *tally_cells(gross(score.confusion.sveb for score in classed))[:2],
                )
            )
    columns = ("noise", *(f"QRS {c}" for c in TALLY_COLUMNS), "worst record F1 %")
    columns += ("VEB Se %", "VEB +P %", "SVEB Se %", "SVEB +P %")
    note = "Gross over the records, first five minutes excluded."
    return Table("noise", "Noise curve", columns, tuple(rows), note)


def _records(scores: Sequence[NoiseScore], mode: Mode) -> Table:
    names = sorted({score.name for score in scores})
    cells: dict[tuple[str, int | None], float | None] = {
        (score.name, score.snr_db): score.confusion.qrs.f1_pct
        for score in scores
        if score.snr_db is None or score.mode is mode
    }
    levels = (None, *LEVELS_DB)
    rows = tuple((name, *(cells.get((name, level)) for level in levels)) for name in names)
    columns = ("record", *map(_name, levels))
    return Table(f"records_{mode}", f"QRS F1 % by record, {mode} noise", columns, rows)


def _name(level: int | None) -> str:
    return "clean" if level is None else f"{level} dB"


def _clean_folder(folder: Path, options: Options) -> Path:
    if options.clean is not None:
        return options.clean
    return folder.resolve().parent / "mitdb"


@lru_cache(maxsize=1)
def _noise(path: Path, fs_hz: float) -> FloatArray:
    noise = archive.read_lead(path.parent, path.name)
    noise_mv = np.nan_to_num(noise.ecg_mv)
    if noise.fs_hz == fs_hz:
        return noise_mv
    return np.asarray(resample_poly(noise_mv, round(fs_hz), round(noise.fs_hz)), np.float64)


NSTDB = Study(jobs, score, tables, sources)
