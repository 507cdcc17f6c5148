import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from gateway.spool import Entry, Spool
from gateway.spool_seal import DamagedError, Seal, read_key
from tests.gateway.test_spool import MIB, entries

KEY, OTHER = bytes(range(32)), bytes(32)


def key_file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def rows_of(path: Path) -> list[bytes]:
    with sqlite3.connect(path) as db:
        rows = [row[0] for row in db.execute("SELECT frame FROM frames ORDER BY id")]
        rows += [row[0] for row in db.execute("SELECT state FROM recorders")]
    db.close()
    return rows


def test_what_is_stored_under_a_key_is_not_in_the_file(tmp_path: Path) -> None:
    path, made = tmp_path / "s.db", entries("a", 1, 40)
    spool = Spool(path, MIB, key=KEY)
    spool.write(made)
    assert [row.frame for row in spool.after("a", 0, 99)] == [e.frame for e in made]
    content = path.read_bytes() + path.with_name("s.db-wal").read_bytes()
    assert not any(entry.frame[80:] in content for entry in made)
    assert b"state 39" not in content
    spool.close()
    again = Spool(path, MIB, key=KEY)
    assert [row.frame for row in again.after("a", 0, 99)] == [e.frame for e in made]
    assert again.state("a") == b"state 39"
    again.close()


def test_no_two_rows_look_alike(tmp_path: Path) -> None:
    one = entries("a", 1, 1)[0]
    spool = Spool(tmp_path / "s.db", MIB, key=KEY)
    spool.write([one, one])
    spool.close()
    first, second, _ = rows_of(tmp_path / "s.db")
    assert first[:3] == second[:3] == b"EK1"
    assert first[3:15] != second[3:15]
    assert first[15:] != second[15:]


@pytest.mark.parametrize(("key", "why"), [(OTHER, "another key"), (None, "is encrypted")])
def test_without_the_right_key_nothing_happens(tmp_path: Path, key: bytes | None, why: str) -> None:
    path = tmp_path / "s.db"
    spool = Spool(path, MIB, key=KEY)
    spool.write(entries("a", 1, 3))
    spool.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=why):
        Spool(path, MIB, key=key)
    assert path.read_bytes() == before
    Spool(path, MIB, key=KEY).close()


def test_a_plain_spool_is_drained_and_what_is_new_is_encrypted(tmp_path: Path) -> None:
    path, made = tmp_path / "s.db", entries("a", 1, 6)
    plain = Spool(path, MIB)
    plain.write(made[:3])
    plain.close()
    spool = Spool(path, MIB, key=KEY)
    assert spool.state("a") == b"state 2"
    spool.write(made[3:])
    assert [row.frame for row in spool.after("a", 0, 99)] == [e.frame for e in made]
    spool.close()
    *frames, state = rows_of(path)
    assert [row[:2] for row in frames] == [b"EG"] * 3 + [b"EK"] * 3
    assert state[:3] == b"EK1"


def test_eviction_and_release_work_under_a_key(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.db", max_bytes=6000, key=KEY)
    made = entries("a", 1, 60)
    for entry in made[:50]:
        spool.write([entry])
    spool.write([_held(made[51]), _held(made[52])])
    spool.write([_filling(made[50])])
    ends = [row.end_counter for row in spool.after("a", 0, 999)]
    assert ends[-3:] == [e.end_counter for e in made[50:53]]
    assert 0 < spool.n_evicted < 53
    spool.close()


def _held(entry: Entry) -> Entry:
    return Entry(entry.device, 1, entry.end_counter, 0, entry.frame, b"s", is_held=True)


def _filling(entry: Entry) -> Entry:
    return Entry(entry.device, 1, entry.end_counter, 0, entry.frame, b"s", releases_to=1 << 40)


@given(st.binary(max_size=300), st.sampled_from([None, KEY]), st.integers(0, 10_000))
def test_any_payload_comes_back_and_any_change_is_noticed(
    payload: bytes, key: bytes | None, where: int
) -> None:
    seal = Seal(key)
    if payload[:2] == b"EG":
        payload = b"x" + payload
    stored = seal.close(payload, "a", 7, 100)
    assert seal.open(stored, "a", 7, 100) == payload
    changed = bytearray(stored)
    changed[where % len(stored)] ^= 1 << where % 8
    with pytest.raises(DamagedError):
        seal.open(bytes(changed), "a", 7, 100)
    if key is not None:
        for place in (("b", 7, 100), ("a", 8, 100), ("a", 7, 101)):
            with pytest.raises(DamagedError):
                seal.open(stored, *place)
        with pytest.raises(DamagedError, match="no key"):
            Seal(None).open(stored, "a", 7, 100)


def test_key_files_hold_32_bytes_raw_or_in_hex(tmp_path: Path) -> None:
    assert read_key(key_file(tmp_path / "raw", KEY)) == KEY
    assert read_key(key_file(tmp_path / "hex", KEY.hex().encode() + b"\n")) == KEY


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (KEY, 0o640, "others can read it"),
        (KEY, 0o604, "others can read it"),
        (KEY[:31], 0o600, "needs 32 bytes"),
        (b"", 0o600, "needs 32 bytes"),
        (b"zz" * 32, 0o600, "needs 32 bytes"),
    ],
)
def test_other_key_files_are_refused_by_name(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    path = key_file(tmp_path / "key", content, mode)
    with pytest.raises(ConfigError, match=why) as caught:
        read_key(path)
    assert str(path) in str(caught.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.*No such file"):
        read_key(tmp_path / "gone")
