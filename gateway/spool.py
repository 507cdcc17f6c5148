"""Store and forward: frames in SQLite until the cloud has them.

One row a frame, durable when `write` returns (WAL, ``synchronous=EXTRA``). Only the engine's word
that it has a frame, and eviction, delete one. With a row the recorder's state is stored in the same
transaction, so a gateway that was killed goes on counting exactly behind its last durable frame.

Frames behind an open hole are *held*: durable, but not handed out. The entry that fills the hole,
or names it a gap, releases them: in the same transaction they move behind it. So what is handed
out goes in counter order.

At the size or age limit the oldest frames give way (`gateway.spool_eviction`). With a key new rows
are encrypted (`gateway.spool_seal`). A damaged file is put aside and a new one made of what
verifies (`gateway.spool_salvage`), on opening and while it is open.

The file is locked while it is open: two gateways cannot share one.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ecgcore.errors import ConfigError
from gateway.spool_eviction import SpoolClock
from gateway.spool_file import Connect, OldVersionError, connect, is_damage, opened
from gateway.spool_rows import Backlog, BootKey, Entry, Row, Wanted
from gateway.spool_salvage import Salvaged, finish, salvage
from gateway.spool_seal import Seal
from gateway.spool_store import Store
from gateway.spool_upgrade import upgrade
from gateway.spool_walk import is_spool

__all__ = ["Backlog", "BootKey", "Entry", "Row", "Spool", "Wanted"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_NOTHING: Mapping[BootKey, int] = MappingProxyType({})


class Spool:
    """The store; every method blocks and must be called from one thread.

    Parameters
    ----------
    path : Path
        Made if it does not exist, with its folder.
    max_bytes : int
        Of stored frames.
    max_age_s : float or None
        Frames stored longer than this give way; None keeps them.
    key : bytes or None
        32 bytes, to encrypt with; rows stored before in the clear are still handed out.
    connect : Connect
        Opens the file.

    Raises
    ------
    ConfigError
        If the file cannot be opened, is no spool, is in use, or needs another key.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        *,
        max_age_s: float | None = None,
        key: bytes | None = None,
        connect: Connect = connect,
    ) -> None:
        self._path, self._connect = path, connect
        self._max_bytes, self._max_age_s = max_bytes, max_age_s
        self._seal = Seal(key)
        self._past_evicted = 0
        self.salvaged: Salvaged | None = None
        """What the last salvage found; None if the file was never damaged."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            finish(path)
            self._open(next_id=1)
        except (OSError, sqlite3.Error, ConfigError) as error:
            msg = f"spool {path}: {error}"
            raise ConfigError(msg) from error

    @property
    def n_evicted(self) -> int:
        """Frames given up since opening."""
        return self._past_evicted + self._store.n_evicted

    def write(
        self, entries: Iterable[Entry], committed: Mapping[BootKey, int] = _NOTHING
    ) -> dict[str, Backlog]:
        """Delete what the cloud has and store frames in the order given; durable on return.

        Parameters
        ----------
        entries : Iterable[Entry]
        committed : Mapping[BootKey, int]
            For a device and boot the counter below which the cloud has everything.

        Returns
        -------
        dict[str, Backlog]
            What is not yet committed then, by patch; patches with nothing are left out.

        Raises
        ------
        sqlite3.Error
            If the disk is full or broken; then nothing was done.
        """
        batch = list(entries)
        return self._mending(lambda: self._store.write(batch, committed))

    def after(self, device: str, row_id: int, limit: int) -> list[Row]:
        """Give up to `limit` frames of a patch that were stored after row `row_id`, in order."""
        return self._mending(lambda: self._store.after(device, row_id, limit))

    def evenly(self, wanted: Sequence[Wanted], most: int) -> list[tuple[str, Row]]:
        """Give up to `most` frames of several patches, to each its share; each one's in order.

        What one patch has not, those after it may have.
        """
        given: list[tuple[str, Row]] = []
        for n_before, want in enumerate(wanted):
            share = -(-(most - len(given)) // (len(wanted) - n_before))
            rows = self.after(want.device, want.row_id, min(want.limit, share))
            given += [(want.device, row) for row in rows]
            if len(given) >= most:
                break
        return given

    def held(self, device: str) -> list[Row]:
        """Give the held frames of a patch, by boot and counter."""
        return self._mending(lambda: self._store.held(device))

    def state(self, device: str) -> bytes | None:
        """Give the recorder's state stored with the patch's last frame."""
        return self._mending(lambda: self._store.state(device))

    def backlog(self) -> dict[str, Backlog]:
        """Give what is not yet committed, by patch; patches with nothing are left out."""
        return self._mending(lambda: self._store.backlog())

    def close(self) -> None:
        """Close the file; another gateway can open it."""
        self._db.close()

    def reopen(self) -> None:
        """Let go of a file under which the disk failed, and open it anew.

        Raises
        ------
        ConfigError, OSError, sqlite3.Error
            If the disk still refuses; then try again.
        """
        self._close_anyhow()
        self._open(self._store.next_id)

    def _open(self, next_id: int) -> None:
        try:
            self._take_up(next_id)
        except OldVersionError:
            damage = None
        except Exception as error:
            if not is_damage(error) or not is_spool(self._path):
                raise
            damage = str(error)
        else:
            return
        if damage is not None:
            self._salvage(damage, next_id)
            return
        upgrade(self._path, self._seal, self._connect, SpoolClock(0).now_s())
        self._take_up(next_id)

    def _take_up(self, next_id: int) -> None:
        db = opened(self._path, self._seal, self._connect)
        try:
            store = Store(db, self._seal, self._max_bytes, self._max_age_s, next_id)
        except BaseException:
            db.close()
            raise
        self._db, self._store = db, store

    def _salvage(self, damage: str, next_id: int) -> None:
        # Not while the error is handled: what it holds on to would keep the file locked.
        _log.error("spool damaged file=%s error=%s", self._path, damage)
        self.salvaged = salvage(self._path, self._seal, self._connect, next_id)
        _log.error("spool salvaged %s", self.salvaged)
        self._take_up(next_id)

    def _mending(self, action: Callable[[], _T]) -> _T:
        """Do it; if that shows the file to be damaged, mend the file and do it then."""
        try:
            return action()
        except Exception as error:
            if not is_damage(error):
                raise
            damage = str(error)
        self._close_anyhow()
        self._salvage(damage, self._store.next_id)
        return action()

    def _close_anyhow(self) -> None:
        self._past_evicted, self._store.n_evicted = self.n_evicted, 0
        with suppress(sqlite3.Error):
            self._db.close()
