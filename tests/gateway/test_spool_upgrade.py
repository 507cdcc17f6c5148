import sqlite3
from pathlib import Path

import pytest

from gateway.spool import Spool
from tests.gateway.test_spool import MIB, entries

VERSION_1 = """
CREATE TABLE frames (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    boot_id INTEGER NOT NULL,
    end_counter INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    frame BLOB NOT NULL
);
CREATE INDEX frames_by_counter ON frames (device, boot_id, end_counter);
CREATE INDEX frames_by_device ON frames (device);
CREATE TABLE recorders (device TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 0x45434721;
PRAGMA user_version = 1;
"""


@pytest.mark.parametrize("key", [None, bytes(32)], ids=["plain", "encrypted"])
@pytest.mark.parametrize("is_killed", [False, True], ids=["closed", "killed"])
def test_a_spool_of_version_1_is_taken_over(
    tmp_path: Path, key: bytes | None, is_killed: bool
) -> None:
    path, made = tmp_path / "s.db", entries("a", 1, 50, gap_every=7)
    db = sqlite3.connect(tmp_path / "old.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(VERSION_1)
    with db:
        db.executemany(
            "INSERT INTO frames (device, boot_id, end_counter, utc_ns, frame) VALUES (?,?,?,?,?)",
            [(e.device, e.boot_id, e.end_counter, e.utc_ns, e.frame) for e in made],
        )
        db.execute("INSERT INTO recorders VALUES ('a', ?)", (made[-1].state,))
    if is_killed:
        (tmp_path / "s.db-wal").write_bytes((tmp_path / "old.db-wal").read_bytes())
        path.write_bytes((tmp_path / "old.db").read_bytes())
    db.close()
    if not is_killed:
        (tmp_path / "old.db").rename(path)
    spool = Spool(path, MIB, key=key)
    rows = spool.after("a", 0, 99)
    assert [row.frame for row in rows] == [entry.frame for entry in made]
    assert [row.start_counter for row in rows] == [entry.start for entry in made]
    assert spool.state("a") == made[-1].state
    assert spool.salvaged is None
    spool.close()
    assert not [p for p in tmp_path.iterdir() if "damaged" in p.name or "salvag" in p.name]
