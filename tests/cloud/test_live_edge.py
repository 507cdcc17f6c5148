from dataclasses import replace

import pytest

from cloud.live_edge import LiveEdges
from cloud.parameters.read import preset_of
from ecgcore.parameters import Preset
from ecgcore.wire.frame import Frame, encode_frame
from tests.cloud.frames import DEVICE, PERIOD_NS, START_NS, run
from tests.cloud.test_engine import _heart

FAR = 1000
"""Frames by which the live edge is ahead of what is in order."""


@pytest.fixture(scope="module")
def preset() -> Preset:
    return preset_of("patch")


@pytest.fixture
def edges(preset: Preset) -> LiveEdges:
    edges = LiveEdges(preset)
    edges.committed(DEVICE, START_NS)
    return edges


def far(n_frames: int, boot: int = 7) -> list[Frame]:
    """A heart whose counters begin far from the start."""
    away = FAR * 73
    return [
        replace(
            f,
            boot_id=boot,
            first_counter=f.first_counter + away,
            device_time_ns=f.device_time_ns + away * PERIOD_NS,
            utc_ns=f.utc_ns + away * PERIOD_NS,
        )
        for f in _heart(n_frames)
    ]


def take(edges: LiveEdges, frame: Frame, now_s: float = 0.0) -> bool:
    return edges.take(frame, encode_frame(frame), now_s)


def test_the_newest_is_judged_from_where_it_begins(edges: LiveEdges) -> None:
    frames = far(80)
    for k, frame in enumerate(frames):
        assert take(edges, frame, k * 0.5)
    told = edges.numbers(DEVICE, 60.0, 0.9)
    assert told is not None
    assert told.is_preview
    assert told.hr_bpm == pytest.approx(75, abs=1)
    assert told.newest_ns == frames[-1].end_utc_ns
    assert told.safe_through_ns == START_NS
    assert told.gaps == 0
    assert 45 < told.beats < 60


def test_what_comes_twice_or_late_is_no_news(edges: LiveEdges) -> None:
    frames = far(4)
    assert [take(edges, frames[k]) for k in (0, 1, 1, 3, 2)] == [True, True, False, True, False]


def test_what_the_live_lane_lost_is_a_gap_of_the_preview(edges: LiveEdges) -> None:
    for k, frame in enumerate(far(80)):
        if k not in range(40, 44):
            take(edges, frame)
    told = edges.numbers(DEVICE, 0.0, 0.9)
    assert told is not None
    assert (told.gaps, told.gap_samples) == (1, 4 * 73)


def test_in_order_copies_of_what_was_shown_are_not_shown_again(edges: LiveEdges) -> None:
    frames = far(3)
    take(edges, frames[1])
    assert edges.is_shown(run(1)[0])
    assert edges.is_shown(frames[1])
    assert not edges.is_shown(frames[2])
    # Another recording has other counters: there the time decides.
    older = replace(frames[0], boot_id=6, first_counter=frames[2].end)
    assert edges.is_shown(older)
    assert not edges.is_shown(replace(older, utc_ns=frames[2].end_utc_ns))
    assert not edges.is_shown(replace(frames[0], device="another"))


def test_a_preview_is_told_only_while_the_rest_lags_behind(edges: LiveEdges) -> None:
    frames = far(20)
    for frame in frames:
        take(edges, frame)
    newest_ns = frames[-1].end_utc_ns
    assert edges.is_ahead(DEVICE, newest_ns - 6 * 10**9)
    assert not edges.is_ahead(DEVICE, newest_ns - 4 * 10**9)
    assert edges.numbers(DEVICE, 10.0, 0.9) is not None
    assert edges.numbers(DEVICE, 10.5, 0.9) is None
    edges.committed(DEVICE, newest_ns - 4 * 10**9)
    assert edges.numbers(DEVICE, 20.0, 0.9) is None


def test_a_scout_ends_when_the_rest_has_caught_up(edges: LiveEdges) -> None:
    frames = far(20)
    for frame in frames:
        take(edges, frame)
    assert not edges.caught_up(DEVICE, 7, frames[-1].end - 1)
    assert not edges.caught_up(DEVICE, 8, frames[-1].end)
    assert edges.caught_up(DEVICE, 7, frames[-1].end)
    assert not edges.caught_up(DEVICE, 7, frames[-1].end)
    assert not edges.is_ahead(DEVICE, START_NS)
    assert edges.numbers(DEVICE, 99.0, 0.9) is None


def test_another_boot_has_another_scout(edges: LiveEdges) -> None:
    for frame in [*far(30), *far(30, boot=8)]:
        take(edges, frame)
    told = edges.numbers(DEVICE, 0.0, 0.9)
    assert told is not None
    assert told.boot_id == 8
    assert told.gaps == 0


def test_an_edge_of_which_nothing_comes_is_forgotten(edges: LiveEdges) -> None:
    take(edges, far(1)[0], now_s=5.0)
    edges.forget_idle(30.0)
    assert edges.is_shown(run(1)[0])
    edges.forget_idle(36.0)
    assert not edges.is_shown(run(1)[0])
    assert not edges.knows_safe(DEVICE)


def test_scouts_are_bounded(edges: LiveEdges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.live_edge._MOST_SCOUTS", 2)
    for k in range(3):
        frame = replace(far(1)[0], device=f"d{k}")
        assert edges.take(frame, encode_frame(frame), 0.0)
    assert [edges.numbers(f"d{k}", 0.0, 0.9) is None for k in range(3)] == [False, False, True]
