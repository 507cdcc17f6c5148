"""What it costs to embed ten seconds of one lead, beside openecg."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import resample_poly

from cloud.embedding.encoder import MOST_BATCH, Encoder, load
from cloud.evaluation.archive import read_lead, records_or_fail
from ecgcore.embedding_input import segments_of
from ecgcore.types import FloatArray
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench.peers import peers_python, run_peer
from tests.bench.timing import cpu_s, pinned
from tests.e2e.demo_run import DATA

KIND = "embedding"
PEER = "openecg codec"
_LENGTH_S = 10
_N_PEER = 16
_PEER_HZ = 500
"""The only rate that the peer's network takes."""


@dataclass(frozen=True, slots=True)
class EmbeddingFigures:
    """What a segment costs."""

    name: str
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class EmbeddingTable:
    """Figures of the same segments; ours first."""

    signal: str
    figures: list[EmbeddingFigures]


def measure_embedding(say: Callable[[str], None]) -> EmbeddingTable:
    """Embed a batch of segments with the shipped model; some of them with the peer."""
    lead_mv, fs_hz, name = _lead()
    say("embedding: ecgomics")
    return EmbeddingTable(name, [*_ours(lead_mv, fs_hz), *_peer(lead_mv, fs_hz, say)])


def _lead() -> tuple[FloatArray, float, str]:
    """Give a lead of as many segments as a batch has."""
    length_s = MOST_BATCH * _LENGTH_S
    folder = DATA / "mitdb"
    if not folder.is_dir():
        ecg_uv = SyntheticEcg(EcgConfig(250.0)).read_uv(0, length_s * 250)
        return np.asarray(ecg_uv / 1000.0, float), 250.0, "synthetic"
    record = records_or_fail(folder, folder, ".atr", "mitdb")[0]
    lead = read_lead(folder, record)
    return lead.ecg_mv[: round(length_s * lead.fs_hz)], lead.fs_hz, f"record {record} of mitdb"


def _ours(lead_mv: FloatArray, fs_hz: float) -> list[EmbeddingFigures]:
    encoder = load()
    windows = segments_of(lead_mv, fs_hz, encoder.config).values[:MOST_BATCH]
    works: dict[str, Callable[[], object]] = {
        f"ecgomics, 10 s, int8, batch of {len(windows)}": partial(encoder.embed, windows),
        "ecgomics, windows made ready as well": partial(_from_signal, encoder, lead_mv, fs_hz),
    }
    with pinned():
        for work in works.values():
            work()
        return [
            EmbeddingFigures(name, 1e3 * cpu_s(work) / len(windows)) for name, work in works.items()
        ]


def _from_signal(encoder: Encoder, lead_mv: FloatArray, fs_hz: float) -> FloatArray:
    return encoder.embed(segments_of(lead_mv, fs_hz, encoder.config).values[:MOST_BATCH])


def _peer(lead_mv: FloatArray, fs_hz: float, say: Callable[[str], None]) -> list[EmbeddingFigures]:
    python = peers_python()
    if python is None:
        return []
    say(f"embedding: {PEER}")
    size = round(_LENGTH_S * fs_hz)
    segments = [
        resample_poly(lead_mv[k * size : (k + 1) * size], _PEER_HZ, round(fs_hz), padtype="line")
        for k in range(_N_PEER)
    ]
    ran = run_peer(python, PEER, KIND, segments, float(_PEER_HZ))
    if ran is None or ran.n_failed == len(segments):
        say(f"{PEER} could not be run")
        return []
    return [EmbeddingFigures(f"{PEER}, one segment a call", 1e3 * ran.cpu_s / len(segments))]
