"""Ours beside those one could install instead: accuracy and cost on the same signals in one run.

Each peer runs in a process of its own, in the environment that `make bench` keeps for them
(`.venv-peers`, or the interpreter `ECGOMICS_PEERS_PYTHON` names), on one core, after a warm-up that
does not count. Peers see whole records at once; ours gets blocks of 250 samples, as from a patch.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from cloud.evaluation import archive
from cloud.evaluation.arrhythmia import LEARNING_S
from cloud.evaluation.delineation import WaveScore, sd_rec_ms
from cloud.evaluation.matching import Beats, confusion
from cloud.evaluation.tally import Tally, gross
from cloud.evaluation.wave_points import (
    WAVES,
    MarkedWave,
    Places,
    found_waves,
    marked_waves,
    score_within,
    span_of,
)
from ecgcore.annotator import Annotator, AnnotatorConfig
from ecgcore.delineate import DelineateConfig, Delineator
from ecgcore.events import BeatClassified, BeatLabel, BeatWaves
from ecgcore.pipeline import Pipeline, PipelineConfig, warm_up
from ecgcore.rpeak import RPeakBank, RPeakConfig, RPeakDetector
from ecgcore.second import SignalSecond
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench import peer_run
from tests.bench.timing import cpu_s, pinned
from tests.e2e.demo_run import DATA

OURS = "ecgomics"
OURS_BANK = "ecgomics, a second of each record in one call"
OURS_WHOLE = "ecgomics, with quality, windows and events"
FS_HZ = 250.0
BLOCK = 250
_PYTHON = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
_KINDS = ("beats", "all", "waves")
_CALLS = [(name, kind) for name, kind in peer_run.CALLS if kind in _KINDS]
_SYNTHETIC_S = 600
_SYNTHETIC_STRIPS = (20, 10)
"""How many, and how long in seconds."""


@dataclass(frozen=True, slots=True)
class Beating:
    """One signal whose beats may be known."""

    ecg_mv: FloatArray
    beats: Beats | None
    excluded: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """A short signal whose waves may be marked."""

    ecg_mv: FloatArray
    marked: list[MarkedWave]
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class BeatFigures:
    """What finding beats costs and how right it is."""

    name: str
    cpu_s_per_hour: float
    qrs: Tally | None
    """None without annotated signal."""
    worst_f1_pct: float | None
    n_failed: int = 0
    """Signals it ended on with an error; it then found nothing there."""


@dataclass(frozen=True, slots=True)
class WaveFigures:
    """What finding waves costs and how right it is."""

    name: str
    cpu_s_per_hour: float
    sd_rec_ms: dict[str, float | None] | None
    """By point; None without annotated signal."""
    p: Tally | None
    se_pct: dict[str, float | None] | None
    n_failed: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it; ours first in each list."""

    beat_signal: str
    wave_signal: str
    detectors: list[BeatFigures]
    pipelines: list[BeatFigures]
    delineators: list[WaveFigures]


def peers_python() -> Path | None:
    """Find the interpreter that has the peers."""
    python = Path(os.environ.get("ECGOMICS_PEERS_PYTHON", _PYTHON))
    return python if python.exists() else None


def compare(*, is_quick: bool, say: Callable[[str], None]) -> Comparison:
    """Run everything that is there."""
    beating, beat_name = _beating(4 if is_quick else None)
    strips, fs_hz, wave_name = _strips(20 if is_quick else None)
    # Whole analyses are slow: some of the records tell what an hour costs.
    some = beating[: max(len(beating) // 4, 1)]
    detectors, pipelines, delineators = [], [], []
    say(f"detectors: {OURS}")
    with pinned():
        detectors.append(_of_beats(OURS, beating, *_our_beats(beating)))
        detectors.append(_of_beats(OURS_BANK, beating, *_our_bank(beating)))
        say(f"pipelines: {OURS}")
        pipelines.append(_of_beats(OURS, some, *_our_stages(some)))
        pipelines.append(_of_beats(OURS_WHOLE, some, *_our_pipeline(some)))
        say(f"delineators: {OURS}")
        delineators.append(_of_waves(OURS, strips, fs_hz, *_our_waves(strips, fs_hz)))
    python = peers_python()
    for name, kind in _CALLS if python else ():
        say(f"{kind}: {name}")
        signals = [e.ecg_mv for e in {"beats": beating, "all": some, "waves": strips}[kind]]
        ran = run_peer(python, name, kind, signals, fs_hz if kind == "waves" else FS_HZ)
        if ran is None:
            say(f"{name} could not be run")
        elif kind == "waves":
            waves = [_places_of(points) for points in ran.found]
            delineators.append(_of_waves(name, strips, fs_hz, ran.cpu_s, waves, ran.n_failed))
        else:
            into = detectors if kind == "beats" else pipelines
            into.append(_of_beats(name, beating, ran.cpu_s, ran.found, ran.n_failed))
    return Comparison(beat_name, wave_name, detectors, pipelines, delineators)


def _beating(n_records: int | None) -> tuple[list[Beating], str]:
    folder = DATA / "mitdb"
    if not folder.is_dir():
        ecg_mv = SyntheticEcg(EcgConfig(FS_HZ)).read_uv(0, round(_SYNTHETIC_S * FS_HZ)) / 1000.0
        return [Beating(np.asarray(ecg_mv, float), None)], "synthetic, cost only"
    names = archive.records_or_fail(folder, folder, ".atr", "mitdb")[:n_records]
    return [_record(folder, name) for name in names], f"{len(names)} records of mitdb at 250 Hz"


def _record(folder: Path, name: str) -> Beating:
    lead = archive.read_lead(folder, name)
    annotations = archive.read_annotations(folder, name, "atr")
    beats = archive.beats_of(annotations)
    ecg_mv = resample_poly(
        np.nan_to_num(lead.ecg_mv), round(FS_HZ), round(lead.fs_hz), padtype="line"
    )
    ratio = FS_HZ / lead.fs_hz
    excluded = [
        (round(first * ratio), round(end * ratio))
        for first, end in archive.fibrillation_of(annotations)
    ]
    samples = np.rint(beats.samples * ratio).astype(np.int64)
    return Beating(np.asarray(ecg_mv, float), Beats(samples, beats.classes), tuple(excluded))


def _strips(n_records: int | None) -> tuple[list[Strip], float, str]:
    folder = DATA / "ludb"
    if not folder.is_dir():
        source = SyntheticEcg(EcgConfig(500.0))
        n, length_s = _SYNTHETIC_STRIPS
        size = round(length_s * 500.0)
        pieces = [np.asarray(source.read_uv(size * k, size) / 1000.0, float) for k in range(n)]
        return [Strip(piece, [], None) for piece in pieces], 500.0, "synthetic, cost only"
    names = archive.records_or_fail(folder, folder, ".ii", "ludb")[:n_records]
    strips = []
    for name in names:
        lead = archive.read_lead(folder, name, "ii")
        annotations = archive.read_annotations(folder, name, "ii")
        strips.append(Strip(lead.ecg_mv, marked_waves(annotations), span_of(annotations)))
    return strips, archive.rate_of(folder, names[0]), f"{len(names)} records of ludb, lead II"


def _our_beats(beating: Sequence[Beating]) -> tuple[float, list[FloatArray]]:
    def run(ecg_mv: FloatArray) -> FloatArray:
        detector = RPeakDetector(RPeakConfig(), FS_HZ)
        peaks = []
        for start in range(0, ecg_mv.size, BLOCK):
            peaks += detector.push(start, ecg_mv[start : start + BLOCK])
        return np.array([peak.sample for peak in peaks + detector.finish()], float)

    return _timed(run, beating)


def _our_bank(beating: Sequence[Beating]) -> tuple[float, list[FloatArray]]:
    """Run all records at once, a second of each in a call."""
    size = max(each.ecg_mv.size for each in beating)
    ecg_mv = np.stack([np.pad(each.ecg_mv, (0, size - each.ecg_mv.size)) for each in beating])
    blocks = [np.ascontiguousarray(ecg_mv[:, at : at + BLOCK]) for at in range(0, size, BLOCK)]
    found: list[list[int]] = []

    def run() -> None:
        bank = RPeakBank(RPeakConfig(), FS_HZ, len(beating))
        found[:] = [[] for _ in beating]
        for number, block in enumerate([*blocks, None]):
            peaks = bank.finish() if block is None else bank.push(number * BLOCK, block)
            for samples, those in zip(found, peaks, strict=True):
                samples += [peak.sample for peak in those]

    run()
    return cpu_s(run), [np.array(samples, float) for samples in found]


def _our_stages(beating: Sequence[Beating]) -> tuple[float, list[FloatArray]]:
    """Run R peaks, waves, classes and rhythm as the pipeline does, a second at a time."""

    def run(ecg_mv: FloatArray) -> FloatArray:
        detector = RPeakDetector(RPeakConfig(), FS_HZ)
        annotator = Annotator(AnnotatorConfig(), FS_HZ, 1)
        beats = []
        for start in range(0, ecg_mv.size, BLOCK):
            piece = ecg_mv[start : start + BLOCK]
            peaks = tuple(detector.push(start, piece))
            beats += annotator.push(SignalSecond(start, piece[None], peaks, 1.0)).beats
        peaks = tuple(detector.finish())
        beats += annotator.push(SignalSecond(ecg_mv.size, np.empty((1, 0)), peaks, 1.0)).beats
        beats += annotator.finish().beats
        return _real((beat.peak.sample, beat.label) for beat in beats)

    return _timed(run, beating)


def _real(beats: Iterable[tuple[int, BeatLabel]]) -> FloatArray:
    """Give the places of what is no noise."""
    return np.array([sample for sample, label in beats if label is not BeatLabel.NOISE], float)


def _our_pipeline(beating: Sequence[Beating]) -> tuple[float, list[FloatArray]]:
    config = PipelineConfig(FS_HZ)
    warm_up(config)
    clock = SampleClock(0, 0, 1e9 / FS_HZ)

    def run(ecg_mv: FloatArray) -> FloatArray:
        pipeline = Pipeline(config)
        events = []
        for start in range(0, ecg_mv.size, BLOCK):
            events += pipeline.push(EcgChunk(start, ecg_mv[None, start : start + BLOCK], clock))
        events += pipeline.finish()
        return _real((e.sample, e.label) for e in events if isinstance(e, BeatClassified))

    return _timed(run, beating)


def _timed(
    run: Callable[[FloatArray], FloatArray], beating: Sequence[Beating]
) -> tuple[float, list[FloatArray]]:
    # Long enough that whatever is compiled, or read from where that is kept, has been called.
    run(beating[0].ecg_mv[: 300 * BLOCK])
    found: list[FloatArray] = []

    def whole() -> None:
        found[:] = [run(each.ecg_mv) for each in beating]

    return cpu_s(whole), found


def _our_waves(
    strips: Sequence[Strip], fs_hz: float
) -> tuple[float, list[dict[str, list[Places]]]]:
    """Run detector and delineator, a second at a time as the pipeline does."""
    second = round(fs_hz)

    def run(ecg_mv: FloatArray) -> list[BeatWaves]:
        detector = RPeakDetector(RPeakConfig(), fs_hz)
        delineator = Delineator(DelineateConfig(), fs_hz, 1)
        beats = []
        for start in range(0, ecg_mv.size, second):
            piece = np.ascontiguousarray(ecg_mv[start : start + second])
            peaks = tuple(detector.push(start, piece))
            beats += delineator.push(SignalSecond(start, piece[None], peaks, 1.0))
        peaks = tuple(detector.finish())
        beats += delineator.push(SignalSecond(ecg_mv.size, np.empty((1, 0)), peaks, 1.0))
        return [beat.waves for beat in beats + delineator.finish()]

    run(strips[0].ecg_mv)
    found: list[list[BeatWaves]] = []

    def whole() -> None:
        found[:] = [run(strip.ecg_mv) for strip in strips]

    return cpu_s(whole), [found_waves(each) for each in found]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a peer took and found, an array a signal."""

    cpu_s: float
    found: list[FloatArray]
    n_failed: int


def run_peer(
    python: Path, name: str, kind: str, signals: Sequence[FloatArray], fs_hz: float
) -> Ran | None:
    """Run a peer over signals, shape (n_samples,) each; None if it could not be run."""
    with tempfile.TemporaryDirectory(prefix="ecgomics-peer-") as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, fs=fs_hz, **{f"x{n}": signal for n, signal in enumerate(signals)})
        command = [python, peer_run.__file__, name, kind, source, target]
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment = {**os.environ, **one, "PYTHONPATH": ""}
        ran = subprocess.run(
            list(map(str, command)), env=environment, stdout=sys.stderr, check=False
        )
        if ran.returncode or not target.exists():
            return None
        letter = "w" if kind == "waves" else "r"
        with np.load(target) as data:
            found = [data[f"{letter}{n}"] for n in range(len(signals))]
            return Ran(float(data["cpu_s"]), found, int(data["n_failed"]))


def _of_beats(
    name: str,
    beating: Sequence[Beating],
    took_s: float,
    found: Sequence[FloatArray],
    n_failed: int = 0,
) -> BeatFigures:
    hours = sum(each.ecg_mv.size for each in beating[: len(found)]) / FS_HZ / 3600
    tallies = []
    for each, places in zip(beating, found, strict=False):
        if each.beats is None:
            return BeatFigures(name, took_s / hours, None, None, n_failed)
        samples = np.unique(np.rint(places[np.isfinite(places)]).astype(np.int64))
        test = Beats(samples, "N" * samples.size)
        start = round(LEARNING_S * FS_HZ)
        tallies.append(confusion(each.beats, test, FS_HZ, start, each.excluded).qrs)
    worst = min(tally.f1_pct or 0.0 for tally in tallies)
    return BeatFigures(name, took_s / hours, gross(tallies), worst, n_failed)


def _of_waves(
    name: str,
    strips: Sequence[Strip],
    fs_hz: float,
    took_s: float,
    found: Sequence[dict[str, list[Places]]],
    n_failed: int = 0,
) -> WaveFigures:
    hours = sum(strip.ecg_mv.size for strip in strips) / fs_hz / 3600
    if strips[0].span is None:
        return WaveFigures(name, took_s / hours, None, None, None, n_failed)
    scores = [
        WaveScore("", "", score_within(strip.marked, waves, strip.span, fs_hz))
        for strip, waves in zip(strips, found, strict=True)
        if strip.span is not None
    ]
    points = [point for names in WAVES.values() for point in names]
    tallies = {point: gross(score.points[point].tally for score in scores) for point in points}
    return WaveFigures(
        name,
        took_s / hours,
        {point: sd_rec_ms(scores, point) for point in points},
        tallies["p"],
        {point: tallies[point].sensitivity_pct for point in points},
        n_failed,
    )


def _places_of(points: FloatArray) -> dict[str, list[Places]]:
    """Give waves from the rows of a peer; a wave without a peak is judged by its border."""
    waves: dict[str, list[Places]] = {}
    for k, kind in enumerate(WAVES):
        rows = points[3 * k : 3 * k + 3].T.tolist()
        known = [[None if value != value else value for value in row] for row in rows]
        waves[kind] = [
            (on, next((v for v in (peak, on, off) if v is not None), None), off)
            for on, peak, off in known
            if any(value is not None for value in (on, peak, off))
        ]
    return waves
