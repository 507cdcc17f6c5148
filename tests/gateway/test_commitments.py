"""Whoever waits for the cloud's word gets it when it is true, and not before."""

from gateway.commitments import Commitments
from gateway.placing import Position

BOOT = 7


def waiting(commitments: Commitments, counter: int, *, boot_id: int = BOOT) -> list[int]:
    told: list[int] = []
    commitments.wait(
        "d", Position(boot_id, counter), lambda: told.append(counter), has_backlog=True
    )
    return told


def test_with_nothing_ever_recorded_there_is_nothing_to_wait_for() -> None:
    commitments, told = Commitments(), list[int]()
    commitments.wait("d", None, lambda: told.append(1), has_backlog=False)
    assert told == [1]


def test_an_empty_spool_after_a_restart_means_all_is_committed() -> None:
    commitments, told = Commitments(), list[int]()
    commitments.wait("d", Position(BOOT, 100), lambda: told.append(1), has_backlog=False)
    assert told == [1]


def test_what_is_on_its_way_into_the_spool_is_waited_for() -> None:
    commitments, told = Commitments(), list[int]()
    commitments.recorded("d")
    commitments.wait("d", Position(BOOT, 100), lambda: told.append(1), has_backlog=False)
    assert told == []
    commitments.committed("d", BOOT, 99)
    assert told == []
    commitments.committed("d", BOOT, 100)
    assert told == [1]


def test_one_word_frees_all_below_it_in_order() -> None:
    commitments = Commitments()
    told = [waiting(commitments, counter) for counter in (10, 20, 20, 30)]
    commitments.committed("d", BOOT, 25)
    assert told == [[10], [20], [20], []]
    assert waiting(commitments, 25) == [25]


def test_a_word_on_another_boot_or_patch_frees_nothing() -> None:
    commitments = Commitments()
    told = waiting(commitments, 10)
    commitments.committed("d", BOOT + 1, 50)
    commitments.committed("e", BOOT, 50)
    assert told == []


def test_a_word_of_old_takes_nothing_back() -> None:
    commitments = Commitments()
    commitments.committed("d", BOOT, 50)
    commitments.committed("d", BOOT, 10)
    assert waiting(commitments, 40) == [40]
