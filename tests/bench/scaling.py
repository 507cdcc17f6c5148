"""What a stream costs by its rate and its number of leads, and how many fit on a core."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgcore.live import LiveConfig, LivePipeline
from ecgcore.parameters import preset
from ecgcore.pipeline import Pipeline, PipelineConfig, warm_up
from ecgcore.rpeak import RPeakBank, RPeakConfig, RPeakDetector
from ecgcore.types import EcgChunk, FloatArray, SampleClock
from simulators.ecg import EcgConfig, SyntheticEcg
from tests.bench.timing import cpu_s, pinned

RATES_HZ = (128, 250, 360, 500, 1000)
LEADS = (1, 2, 3, 12)
LIVE_HZ = (130, 250)
_SECONDS = 60
_LIVE_SECONDS = 360
"""A window of five minutes, and what it waits for."""
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
            *(StreamCost("live, preset patch", fs, 1, _live_us(fs)) for fs in LIVE_HZ),
        ]


def _signal(fs_hz: int, seconds: int = _SECONDS) -> FloatArray:
    source = SyntheticEcg(EcgConfig(float(fs_hz)))
    return np.asarray(source.read_uv(0, seconds * fs_hz) / 1000.0, np.float64)


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
    return _pushed_us(lambda: Pipeline(config), np.tile(_signal(fs_hz), (n_leads, 1)), fs_hz)


def _live_us(fs_hz: int) -> float:
    """Everything an engine computes of a patient: beats to windows of five minutes."""
    patch = preset("patch")
    config = LiveConfig(float(fs_hz), ("CHEST",), patch.live_keys, patch.parameters)
    signal = _signal(fs_hz, _LIVE_SECONDS)[np.newaxis]
    return _pushed_us(lambda: LivePipeline(config), signal, fs_hz)


def _pushed_us(
    make: Callable[[], Pipeline | LivePipeline], ecg_mv: FloatArray, fs_hz: int, n_streams: int = 8
) -> float:
    clock = SampleClock(0, 0, 1e9 / fs_hz)
    chunks = [
        EcgChunk(at, np.ascontiguousarray(ecg_mv[:, at : at + fs_hz]), clock)
        for at in range(0, ecg_mv.shape[1], fs_hz)
    ]

    def run() -> None:
        streams = [make() for _ in range(n_streams)]
        for chunk in chunks:
            for stream in streams:
                stream.push(chunk)

    return _per_stream_second(run, n_streams, len(chunks))


def _per_stream_second(run: Callable[[], None], n_streams: int, seconds: int = _SECONDS) -> float:
    run()
    return 1e6 * cpu_s(run) / (n_streams * seconds)
