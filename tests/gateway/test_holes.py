from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ecgcore.types import GapReason
from gateway.holes import EVERYTHING, Holes, HolesConfig, Piece

LOST = GapReason.LINK_LOST
NS = 1_000_000_000


def holes(*ranges: tuple[int, int]) -> Holes:
    made = Holes()
    for first, end in ranges:
        made.add(first, end, LOST, 0)
    return made


def taken(of: Holes, first: int, end: int) -> list[tuple[int, int, bool, int | None]]:
    return [
        (piece.first, piece.end, piece.is_held, piece.releases_to)
        for piece in of.take(first, end, NS)
    ]


def test_the_front_goes_out_in_order_and_the_last_of_it_releases() -> None:
    tested = holes((100, 200), (300, 400))
    assert taken(tested, 90, 150) == [(100, 150, False, None)]
    assert taken(tested, 150, 250) == [(150, 200, False, 299)]
    assert taken(tested, 300, 400) == [(300, 400, False, EVERYTHING)]
    assert not tested.open


def test_what_comes_elsewhere_is_held_and_splits_its_hole() -> None:
    tested = holes((100, 200), (300, 400))
    assert taken(tested, 140, 160) == [(140, 160, True, None)]
    assert taken(tested, 350, 500) == [(350, 400, True, None)]
    assert [(hole.first, hole.end) for hole in tested.open] == [(100, 140), (160, 200), (300, 350)]
    assert taken(tested, 100, 140) == [(100, 140, False, 159)]


def test_one_frame_can_close_several() -> None:
    tested = holes((100, 200), (300, 400))
    assert taken(tested, 0, 1000) == [(100, 200, False, 299), (300, 400, False, EVERYTHING)]
    assert taken(tested, 0, 1000) == []


@given(
    ranges=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6),
    arrivals=st.lists(st.tuples(st.integers(0, 120), st.integers(1, 40)), max_size=25),
)
def test_in_order_rows_are_in_counter_order_whatever_comes_when(
    ranges: list[tuple[int, int]], arrivals: list[tuple[int, int]]
) -> None:
    """The spool, told in words: held rows move when they are released."""
    tested, at = Holes(), 0
    in_order: list[tuple[int, int]] = []
    held: list[tuple[int, int]] = []
    for width, after in ranges:
        if at:
            tested.add(at, at + width, LOST, 0)
            at += width
        (held if tested.open else in_order).append((at, at + after))
        at += after
    for first, length in [*arrivals, (0, at)]:
        for piece in tested.take(first, first + length, NS):
            (held if piece.is_held else in_order).append((piece.first, piece.end))
            if piece.releases_to is not None:
                released = sorted(row for row in held if row[0] <= piece.releases_to)
                held = [row for row in held if row not in released]
                in_order += released
    assert not tested.open
    assert not held
    assert [first for first, _ in in_order] == [0, *(end for _, end in in_order[:-1])]
    assert in_order[-1][1] == at


def test_the_oldest_is_asked_for_first_and_not_too_much() -> None:
    tested = holes((100, 200), (300, 400))
    assert tested.ask(30) == (100, 130)
    assert tested.ask(500) == (100, 200)
    list(tested.take(100, 200, NS))
    assert tested.ask(500) == (300, 400)
    assert holes().ask(9) is None


def hopeless(of: Holes, now_ns: int = 0, config: HolesConfig | None = None) -> list[int]:
    return [first for first, _ in of.hopeless(now_ns, config or HolesConfig())]


def test_asking_in_vain_ends() -> None:
    tested = holes((100, 200), (300, 400))
    for _ in range(5):
        assert not hopeless(tested)
        tested.ask(50)
    tested.ask(50)
    assert hopeless(tested) == [100]


def test_whatever_comes_keeps_a_hole_alive() -> None:
    tested = holes((100, 200))
    for _ in range(6):
        tested.ask(50)
    list(tested.take(100, 101, 5 * NS))
    assert not hopeless(tested, 6 * NS)
    config = HolesConfig(max_age_ns=10 * NS)
    assert not hopeless(tested, 15 * NS, config)
    assert hopeless(tested, 16 * NS, config) == [101]


def test_too_many_holes_cost_the_oldest() -> None:
    tested = holes(*((10 * k, 10 * k + 1) for k in range(5)))
    assert hopeless(tested, config=HolesConfig(max_holes=3)) == [0, 10]


def test_pieces_are_closed_one_by_one() -> None:
    """So that the state stored with a piece knows of it and of no later one."""
    tested = holes((100, 200), (300, 400))
    pieces: Callable[[], Piece] = tested.take(0, 1000, NS).__next__
    pieces()
    assert tested.has(300, 400)
    assert not tested.has(100, 300)
