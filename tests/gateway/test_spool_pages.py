import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.spool_pages import Pages

LONG = 1 << 63
ROW = st.tuples(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    st.integers(-LONG, LONG - 1),
    st.integers(-200, 200),
    st.none() | st.sampled_from(["event"]),
    st.binary(max_size=300)
    | st.integers(3900, 4200).map(bytes)
    | st.integers(0, 30_000).map(bytes),
)


def made(path: Path, rows: dict[int, tuple[str, int, int, str | None, bytes]], page: int) -> bytes:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA page_size = {page}")
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, d TEXT, a INT, b INT, k TEXT, f BLOB)")
        db.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", [(k, *v) for k, v in rows.items()]
        )
    db.close()
    return path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.dictionaries(st.integers(-LONG, LONG - 1) | st.integers(1, 300), ROW, max_size=30),
    page=st.sampled_from([512, 4096, 65_536]),
)
def test_the_pages_hold_what_the_table_holds(
    tmp_path_factory: pytest.TempPathFactory,
    rows: dict[int, tuple[str, int, int, str | None, bytes]],
    page: int,
) -> None:
    pages = Pages(made(tmp_path_factory.getbasetemp() / "p.db", rows, page), 6)
    for row_id, row in rows.items():
        assert [row_id, *row] in list(pages.rows(row_id))
    assert pages.ids >= set(rows)
    assert list(pages.rows(12_345_678)) == []


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    rows = {k: ("a", k, -k, None, bytes(k * 60)) for k in range(1, 90)}
    return made(tmp_path_factory.mktemp("sound") / "s.db", rows, 4096)


@settings(max_examples=200, deadline=None)
@given(
    start=st.binary(max_size=5000),
    harm=st.lists(
        st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=60)), max_size=20
    ),
)
def test_any_bytes_are_read_without_an_error(
    sound: bytes, start: bytes, harm: list[tuple[int, bytes]]
) -> None:
    content = bytearray(sound)
    for at, noise in harm:
        content[at % len(content) : at % len(content) + len(noise)] = noise
    for damaged in (bytes(content)[: len(sound)], start):
        pages = Pages(damaged, 6)
        for row_id in pages.ids:
            for row in pages.rows(row_id):
                assert len(row) == 6
