"""What it costs to measure one short recording, beside NeuroKit2: beats, waves and all values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.evaluation.archive import Leads, read_leads, records_or_fail
from ecgcore.extraction import ExtractionConfig, extract
from ecgcore.types import FloatArray
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench.peers import peers_python, run_peer
from tests.bench.timing import cpu_s, pinned
from tests.e2e.demo_run import DATA

KIND = "values"
PEER = "NeuroKit2 ecg_process and ecg_intervalrelated"
_N_RECORDS = 20


@dataclass(frozen=True, slots=True)
class ExtractionFigures:
    """What measuring a recording costs and gives."""

    name: str
    cpu_ms: float
    n_values: float
    """Mean number of values that are there."""


def measure_extraction(say: Callable[[str], None]) -> tuple[str, list[ExtractionFigures]]:
    """Measure ours on one lead and on all, and the peer on one; tell the signal as well."""
    recordings, name = _recordings()
    found = []
    with pinned():
        for n_leads in (1, 12):
            say(f"values: {n_leads} lead{'s' * (n_leads > 1)}")
            found.append(_ours(recordings, n_leads))
    python = peers_python()
    if python is not None:
        say(f"values: {PEER}")
        leads = [each.ecg_mv[_first(each)] for each in recordings]
        ran = run_peer(python, PEER, KIND, leads, recordings[0].fs_hz)
        if ran is not None:
            n_values = float(np.mean([values.size for values in ran.found]))
            found.append(ExtractionFigures(PEER, 1e3 * ran.cpu_s / len(leads), n_values))
    return name, found


def _recordings() -> tuple[list[Leads], str]:
    folder = DATA / "ludb"
    if not folder.is_dir():
        source = SyntheticEcg(EcgConfig(500.0))
        ecg_mv = np.asarray(source.read_uv(0, 5000) / 1000.0, float)
        return [Leads("synthetic", np.tile(ecg_mv, (12, 1)), 500.0, _NAMES)], "synthetic"
    names = records_or_fail(folder, folder, ".ii", "ludb")[:_N_RECORDS]
    return [read_leads(folder / name) for name in names], f"{len(names)} records of ludb, 10 s"


_NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def _first(recording: Leads) -> int:
    return recording.names.index("II")


def _chosen(recording: Leads, n_leads: int) -> tuple[FloatArray, tuple[str, ...]]:
    if n_leads > 1:
        return recording.ecg_mv, recording.names
    at = _first(recording)
    return recording.ecg_mv[at : at + 1], ("II",)


def _ours(recordings: Sequence[Leads], n_leads: int) -> ExtractionFigures:
    n_values: list[int] = []

    def run(recording: Leads) -> None:
        ecg_mv, names = _chosen(recording, n_leads)
        found = extract(ecg_mv, recording.fs_hz, names, ExtractionConfig())
        n_values.append(sum(each.value is not None for each in found.measurements))

    run(recordings[0])
    n_values.clear()
    took_s = cpu_s(lambda: [run(each) for each in recordings])
    name = f"ecgomics, {'lead II' if n_leads == 1 else '12 leads'}"
    return ExtractionFigures(name, 1e3 * took_s / len(recordings), float(np.mean(n_values)))
