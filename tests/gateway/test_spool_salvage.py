import itertools
import random
import sqlite3
from pathlib import Path

import pytest

from ecgcore.errors import ConfigError
from ecgcore.types import GapReason
from ecgcore.wire.frame import decode_frame
from gateway.spool import Entry, Spool
from gateway.spool_salvage import finish
from tests.gateway.test_spool import MIB, entries

PAGE = 4096
N_FRAMES = 240
KEY = bytes(range(32))


def made(path: Path, *, key: bytes | None = None) -> list[Entry]:
    """Give what a closed spool with two patches holds."""
    spool = Spool(path, MIB, key=key)
    of_a, of_b = entries("a", 1, N_FRAMES, gap_every=9), entries("b", 5, 20)
    spool.write(of_a[:200])
    spool.write([*of_b, *of_a[200:]])
    spool.close()
    return of_a + of_b


def harm(path: Path, page: int, how: str, seed: int = 0) -> None:
    """Damage one page, counted from 1; the first one behind the file's header."""
    rng = random.Random(seed)
    content = bytearray(path.read_bytes())
    start, end = (page - 1) * PAGE + (100 if page == 1 else 0), page * PAGE
    if how == "flip":
        content[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
    else:
        content[start:end] = bytes(end - start) if how == "zero" else rng.randbytes(end - start)
    path.write_bytes(content)


def page_of(path: Path, needle: bytes) -> int:
    return path.read_bytes().index(needle) // PAGE + 1


def tiled(spool: Spool, device: str) -> list[tuple[int, int, bool]]:
    """Give start, end and whether it is a gap of MISSING; consecutive ones meet."""
    spans = []
    for row in spool.after(device, 0, 10_000):
        frame = decode_frame(row.frame)
        spans.append((frame.start, frame.end, frame.gap_reason is GapReason.MISSING))
    for one, following in itertools.pairwise(spans):
        assert one[1] == following[0]
    return spans


@pytest.mark.parametrize("how", ["zero", "noise"])
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_a_lost_page_costs_its_rows_only_and_they_are_named(
    tmp_path: Path, how: str, key: bytes | None
) -> None:
    path = tmp_path / "s.db"
    all_made = made(path)
    with sqlite3.connect(path) as db:
        n_pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.close()
    page = page_of(path, all_made[100].frame)
    on_page = path.read_bytes()[(page - 1) * PAGE : page * PAGE]
    lost = [entry for entry in all_made if entry.frame in on_page]
    assert 5 < len(lost) < 60
    assert n_pages > 15
    before = path.read_bytes()
    harm(path, page, how)
    damaged = path.read_bytes()
    spool = Spool(path, MIB, key=key)
    assert spool.salvaged is not None
    assert spool.salvaged.n_saved == len(all_made) - len(lost)
    assert spool.salvaged.missing == (("a", 1, lost[0].start, lost[-1].end_counter),)
    assert not spool.salvaged.unnamed
    spans = tiled(spool, "a")
    assert spans[0][0] == 0
    assert spans[-1][1] == all_made[N_FRAMES - 1].end_counter
    assert [span[:2] for span in spans if span[2]] == [(lost[0].start, lost[-1].end_counter)]
    kept = [row.frame for row in spool.after("a", 0, 999) if decode_frame(row.frame).n_samples]
    assert kept == [e.frame for e in all_made[:N_FRAMES] if e not in lost]
    assert spool.state("a") == b"state 239"
    assert spool.salvaged.aside == path.with_name("s.db.damaged-1")
    aside = spool.salvaged.aside.read_bytes()
    assert len(aside) == len(before)
    assert aside[(page - 1) * PAGE : page * PAGE] == damaged[(page - 1) * PAGE : page * PAGE]
    spool.write(entries("c", 1, 3))
    spool.close()
    again = Spool(path, MIB, key=key)
    assert again.salvaged is None
    assert again.backlog()["c"].n_frames == 3
    again.close()


@pytest.mark.parametrize("seed", range(24))
def test_whatever_page_is_hurt_frames_and_gaps_tile_what_was_there(
    tmp_path: Path, seed: int
) -> None:
    """Any page, any damage: nothing changed, and what is on a sound page is saved."""
    path, rng = tmp_path / "s.db", random.Random(seed)
    all_made = made(path)
    before = path.read_bytes()
    n_pages = len(before) // PAGE
    for _ in range(rng.choice([1, 1, 3])):
        harm(path, rng.randint(1, n_pages), rng.choice(["zero", "noise", "flip"]), seed)
    damaged = path.read_bytes()
    spool = Spool(path, MIB)
    originals = {(e.device, e.start, e.end_counter): e.frame for e in all_made}
    saved = set()
    for device in "ab":
        tiled(spool, device)
        for row in spool.after(device, 0, 10_000):
            frame = decode_frame(row.frame)
            if frame.gap_reason is not GapReason.MISSING:
                assert originals[device, frame.start, frame.end] == row.frame
                saved.add(row.frame)
    for entry in all_made:
        at = damaged.find(entry.frame) // PAGE
        is_page_sound = at >= 0 and damaged[at * PAGE :][:PAGE] == before[at * PAGE :][:PAGE]
        assert entry.frame in saved or not is_page_sound
    last = spool.after("a", 0, 10_000)[-1:]
    # What comes next has its place, and is not taken for something old.
    end = all_made[N_FRAMES - 1].end_counter
    assert not last or last[0].end_counter <= end
    spool.write(entries("a", 9, 1))
    assert spool.after("a", 0, 10_000)[-1].boot_id == 9
    spool.close()


@pytest.mark.parametrize("pages", [[1], [2], [3], [4], [2, 3], [1, 2, 3, 4]])
@pytest.mark.parametrize("how", ["zero", "noise"])
def test_roots_of_tables_and_indices_cost_nothing(
    tmp_path: Path, pages: list[int], how: str
) -> None:
    """The schema, the table of frames, its indices."""
    path = tmp_path / "s.db"
    all_made = made(path)
    for page in pages:
        harm(path, page, how)
    spool = Spool(path, MIB)
    assert spool.salvaged is not None
    assert spool.salvaged.n_saved == len(all_made)
    assert not spool.salvaged.missing
    for device, of in (("a", all_made[:N_FRAMES]), ("b", all_made[N_FRAMES:])):
        assert [row.frame for row in spool.after(device, 0, 999)] == [e.frame for e in of]
    assert spool.state("a") == b"state 239"
    spool.close()


def test_damage_while_the_spool_is_open_is_mended_in_place(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    all_made = made(path)
    spool = Spool(path, MIB)
    newest_id = spool.after("a", 0, 999)[-1].row_id
    spool._db.execute("UPDATE frames SET frame = CAST('EGnothing' AS BLOB) WHERE id = 50")
    rows = spool.after("a", 0, 999)
    assert spool.salvaged is not None
    assert spool.salvaged.n_saved == len(all_made) - 1
    assert rows[0].row_id > newest_id, "a reader behind all rows sees them again"
    assert [span[2] for span in tiled(spool, "a")].count(True) == 1
    spool.close()


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_a_file_whose_header_is_gone_is_known_by_its_frames(
    tmp_path: Path, key: bytes | None, fill: bytes
) -> None:
    path = tmp_path / "s.db"
    all_made = made(path, key=key)
    path.write_bytes(fill * PAGE + path.read_bytes()[PAGE:])
    spool = Spool(path, MIB, key=key)
    assert spool.salvaged is not None
    assert spool.salvaged.n_saved == len(all_made)
    spool.close()


def test_held_rows_are_saved_and_lost_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    spool = Spool(path, MIB)
    one = entries("a", 1, 1)
    behind = [Entry(*_fields(e), start_counter=e.start, is_held=True) for e in entries("a", 1, 90)]
    spool.write([*one, *behind[2:]])
    spool.close()
    page = page_of(path, behind[40].frame)
    on_page = path.read_bytes()[(page - 1) * PAGE : page * PAGE]
    lost = [entry for entry in behind if entry.frame in on_page]
    harm(path, page, "zero")
    again = Spool(path, MIB)
    assert again.salvaged is not None
    assert again.salvaged.missing == tuple(("a", 1, e.start, e.end_counter) for e in lost)
    assert again.backlog()["a"].n_held == 88
    spans = [(decode_frame(row.frame).start, row.end_counter) for row in again.held("a")]
    assert spans == [(e.start, e.end_counter) for e in behind[2:]]
    again.close()


def test_a_wrong_key_salvages_nothing_and_destroys_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    made(path, key=KEY)
    n_pages = path.stat().st_size // PAGE
    harm(path, n_pages // 2, "noise")
    before = path.read_bytes()
    for key, why in ((bytes(32), "another key"), (None, "encrypted")):
        with pytest.raises(ConfigError, match=why):
            Spool(path, MIB, key=key)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.db"]


@pytest.mark.parametrize("moved", ["", "-wal"])
def test_a_cut_between_the_moves_is_finished_at_the_next_start(tmp_path: Path, moved: str) -> None:
    path = tmp_path / "s.db"
    made(path)
    path.rename(tmp_path / "s.db.salvaged")
    path.write_bytes(b"old")
    Path(f"{path}-wal").write_bytes(b"old log")
    if moved:
        Path(f"{path}{moved}").rename(f"{path}.damaged-1{moved}")
    finish(path)
    assert (tmp_path / "s.db.damaged-1").read_bytes() == b"old"
    assert (tmp_path / "s.db.damaged-1-wal").read_bytes() == b"old log"
    spool = Spool(path, MIB)
    assert spool.backlog()["a"].n_frames == N_FRAMES
    spool.close()


def _fields(entry: Entry) -> tuple[str, int, int, int, bytes, bytes]:
    return (
        entry.device,
        entry.boot_id,
        entry.end_counter,
        entry.utc_ns,
        entry.frame,
        entry.state,
    )
