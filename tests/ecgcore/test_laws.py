"""The laws of `tests/checks.py`, over every stage and over the whole pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.blocks import BlockHasher
from ecgcore.filters import Butterworth, ButterworthConfig, ButterworthState
from ecgcore.pipeline import Pipeline, PipelineConfig
from ecgcore.quality import QualityConfig, QualityMeter, QualityState
from ecgcore.rpeak import RPeakConfig, RPeakDetector, RPeakState
from ecgcore.state import dump_state, load_state
from ecgcore.types import FloatArray, Gap
from tests import checks
from tests.strategies import ecg_of, stream_of

FS_HZ = 130.0
START = 987_654
S = TypeVar("S")


@dataclass
class Single:
    """A stage of one lead, seen as a `checks.Stage`."""

    stage: Any
    push_samples: Callable[[int, FloatArray], Sequence[object]]
    finish: Callable[[], Sequence[object]]

    def push(self, item: checks.Item) -> Sequence[object]:
        if isinstance(item, Gap):
            return self.finish()
        return self.push_samples(item.start, item.ecg_mv[0])

    def dump(self) -> bytes:
        return dump_state(self.stage.state, "law")


def _state(kind: type[S], data: bytes | None) -> S | None:
    return None if data is None else load_state(kind, data, "law")


def make_butterworth(data: bytes | None) -> Single:
    config = ButterworthConfig(FS_HZ, "bandpass", (5.0, 20.0))
    stage = Butterworth(config, _state(ButterworthState, data))

    def finish() -> Sequence[object]:
        stage.reset()
        return ()

    return Single(stage, lambda _, ecg_mv: stage.push(ecg_mv).tolist(), finish)


def make_rpeak(data: bytes | None) -> Single:
    stage = RPeakDetector(RPeakConfig(), FS_HZ, _state(RPeakState, data))
    return Single(stage, stage.push, stage.finish)


def make_quality(data: bytes | None) -> Single:
    stage = QualityMeter(QualityConfig(), FS_HZ, 5.0, state=_state(QualityState, data))
    return Single(stage, stage.push, stage.finish)


def make_pipeline(data: bytes | None) -> Pipeline:
    config = PipelineConfig(FS_HZ)
    return Pipeline(config) if data is None else Pipeline.restore(config, data)


@dataclass
class Hashing:
    """`BlockHasher` seen as a `checks.Stage`, over counts of 1 uV."""

    hasher: BlockHasher

    def push(self, item: checks.Item) -> Sequence[object]:
        if isinstance(item, Gap):
            return self.hasher.push_gap(item)
        adc = np.rint(item.ecg_mv * 1000).astype(np.int32)
        return self.hasher.push_samples(item.start, adc)

    def dump(self) -> bytes:
        return self.hasher.dump()


def make_blocks(data: bytes | None) -> Hashing:
    fs_mhz = round(1000 * FS_HZ)
    return Hashing(BlockHasher(fs_mhz) if data is None else BlockHasher.restore(fs_mhz, data))


def _signal() -> FloatArray:
    """Half a minute with noise, a pause, a fall in amplitude and a second off the skin."""
    rpeaks_s = [0.4 + 0.7 * k for k in range(20)] + [18.0 + 0.81 * k for k in range(17)]
    ecg_mv = ecg_of(rpeaks_s, FS_HZ, 32.0, noise_mv=0.02)
    ecg_mv[round(24 * FS_HZ) :] *= 0.2
    ecg_mv[1200:1400] = 3.3
    return ecg_mv


ITEMS = stream_of(_signal(), FS_HZ, START, gaps=[(2000, 2100), (2130, 2131)])
every_stage = pytest.mark.parametrize(
    "make",
    [make_butterworth, make_rpeak, make_quality, make_pipeline, make_blocks],
)
any_cuts = st.lists(st.integers(START, ITEMS[-1].end), max_size=40)
few_examples = settings(max_examples=12, deadline=None)


def test_the_signal_gives_the_laws_something_to_hold_for() -> None:
    names = {text.partition("(")[0] for text in checks.outputs(make_pipeline(None), ITEMS)}
    assert names == {
        "BeatDetected",
        "BeatClassified",
        "RhythmBegan",
        "RhythmEnded",
        "QualityScored",
        "WindowClosed",
        "Gap",
    }
    assert len(checks.outputs(make_rpeak(None), ITEMS)) > 20
    assert len(checks.outputs(make_blocks(None), ITEMS)) == 3


@every_stage
@few_examples
@given(cuts=any_cuts)
def test_chunking_is_invisible(make: checks.Make, cuts: list[int]) -> None:
    checks.check_chunking_is_invisible(make, ITEMS, cuts)


@every_stage
def test_single_samples_are_enough(make: checks.Make) -> None:
    checks.check_single_samples_are_enough(make, ITEMS)


@every_stage
@few_examples
@given(cuts=any_cuts)
def test_restore_is_invisible(make: checks.Make, cuts: list[int]) -> None:
    checks.check_restore_is_invisible(make, ITEMS, cuts)


@every_stage
def test_dump_changes_nothing(make: checks.Make) -> None:
    checks.check_dump_changes_nothing(make, ITEMS)


@every_stage
def test_input_is_not_kept(make: checks.Make) -> None:
    checks.check_input_is_not_kept(make, ITEMS)


@every_stage
def test_memory_is_bounded(make: checks.Make) -> None:
    checks.check_memory_is_bounded(make, ITEMS)


@pytest.mark.parametrize("fs_hz", [250.0, 360.0, 1000.0, 128.5])
def test_the_cut_is_invisible_at_other_rates(fs_hz: float) -> None:
    ecg_mv = ecg_of([0.5 + 0.9 * k for k in range(13)], fs_hz, 12.0, noise_mv=0.01)
    items = stream_of(ecg_mv, fs_hz, 77)

    def make(data: bytes | None) -> Pipeline:
        config = PipelineConfig(fs_hz)
        return Pipeline(config) if data is None else Pipeline.restore(config, data)

    checks.check_restore_is_invisible(make, items, range(77, items[-1].end, 101))


@few_examples
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 4000), max_size=30))
def test_the_cut_is_invisible_in_noise_and_steps(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    ecg_mv = rng.standard_normal(4000) * np.repeat(rng.exponential(1.0, 40), 100)
    ecg_mv += np.repeat(rng.standard_normal(10), 400)
    gaps = [(1000, 1000 + int(rng.integers(1, 900)))]
    checks.check_chunking_is_invisible(make_pipeline, stream_of(ecg_mv, FS_HZ, 0, gaps), cuts)
