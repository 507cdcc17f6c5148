"""Beat classes over synthetic beats, and the laws of the stage."""

import numpy as np
import pytest

from ecgcore.beat_class import BeatClassConfig, BeatClassifier, BeatClassState
from ecgcore.delineate import DelineateConfig, Delineator
from ecgcore.events import BeatLabel
from ecgcore.second import LabelledBeat
from ecgcore.state import dump_state, load_state
from ecgcore.types import FloatArray
from tests.ecgcore.test_delineate import seconds_of
from tests.strategies import ecg_of

FS_HZ = 250.0
EVEN_S = [0.6 + 0.8 * k for k in range(36)]


def labelled(
    ecg_mv: FloatArray, fs_hz: float = FS_HZ, restored_at: int | None = None
) -> list[LabelledBeat]:
    delineate = Delineator(DelineateConfig(), fs_hz, 1)
    stage = BeatClassifier(BeatClassConfig(), fs_hz, 1)
    found = []
    for k, second in enumerate(seconds_of(np.atleast_2d(ecg_mv), fs_hz)):
        if k == restored_at:
            state = load_state(BeatClassState, dump_state(stage.state, "law"), "law")
            stage = BeatClassifier(BeatClassConfig(), fs_hz, 1, state)
        found += stage.push(second, delineate.push(second))
    return [*found, *stage.finish(delineate.finish())]


def with_ventricular(every: int) -> tuple[FloatArray, list[float]]:
    """A heart in which each `every`-th beat is wide, early, tall and followed by a pause."""
    early_s = [s - 0.28 for s in EVEN_S[10::every]]
    normal_s = [s for s in EVEN_S if s not in EVEN_S[10::every]]
    ecg_mv = ecg_of(normal_s, FS_HZ, 30.0, noise_mv=0.01)
    times_s = np.arange(ecg_mv.size) / FS_HZ
    for at_s in early_s:
        ecg_mv += 1.8 * np.exp(-0.5 * ((times_s - at_s) / 0.035) ** 2)
        ecg_mv -= 0.7 * np.exp(-0.5 * ((times_s - at_s - 0.22) / 0.06) ** 2)
    return ecg_mv, early_s


def test_an_even_heart_is_normal() -> None:
    labels = [each.label for each in labelled(ecg_of(EVEN_S, FS_HZ, 30.0, noise_mv=0.01))]
    assert len(labels) >= 34
    assert labels.count(BeatLabel.NORMAL) >= 0.95 * len(labels)


@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_wide_early_beats_are_ventricular(gain: float) -> None:
    ecg_mv, early_s = with_ventricular(6)
    found = labelled(gain * ecg_mv)
    said = [e.peak.sample / FS_HZ for e in found if e.label is BeatLabel.VENTRICULAR]
    hits = [s for s in early_s if any(abs(s - each) < 0.1 for each in said)]
    assert len(hits) >= len(early_s) - 1
    assert len(said) <= len(early_s) + 1
    assert all(0.25 <= each.confidence <= 1.0 for each in found)


@pytest.mark.parametrize("at", [0, 7, 19])
def test_restore_is_invisible(at: int) -> None:
    ecg_mv, _ = with_ventricular(5)
    assert labelled(ecg_mv, restored_at=at) == labelled(ecg_mv)


def test_every_beat_comes_out_once_and_in_order() -> None:
    ecg_mv, _ = with_ventricular(4)
    named = [p for second in seconds_of(np.atleast_2d(ecg_mv), FS_HZ) for p in second.peaks]
    assert [each.peak for each in labelled(ecg_mv)] == named


def test_memory_is_bounded() -> None:
    noise = np.random.default_rng(3).standard_normal(round(120 * FS_HZ))
    delineate = Delineator(DelineateConfig(), FS_HZ, 1)
    stage = BeatClassifier(BeatClassConfig(), FS_HZ, 1)
    sizes = []
    for second in seconds_of(np.atleast_2d(noise), FS_HZ):
        stage.push(second, delineate.push(second))
        sizes.append(len(dump_state(stage.state, "law")))
    assert max(sizes[60:]) <= 1.2 * max(sizes[:60])
