import itertools

import numpy as np
import pytest

from devices.driver import Samples
from ecgcore.errors import StateError
from ecgcore.types import FrameFlag, GapReason
from gateway.recorder import Recorder, RecorderConfig
from tests.gateway.patches import EPOCH_2019_NS, NS, SIGNAL, ModelPatch

CONFIG = RecorderConfig("polar-h10-0A1B2C3D", SIGNAL)
N = 73


def recorder(stored: bytes | None = None) -> Recorder:
    ids = itertools.count(100)
    return Recorder(CONFIG, lambda: next(ids), stored)


def record(recorder: Recorder, patch: ModelPatch, firsts: range) -> list[int]:
    """Give the number of the sample each frame's counter stands for."""
    numbers = []
    for first in firsts:
        frame = recorder.take(patch.notification(first), patch.utc_ns(first + N), is_lead_off=False)
        assert frame is not None
        assert frame.first_counter - firsts.start == frame.adc[0, 0] - firsts.start
        numbers.append(frame.first_counter)
    return numbers


def test_counters_are_the_sample_numbers() -> None:
    assert record(recorder(), ModelPatch(20, 30), range(0, 100 * N, N)) == list(
        range(0, 100 * N, N)
    )


def test_a_restart_goes_on_in_the_same_boot() -> None:
    patch, first = ModelPatch(clock_ppm=30), recorder()
    record(first, patch, range(0, 60 * N, N))
    again = recorder(first.dump())
    at = 60 * N + 12_345
    frame = again.take(patch.notification(at), patch.utc_ns(at + N), is_lead_off=True)
    assert frame is not None
    assert frame.boot_id == first.position.boot_id  # type: ignore[union-attr]  # it has recorded
    assert frame.gap_before == 12_345
    assert frame.gap_reason is GapReason.GATEWAY_DOWN
    assert frame.first_counter == at == frame.adc[0, 0]
    assert frame.lead_off == 1
    assert frame.flags is FrameFlag.NONE
    assert (again.counters.gaps, again.counters.gap_samples) == (1, 12_345)


def test_utc_of_a_frame_is_that_of_its_first_sample() -> None:
    patch = ModelPatch(clock_ppm=-25)
    tested = recorder()
    frames = [
        tested.take(patch.notification(k * N), patch.utc_ns(k * N + N - 1), is_lead_off=False)
        for k in range(400)
    ]
    errors_ns = [f.utc_ns - patch.utc_ns(f.first_counter) for f in frames if f]
    assert np.abs(errors_ns).max() < 5e6


def test_a_restarted_patch_gets_another_boot_and_says_so() -> None:
    tested, patch = recorder(), ModelPatch()
    record(tested, patch, range(0, 5 * N, N))
    tested.interrupt(GapReason.LINK_LOST)
    again = ModelPatch(power_on_utc_ns=patch.utc_ns(10_000))
    frame = tested.take(again.notification(0), again.utc_ns(N), is_lead_off=False)
    assert frame is not None
    assert frame.flags is FrameFlag.DISCONTINUITY
    assert (frame.boot_id, frame.first_counter) == (105, 0)
    assert tested.counters.boots == 2
    assert tested.counters.clock_resets == 1


def test_repeats_and_empty_notifications_give_no_frame() -> None:
    tested, patch = recorder(), ModelPatch()
    record(tested, patch, range(0, 3 * N, N))
    assert tested.take(patch.notification(N), patch.utc_ns(4 * N), is_lead_off=False) is None
    empty = Samples(np.zeros((1, 0), np.int32), EPOCH_2019_NS + 10 * NS)
    assert tested.take(empty, patch.utc_ns(4 * N), is_lead_off=False) is None
    assert (tested.counters.duplicates, tested.counters.frames) == (1, 3)


@pytest.mark.parametrize("stored", [b"", b"{}", b"\xff", b'{"boot":1,"clock":2}'])
def test_broken_state_is_named(stored: bytes) -> None:
    if stored:
        with pytest.raises(StateError, match="stored state"):
            recorder(stored)
    else:
        assert recorder(stored).position is None


def test_nothing_recorded_cannot_be_stored() -> None:
    with pytest.raises(StateError, match="nothing recorded"):
        recorder().dump()
