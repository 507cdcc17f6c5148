"""What goes on, and counts since the start."""

from cloud.rhythm_now import RhythmNow
from ecgcore.events import RhythmBegan, RhythmEnded, RhythmLabel

SECOND_NS = 10**9


def began(label: RhythmLabel, start: int) -> RhythmBegan:
    return RhythmBegan(start, label, 0.9)


def test_base_and_patterns_are_told_apart_and_end() -> None:
    now = RhythmNow()
    for start, label in enumerate(
        [RhythmLabel.SINUS_RHYTHM, RhythmLabel.TRIGEMINY, RhythmLabel.AVB1]
    ):
        now.begin(began(label, start), start * SECOND_NS)
    assert now.base is not None
    assert now.base.label is RhythmLabel.SINUS_RHYTHM
    assert [each.label for each in now.patterns] == [RhythmLabel.TRIGEMINY, RhythmLabel.AVB1]
    now.end(RhythmEnded(1, 500, RhythmLabel.TRIGEMINY, 0.9), 4.0)
    assert [each.label for each in now.patterns] == [RhythmLabel.AVB1]
    assert now.newest_event is not None
    assert now.newest_event.label is RhythmLabel.AVB1


def test_pauses_are_counted_and_fibrillation_is_summed_up_to_now() -> None:
    now = RhythmNow()
    now.begin(began(RhythmLabel.PAUSE, 5), SECOND_NS)
    now.end(RhythmEnded(5, 400, RhythmLabel.PAUSE, 0.9), 3.2)
    now.begin(began(RhythmLabel.AFIB, 10), 10 * SECOND_NS)
    assert now.pauses == 1
    assert now.fibrillating_s(25 * SECOND_NS) == 15.0
    now.end(RhythmEnded(10, 4000, RhythmLabel.AFIB, 0.9), 16.0)
    assert now.base is None
    assert now.fibrillating_s(60 * SECOND_NS) == 16.0


def test_what_nothing_will_end_ends_no_earlier_than_it_began() -> None:
    now = RhythmNow()
    now.begin(began(RhythmLabel.SINUS_RHYTHM, 50), 0)
    assert now.abandon(20) == [RhythmEnded(50, 50, RhythmLabel.SINUS_RHYTHM, 0.9)]
