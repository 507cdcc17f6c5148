"""The analysis of one stream, without anything around it."""

from dataclasses import dataclass

import numpy as np

from ecgcore.pipeline import Pipeline, PipelineConfig, warm_up
from ecgcore.types import EcgChunk, SampleClock
from tests.bench.ecg import source
from tests.bench.timing import best_us

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class CoreCost:
    """What `Pipeline.push` takes."""

    fs_hz: int
    chunk_samples: int
    us_per_stream_second: float
    streams_per_core: float


def measure_core() -> list[CoreCost]:
    """Measure the chunks of a Polar H10 and blocks of a second of a faster patch."""
    return [_cost(130, 73), _cost(250, 250)]


def _cost(fs_hz: int, chunk_samples: int) -> CoreCost:
    config = PipelineConfig(float(fs_hz))
    warm_up(config)
    chunks = _chunks(fs_hz, chunk_samples)

    def analyse() -> None:
        pipeline = Pipeline(config)
        for chunk in chunks:
            pipeline.push(chunk)

    us = best_us(analyse, 3) / (len(chunks) * chunk_samples / fs_hz)
    return CoreCost(fs_hz, chunk_samples, us, 1e6 / us)


def _chunks(fs_hz: int, chunk_samples: int) -> list[EcgChunk]:
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    starts = range(0, _SECONDS * fs_hz, chunk_samples)
    ecg_uv = source(fs_hz).read_uv(0, len(starts) * chunk_samples)
    ecg_mv = ecg_uv.astype(np.float64)[np.newaxis] / 1000
    return [EcgChunk(at, ecg_mv[:, at : at + chunk_samples], clock) for at in starts]
