"""What a relay sends again is told from what is new, also over a restart."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.marks import Marks


def test_what_goes_on_is_new_and_what_comes_again_is_not() -> None:
    marks = Marks()
    assert [marks.is_repeat("p", number) for number in (1, 2, 5)] == [False] * 3
    assert [marks.is_repeat("p", number) for number in (1, 2, 4)] == [True] * 3
    assert not marks.is_repeat("p", 6)


def test_all_parts_of_one_notification_are_new() -> None:
    marks = Marks()
    assert [marks.is_repeat("p", 3) for _ in range(4)] == [False] * 4


def test_of_a_notification_that_was_recorded_in_part_the_rest_is_new() -> None:
    before = Marks()
    for _ in range(2):
        before.is_repeat("p", 3)
    after = Marks(before.known)
    assert [after.is_repeat("p", 3) for _ in range(4)] == [True, True, False, False]


def test_every_relay_counts_for_itself() -> None:
    marks = Marks()
    marks.is_repeat("p", 9)
    assert not marks.is_repeat("q", 1)
    assert marks.is_repeat("p", 8)


def test_only_so_many_relays_are_remembered_and_the_latest_stay() -> None:
    marks = Marks()
    for at in range(20):
        marks.is_repeat(f"p{at}", 5)
    assert list(marks.known) == [f"p{at}" for at in range(12, 20)]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.integers(0, 90), st.integers(0, 30))
def test_however_it_is_cut_each_part_is_recorded_once(
    parts: list[int], killed_after: int, resent_from: int
) -> None:
    everything = [(number, k) for number, n in enumerate(parts, 1) for k in range(n)]
    before, recorded = Marks(), everything[:killed_after]
    assert not any(before.is_repeat("p", number) for number, _ in recorded)
    after = Marks(before.known)
    first = min(resent_from, recorded[-1][0] if recorded else 1)
    resent = [part for part in everything if part[0] >= first]
    recorded += [part for part in resent if not after.is_repeat("p", part[0])]
    assert recorded == everything
