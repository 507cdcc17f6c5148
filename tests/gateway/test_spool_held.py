import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.types import GapReason
from ecgcore.wire.frame import decode_frame
from gateway.spool import Entry, Spool
from tests.gateway.test_spool import MIB, entries, frame


def held(entry: Entry) -> Entry:
    return replace(entry, is_held=True)


def starts(spool: Spool, device: str = "a") -> list[int]:
    return [decode_frame(row.frame).start for row in spool.after(device, 0, 10_000)]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "s.db", MIB)
    yield spool
    spool.close()


def test_held_rows_are_not_handed_out_until_released(spool: Spool) -> None:
    made = entries("a", 1, 6)
    spool.write([made[0], held(made[2]), held(made[3]), held(made[4])])
    assert starts(spool) == [0]
    backlog = spool.backlog()["a"]
    assert (backlog.n_frames, backlog.n_held) == (1, 3)
    cursor_id = backlog.newest_id
    spool.write([replace(made[1], releases_to=made[2].start), made[5]])
    rows = spool.after("a", cursor_id, 99)
    # Up to the row that starts there: the others wait for another hole.
    assert [row.frame for row in rows] == [made[1].frame, made[2].frame, made[5].frame]
    assert [row.frame for row in spool.held("a")] == [made[3].frame, made[4].frame]


def test_a_hole_named_as_a_gap_releases_too(spool: Spool) -> None:
    made = entries("a", 1, 4)
    spool.write([made[0], held(made[2]), held(made[3])])
    marker = frame("a", 1, made[1].end_counter, n=0, gap=73)
    spool.write([Entry.of(marker, b"state", releases_to=1 << 40)])
    frames = [decode_frame(row.frame) for row in spool.after("a", 0, 99)]
    assert [f.start for f in frames] == [0, 73, 146, 219]
    assert frames[1].gap_reason is GapReason.LINK_LOST
    assert spool.backlog()["a"].n_held == 0


def test_only_the_boot_and_patch_of_the_hole_are_released(spool: Spool) -> None:
    of_a, of_b, other = entries("a", 1, 3), entries("b", 1, 3), entries("a", 2, 3)
    spool.write([held(of_a[1]), held(of_b[1]), held(other[1])])
    spool.write([replace(of_a[0], releases_to=of_a[2].end_counter)])
    assert starts(spool) == [0, 73]
    assert starts(spool, "b") == []
    assert [row.boot_id for row in spool.held("a")] == [2]
    assert {device: b.n_held for device, b in spool.backlog().items()} == {"a": 1, "b": 1}
    assert spool.backlog()["b"].oldest_utc_ns == of_b[1].utc_ns


def test_held_rows_survive_a_restart_and_a_commitment(tmp_path: Path, spool: Spool) -> None:
    made = entries("a", 1, 5)
    spool.write([made[0], held(made[2])])
    spool.write([held(made[3])], {("a", 1): 10_000})
    spool.close()
    again = Spool(tmp_path / "s.db", MIB)
    assert [row.start_counter for row in again.held("a")] == [146, 219]
    assert again.backlog()["a"].n_frames == 0
    assert again.state("a") == b"state 3"
    again.write([replace(made[1], releases_to=219)])
    assert starts(again) == [73, 146, 219]
    again.close()


def test_several_holes_are_filled_in_any_order(spool: Spool) -> None:
    made = entries("a", 1, 7)
    spool.write([made[0], held(made[2]), held(made[4]), held(made[6])])
    # The later hole first: its frame waits as well, behind the earlier hole.
    spool.write([held(made[5])])
    spool.write([replace(made[1], releases_to=made[2].start)])
    assert starts(spool) == [e.start for e in made[:3]]
    spool.write([replace(made[3], releases_to=made[6].start)])
    assert starts(spool) == [e.start for e in made]


def test_size_limit_counts_held_rows_and_keeps_holes_open(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_bytes=6000)
    made = entries("a", 1, 120)
    spool.write([made[0]])
    # A hole before every tenth.
    waiting = [entry for k, entry in enumerate(made) if k > 1 and k % 10]
    for entry in waiting:
        spool.write([held(entry)])
    rows = spool.held("a")
    assert sum(len(row.frame) for row in [*rows, *spool.after("a", 0, 99)]) <= 6000
    frames = [decode_frame(row.frame) for row in rows]
    holes = {entry.start for k, entry in enumerate(made) if k == 1 or (k and k % 10 == 0)}
    covered = {c for f in frames for c in range(f.start, f.end)}
    assert not covered & {c + k for c in holes for k in range(73)}
    assert covered >= {c for entry in waiting for c in range(entry.start, entry.end_counter)}
    gaps = [f for f in frames if not f.n_samples]
    assert gaps
    assert {f.gap_reason for f in gaps} == {GapReason.SPOOL_EVICTED}
    assert len(rows) == spool.backlog()["a"].n_held
    spool.close()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.booleans(), min_size=4, max_size=40),
    st.integers(1, 8),
    st.integers(2500, 20_000),
)
def test_whatever_was_held_the_order_is_that_of_the_counters(
    tmp_path_factory: pytest.TempPathFactory, missing: list[bool], patience: int, max_bytes: int
) -> None:
    """Holes are filled `patience` frames later; what is handed out tiles the counters."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "s.db", max_bytes)
    made = entries("a", 1, len(missing) + patience, gap_every=5)
    holes: list[int] = []
    for k, entry in enumerate(made):
        is_missing = k < len(missing) and missing[k]
        if is_missing:
            holes.append(k)
        else:
            spool.write([held(entry) if holes else entry])
        while holes and (k - holes[0] >= patience or k == len(made) - 1):
            filled = made[holes.pop(0)]
            until = made[holes[0]].start if holes else entry.end_counter
            spool.write([replace(filled, releases_to=until)])
    spans = [(decode_frame(r.frame).start, r.end_counter) for r in spool.after("a", 0, 999)]
    assert spans[0][0] == 0
    assert spans[-1][1] == made[-1].end_counter
    assert all(one[1] == following[0] for one, following in itertools.pairwise(spans))
    assert spool.backlog()["a"].n_held == 0
    spool.close()
