"""Beats and seconds come out in order, each with its rhythm."""

from itertools import pairwise

from ecgcore.events import Event, QualityScored, RhythmBegan, RhythmEnded, RhythmLabel
from ecgcore.settling import (
    Settled,
    SettledBeat,
    SettledPiece,
    Settling,
    SettlingConfig,
    SettlingState,
    settled,
)
from ecgcore.state import dump_state, load_state
from tests.ecgcore.lettered import FS_HZ, recorded_of

SINUS, AF = RhythmLabel.SINUS_RHYTHM, RhythmLabel.AFIB
RHYTHMS = [(0.0, 100.5, SINUS), (100.5, 190.0, AF), (120.0, 130.0, RhythmLabel.COUPLET)]
RECORDED = recorded_of("NV" * 118, [0.8] * 236, RHYTHMS, seconds=200)


def as_told(late_s: float) -> list[Event]:
    """Give the events as a pipeline would: seconds at once, beats and rhythms later."""
    told: list[tuple[float, Event]] = []
    for event in RECORDED.events:
        if isinstance(event, QualityScored):
            told.append((event.end, event))
        elif isinstance(event, RhythmEnded):
            began = RhythmBegan(event.start, event.label, event.confidence)
            told.append((event.start + late_s * FS_HZ, began))
            told.append((event.end + late_s * FS_HZ, event))
        else:
            told.append((event.sample + 5 * FS_HZ, event))  # type: ignore[union-attr]  # beats
    return [event for _, event in sorted(told, key=lambda each: each[0])]


def kinds(items: list[Settled]) -> tuple[list[SettledBeat], list[SettledPiece]]:
    return (
        [each for each in items if isinstance(each, SettledBeat)],
        [each for each in items if isinstance(each, SettledPiece)],
    )


def test_each_beat_and_second_has_its_rhythm() -> None:
    beats, pieces = kinds(settled(RECORDED.events, FS_HZ, SettlingConfig()))
    assert len(beats) == len(RECORDED.beats)
    assert all((each.rhythm is AF) == (100.5 <= each.start / FS_HZ < 190.0) for each in beats)
    time_in = {
        label: sum(each.end - each.start for each in pieces if each.rhythm is label) / FS_HZ
        for label in (SINUS, AF, RhythmLabel.UNDETERMINED)
    }
    assert time_in == {SINUS: 100.5, AF: 89.5, RhythmLabel.UNDETERMINED: 10.0}
    assert all(one.end == other.start for one, other in pairwise(pieces))


def test_what_a_stream_tells_late_settles_to_the_same() -> None:
    at_once = settled(RECORDED.events, FS_HZ, SettlingConfig())
    for late_s in (0.0, 60.0):
        stage = Settling(SettlingConfig(), FS_HZ)
        found = [item for event in as_told(late_s) for item in stage.push(event)]
        assert found
        found += stage.finish()
        assert kinds(found) == kinds(at_once)
        assert [each for each in found if isinstance(each, RhythmEnded)] == [
            each for each in at_once if isinstance(each, RhythmEnded)
        ]


def test_restore_is_invisible_and_memory_bounded() -> None:
    events, config = as_told(20.0), SettlingConfig(late_s=30.0, step_s=5.0)
    stage, found, sizes = Settling(config, FS_HZ), [], []
    for k, event in enumerate(events):
        found += stage.push(event)
        data = dump_state(stage.state, "law")
        sizes.append(len(data))
        if k % 50 == 0:
            stage = Settling(config, FS_HZ, load_state(SettlingState, data, "law"))
    assert kinds([*found, *stage.finish()]) == kinds(settled(events, FS_HZ, config))
    assert max(sizes) < 1.2 * max(sizes[: len(sizes) // 2])
