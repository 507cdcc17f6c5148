"""From a damaged spool a new one with every row that verifies; the damaged file is put aside.

Theory of operation: the rows are walked one by one (`gateway.spool_walk`); a page that cannot be
read costs the rows on it. Each row that verifies goes into a new file, and a frame that names the
gap in the place of those that are missing (`gateway.spool_refill`).

The new file is made beside the old one and named ``.salvaged`` once it is whole and synced. From
then on it counts: `finish` moves the old one to ``.damaged-N`` and the new one to its place, also
after a cut in between.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from gateway.spool_file import Connect, Connection, opened, transaction
from gateway.spool_refill import Refill, Span
from gateway.spool_seal import Seal
from gateway.spool_walk import walking

_MAKING, _MADE = ".salvaging", ".salvaged"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged spool."""

    aside: Path
    """Where the damaged file is now."""
    n_saved: int
    missing: tuple[Span, ...]
    """What is gone and named so."""
    unnamed: tuple[Span, ...]
    """The same, but of patches of which nothing is left to name a gap with."""

    def __str__(self) -> str:
        spans = [f"{d}/{boot}:{start}-{end}" for d, boot, start, end in self.missing]
        spans += [f"{d}/{boot}:{start}-{end} (unnamed)" for d, boot, start, end in self.unnamed]
        return (
            f"saved_rows={self.n_saved} missing={','.join(spans) or 'nothing'} aside={self.aside}"
        )


def salvage(path: Path, seal: Seal, connect: Connect, next_id: int) -> Salvaged:
    """Make a new spool of what verifies and put the damaged one aside.

    Parameters
    ----------
    next_id : int
        Ids of rows in the new file start here.

    Raises
    ------
    ConfigError
        If nothing opens because it was encrypted with another key; then nothing is changed.
    OSError, sqlite3.Error
        If the disk refuses; then nothing is changed either.
    """
    with replacing(path, seal, connect) as replacement, walking(path, connect) as walk:
        refill = Refill(replacement.db, seal, next_id)
        refill.run(walk)
    missing, unnamed = tuple(refill.missing), tuple(refill.unnamed)
    return Salvaged(replacement.aside, refill.n_saved, missing, unnamed)


@dataclass(slots=True)
class Replacement:
    """A new spool that will stand in the place of another."""

    db: Connection
    """Inside a transaction."""
    aside: Path
    """Where the other one went, afterwards."""


@contextmanager
def replacing(path: Path, seal: Seal, connect: Connect) -> Iterator[Replacement]:
    """Make a new spool; when the block ends well, it takes the other one's place.

    Raises
    ------
    OSError, sqlite3.Error
        If the disk refuses; then nothing is changed.
    """
    making = path.with_name(path.name + _MAKING)
    _remove(making)
    db = opened(making, seal, connect)
    replacement = Replacement(db, path)
    try:
        with transaction(db):
            yield replacement
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except BaseException:
        db.close()
        _remove(making)
        raise
    db.close()
    _sync(making)
    making.rename(path.with_name(path.name + _MADE))
    _sync(path.parent)
    replacement.aside = finish(path) or path


def finish(path: Path) -> Path | None:
    """Put a salvaged spool into its place, if there is one; give where the damaged one went.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    made = path.with_name(path.name + _MADE)
    if not made.exists():
        return None
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in count(1))
    aside = next(name for name in names if not name.exists())
    # The log first: applied to another file than its own it would destroy it.
    for ending in ("-wal", "-journal", "-shm", ""):
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
            _sync(path.parent)
    made.rename(path)
    _sync(path.parent)
    return aside


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
