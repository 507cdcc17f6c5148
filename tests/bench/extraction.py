"""What it costs to measure a recording, beside NeuroKit2: beats, waves and all values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from cloud.evaluation.archive import Leads, read_leads, records_or_fail
from ecgcore.events import WindowClosed
from ecgcore.extraction import ExtractionConfig, extract
from ecgcore.live import LiveConfig, LivePipeline
from ecgcore.parameters import preset
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench.peers import peers_python, run_peer
from tests.bench.timing import cpu_s, pinned
from tests.e2e.demo_run import DATA

KIND = "values"
PEER = "NeuroKit2 ecg_process and ecg_intervalrelated"
_N_SHORT = 20
_N_LONG = 4
_LONG_S = 300


@dataclass(frozen=True, slots=True)
class ExtractionFigures:
    """What measuring a recording costs and gives."""

    name: str
    cpu_ms: float
    n_values: float
    """Mean number of values that are there."""


@dataclass(frozen=True, slots=True)
class ExtractionTable:
    """Figures of recordings of one kind."""

    signal: str
    figures: list[ExtractionFigures]


Work: TypeAlias = Callable[[Leads], int]
"""Measures a recording; gives how many values are there."""


def measure_extraction(say: Callable[[str], None]) -> list[ExtractionTable]:
    """Measure ten seconds, of one lead and of twelve, and five minutes of one; the peer on one."""
    short, short_name = _short()
    long, long_name = _long()
    ours_short: dict[str, Work] = {
        "ecgomics, lead II, live keys of the preset patch": _live,
        "ecgomics, lead II, everything": partial(_all, n_leads=1),
        "ecgomics, 12 leads, everything": partial(_all, n_leads=12),
    }
    ours_long: dict[str, Work] = {"ecgomics, 1 lead, everything": partial(_all, n_leads=1)}
    return [
        ExtractionTable(short_name, [*_ours(short, ours_short, say), *_peer(short, say)]),
        ExtractionTable(long_name, [*_ours(long, ours_long, say), *_peer(long, say)]),
    ]


def _short() -> tuple[list[Leads], str]:
    folder = DATA / "ludb"
    if not folder.is_dir():
        return [_synthetic(10, 500, _NAMES)], "synthetic, 10 s"
    names = records_or_fail(folder, folder, ".ii", "ludb")[:_N_SHORT]
    return [read_leads(folder / name) for name in names], f"{len(names)} records of ludb, 10 s"


def _long() -> tuple[list[Leads], str]:
    folder = DATA / "mitdb"
    if not folder.is_dir():
        return [_synthetic(_LONG_S, 360, ("II",))], "synthetic, 5 min"
    names = records_or_fail(folder, folder, ".atr", "mitdb")[:_N_LONG]
    whole = [read_leads(folder / name) for name in names]
    cut = [
        replace(each, ecg_mv=each.ecg_mv[:, : round(_LONG_S * each.fs_hz)], names=("II", "V1"))
        for each in whole
    ]
    return cut, f"{len(names)} records of mitdb, their first 5 min"


def _synthetic(seconds: int, fs_hz: int, names: tuple[str, ...]) -> Leads:
    source = SyntheticEcg(EcgConfig(float(fs_hz)))
    ecg_mv = np.asarray(source.read_uv(0, seconds * fs_hz) / 1000.0, float)
    return Leads("synthetic", np.tile(ecg_mv, (len(names), 1)), float(fs_hz), names)


_NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def _ii(recording: Leads) -> FloatArray:
    at = recording.names.index("II")
    return recording.ecg_mv[at : at + 1]


def _all(recording: Leads, n_leads: int) -> int:
    ecg_mv, names = (
        (_ii(recording), ("II",))
        if n_leads == 1
        else (
            recording.ecg_mv,
            recording.names,
        )
    )
    found = extract(ecg_mv, recording.fs_hz, names, ExtractionConfig(), recording.person)
    return sum(each.null_reason is None for each in found.measurements)


def _live(recording: Leads) -> int:
    """As an engine measures a window of ten seconds, its beats and waves included."""
    patch, fs_hz = preset("patch"), recording.fs_hz
    live = LivePipeline(LiveConfig(fs_hz, ("II",), patch.live_keys, patch.parameters))
    events = live.push(EcgChunk(0, _ii(recording), SampleClock(0, 0, 1e9 / fs_hz)))
    events += live.finish()
    windows = [each for each in events if isinstance(each, WindowClosed)]
    return sum(m.null_reason is None for window in windows for m in window.measurements)


def _ours(
    recordings: Sequence[Leads], works: Mapping[str, Work], say: Callable[[str], None]
) -> Iterator[ExtractionFigures]:
    with pinned():
        for name, work in works.items():
            say(f"values: {name}")
            n_values = [work(each) for each in recordings]
            took_s = cpu_s(partial(_run, work, recordings))
            cpu_ms = 1e3 * took_s / len(recordings)
            yield ExtractionFigures(name, cpu_ms, float(np.mean(n_values)))


def _run(work: Work, recordings: Sequence[Leads]) -> None:
    for each in recordings:
        work(each)


def _peer(recordings: Sequence[Leads], say: Callable[[str], None]) -> Iterator[ExtractionFigures]:
    python = peers_python()
    if python is None:
        return
    say(f"values: {PEER}")
    leads = [_ii(each)[0] for each in recordings]
    ran = run_peer(python, PEER, KIND, leads, recordings[0].fs_hz)
    if ran is not None:
        n_values = float(np.mean([values.size for values in ran.found]))
        yield ExtractionFigures(PEER, 1e3 * ran.cpu_s / len(leads), n_values)
