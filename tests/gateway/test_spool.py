import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame, decode_frame
from gateway.spool import Entry, Spool

MIB = 1 << 20


def frame(device: str, boot_id: int, first: int, n: int = 73, gap: int = 0) -> Frame:
    rng = np.random.default_rng(first)
    return Frame(
        device=device,
        boot_id=boot_id,
        first_counter=first,
        adc=rng.integers(-500, 500, (1, n), dtype=np.int32),
        lead_mask=1,
        fs_mhz=130_000,
        lsb_pv=1_000_000,
        device_time_ns=first * 10**9 // 130,
        device_span_ns=n * 10**9 // 130,
        utc_ns=10**18 + first * 10**9 // 130,
        arrival_ns=10**18,
        gap_before=gap,
        gap_reason=GapReason.LINK_LOST if gap else GapReason.NONE,
    )


def entries(device: str, boot_id: int, count: int, gap_every: int = 0) -> list[Entry]:
    """Give consecutive frames; every `gap_every`-th has a gap of 10 before it."""
    made, at = [], 0
    for k in range(count):
        gap = 10 if gap_every and k % gap_every == gap_every - 1 else 0
        one = frame(device, boot_id, at + gap, gap=gap)
        made.append(Entry.of(one, f"state {k}".encode()))
        at = one.end
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "spool.db"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    spool = Spool(path, MIB)
    yield spool
    spool.close()


def test_frames_come_back_in_order_for_each_patch(spool: Spool) -> None:
    a, b = entries("a", 1, 5), entries("b", 2, 3)
    spool.write([a[0], b[0], a[1], a[2], b[1], a[3], b[2], a[4]])
    rows = spool.after("a", 0, 10)
    assert [row.frame for row in rows] == [entry.frame for entry in a]
    assert spool.after("a", rows[2].row_id, 1) == [rows[3]]
    backlog = spool.backlog()
    assert (backlog["a"].n_frames, backlog["b"].n_frames) == (5, 3)
    assert backlog["a"].newest_id == rows[-1].row_id
    assert backlog["a"].oldest_utc_ns == a[0].utc_ns


def test_committed_deletes_only_what_it_covers(spool: Spool) -> None:
    spool.write(entries("a", 1, 5) + entries("a", 2, 5) + entries("b", 1, 5))

    def left() -> dict[str, int]:
        return {device: backlog.n_frames for device, backlog in spool.backlog().items()}

    for boot, through, left_of_a in ((1, 3 * 73 - 1, 8), (1, 3 * 73, 7), (9, 10**9, 7)):
        spool.write([], {("a", boot): through})
        assert left() == {"a": left_of_a, "b": 5}
    spool.write(entries("c", 1, 1), {("a", 1): 10**9, ("a", 2): 10**9})
    assert left() == {"b": 5, "c": 1}


def test_everything_survives_a_kill(path: Path, spool: Spool) -> None:
    spool.write(entries("a", 1, 7))
    # The files as a killed process leaves them: write-ahead log not folded in.
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(path.with_name("spool.db-wal").read_bytes())
    again = Spool(copy, MIB)
    assert [r.end_counter for r in again.after("a", 0, 99)] == [73 * k for k in range(1, 8)]
    assert again.state("a") == b"state 6"
    assert again.state("b") is None
    again.close()


def test_a_second_gateway_is_refused(path: Path, spool: Spool) -> None:
    with pytest.raises(ConfigError, match=r"spool\.db: database is locked"):
        Spool(path, MIB)
    spool.close()
    Spool(path, MIB).close()


def test_foreign_files_are_refused_untouched(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but longer than the header of one " * 20)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE precious (x)")
    db.close()
    before = text.read_bytes()
    for path, why in ((text, "not a database"), (other, "not a spool"), (tmp_path, "unable")):
        with pytest.raises(ConfigError, match=why) as caught:
            Spool(path, MIB)
        assert str(path) in str(caught.value)
    assert text.read_bytes() == before


def test_a_full_disk_stores_all_or_nothing(path: Path, spool: Spool) -> None:
    spool.write(entries("a", 1, 3))
    spool.close()
    with sqlite3.connect(path) as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.close()
    full = Spool(path, MIB)
    full._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(sqlite3.Error, match="full"):
        full.write(entries("b", 1, 200))
    assert list(full.backlog()) == ["a"]
    full._db.execute("PRAGMA max_page_count = 100000")
    full.write(entries("b", 1, 200))
    assert full.backlog()["b"].n_frames == 200
    full.close()


@settings(max_examples=15, deadline=None)
@given(
    batches=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 40)), max_size=12),
    gap_every=st.integers(0, 5),
    committed=st.lists(st.integers(0, 2000), max_size=3),
)
def test_eviction_loses_count_of_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[str, int]],
    gap_every: int,
    committed: list[int],
) -> None:
    """Frames and gaps left in the spool tile the counters without hole or overlap."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "s.db", max_bytes=4000)
    source = {device: iter(entries(device, 1, 600, gap_every)) for device in "ab"}
    written, done = dict.fromkeys("ab", 0), dict.fromkeys("ab", 0)
    for device, count in batches:
        batch = [next(source[device]) for _ in range(count)]
        spool.write(batch)
        written[device] = batch[-1].end_counter
    for through in committed:
        spool.write([], {("a", 1): through})
        done["a"] = max(done["a"], through)
    for device in "ab":
        rows = spool.after(device, 0, 10_000)
        frames = [decode_frame(row.frame) for row in rows]
        assert [row.end_counter for row in rows] == [f.end for f in frames]
        if frames:
            assert frames[0].start <= done[device]
            assert frames[-1].end == written[device]
        for one, following in itertools.pairwise(frames):
            assert one.end == following.start
    spool.close()


def test_evicted_frames_become_one_gap(path: Path) -> None:
    spool = Spool(path, max_bytes=5000)
    made = entries("a", 1, 60, gap_every=7)
    for entry in made:
        spool.write([entry])
    frames = [decode_frame(row.frame) for row in spool.after("a", 0, 1000)]
    gone = frames[0]
    assert gone.n_samples == 0
    assert gone.gap_reason is GapReason.SPOOL_EVICTED
    assert gone.start == 0
    assert spool.n_evicted + len(frames) - 1 == 60
    assert sum(len(row.frame) for row in spool.after("a", 0, 1000)) <= 5000
    assert gone.utc_ns == pytest.approx(10**18 + gone.end * 10**9 / 130, abs=1000)
    spool.close()
    again = Spool(path, max_bytes=5000)
    assert again.backlog()["a"].n_frames == len(frames)
    again.close()
