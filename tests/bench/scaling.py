"""What a stream costs by its rate and its number of leads, and how many fit on a core."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgcore.pipeline import Pipeline, PipelineConfig, warm_up
from ecgcore.rpeak import RPeakBank, RPeakConfig, RPeakDetector
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench.timing import cpu_s, pinned

RATES_HZ = (128, 250, 360, 500, 1000)
LEADS = (1, 2, 3, 12)
_SECONDS = 60
_STREAMS = 64
"""Taken in turn, as an engine does, so that one stream's state does not stay in the cache."""


@dataclass(frozen=True, slots=True)
class StreamCost:
    """What one second of one stream takes, in blocks of a second."""

    stage: str
    fs_hz: int
    n_leads: int
    us_per_stream_second: float

    @property
    def streams_per_core(self) -> float:
        """How many streams one core keeps up with."""
        return 1e6 / self.us_per_stream_second


def measure_scaling() -> list[StreamCost]:
    """Measure the detector, then the whole pipeline: by rate with one lead, by leads at 250 Hz."""
    with pinned():
        return [
            *(StreamCost("detector", fs, 1, _detector_us(fs)) for fs in RATES_HZ),
            *(StreamCost("detector", 250, n, _bank_us(250, n)) for n in LEADS[1:]),
            *(StreamCost("pipeline", fs, 1, _pipeline_us(fs, 1)) for fs in RATES_HZ),
            *(StreamCost("pipeline", 250, n, _pipeline_us(250, n)) for n in LEADS[1:]),
        ]


def _signal(fs_hz: int) -> FloatArray:
    source = SyntheticEcg(EcgConfig(float(fs_hz)))
    return np.asarray(source.read_uv(0, _SECONDS * fs_hz) / 1000.0, np.float64)


def _detector_us(fs_hz: int) -> float:
    blocks = _signal(fs_hz).reshape(_SECONDS, fs_hz)

    def run() -> None:
        streams = [RPeakDetector(RPeakConfig(), float(fs_hz)) for _ in range(_STREAMS)]
        for second, block in enumerate(blocks):
            for stream in streams:
                stream.push(second * fs_hz, block)

    return _per_stream_second(run, _STREAMS)


def _bank_us(fs_hz: int, n_leads: int) -> float:
    signal = np.tile(_signal(fs_hz), (n_leads, 1))
    blocks = [
        np.ascontiguousarray(signal[:, at : at + fs_hz]) for at in range(0, signal.shape[1], fs_hz)
    ]
    n_banks = max(_STREAMS // n_leads, 1)

    def run() -> None:
        banks = [RPeakBank(RPeakConfig(), float(fs_hz), n_leads) for _ in range(n_banks)]
        for second, block in enumerate(blocks):
            for bank in banks:
                bank.push(second * fs_hz, block)

    return _per_stream_second(run, n_banks)


def _pipeline_us(fs_hz: int, n_leads: int) -> float:
    config = PipelineConfig(float(fs_hz), n_leads)
    warm_up(config)
    signal = np.tile(_signal(fs_hz), (n_leads, 1))
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    chunks = [
        EcgChunk(at, np.ascontiguousarray(signal[:, at : at + fs_hz]), clock)
        for at in range(0, signal.shape[1], fs_hz)
    ]
    n_streams = 8

    def run() -> None:
        streams = [Pipeline(config) for _ in range(n_streams)]
        for chunk in chunks:
            for stream in streams:
                stream.push(chunk)

    return _per_stream_second(run, n_streams)


def _per_stream_second(run: Callable[[], None], n_streams: int) -> float:
    run()
    return 1e6 * cpu_s(run) / (n_streams * _SECONDS)
