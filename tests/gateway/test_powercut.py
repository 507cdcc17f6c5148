"""The power goes at any write, sync, truncation or deletion: what `write` returned for is there.

One seed alone: ``ECGOMICS_SEED=17 pytest tests/gateway/test_powercut.py -k one_seed``.
"""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from ecgcore.errors import ConfigError
from gateway import spool_file
from gateway.spool import BootKey, Entry, Spool
from tests.gateway.powercut import Disk, Machine, PowerCut
from tests.gateway.test_spool import MIB, entries

SEEDS = range(400)
T = TypeVar("T")
PATH = Path("s.db")
FRAMES = {device: entries(device, 1, 160, gap_every=6) for device in "ab"}


@dataclass
class Content:
    """What a spool is to hold, by device."""

    in_order: dict[str, list[bytes]] = field(default_factory=lambda: {"a": [], "b": []})
    held: dict[str, list[bytes]] = field(default_factory=lambda: {"a": [], "b": []})
    state: dict[str, bytes | None] = field(default_factory=lambda: {"a": None, "b": None})

    def with_batch(self, batch: list[Entry], committed: dict[BootKey, int]) -> "Content":
        then = deepcopy(self)
        ends = {e.frame: e.end_counter for of in FRAMES.values() for e in of}
        for (device, _), through in committed.items():
            then.in_order[device] = [f for f in then.in_order[device] if ends[f] > through]
        for entry in batch:
            device = entry.device
            (then.held if entry.is_held else then.in_order)[device].append(entry.frame)
            if entry.releases_to is not None:
                then.in_order[device] += then.held[device]
                then.held[device] = []
            then.state[device] = entry.state
        return then

    @classmethod
    def of(cls, spool: Spool) -> "Content":
        return cls(
            {device: [row.frame for row in spool.after(device, 0, 999)] for device in "ab"},
            {device: [row.frame for row in spool.held(device)] for device in "ab"},
            {device: spool.state(device) for device in "ab"},
        )


class Work:
    """Batches as a gateway writes them: frames, now and then a hole that is filled later."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._at = dict.fromkeys("ab", 0)
        self._hole: dict[str, Entry] = {}

    def batch(self) -> tuple[list[Entry], dict[BootKey, int]]:
        batch: list[Entry] = []
        committed = self._committed() if self._rng.random() < 0.3 else {}
        for device in self._rng.sample("ab", self._rng.randint(1, 2)):
            for _ in range(self._rng.randint(1, 4)):
                batch += self._next(device)
        return batch, committed

    def _committed(self) -> dict[BootKey, int]:
        """Give how far the engine may be: it has only what was sent in order."""
        device = self._rng.choice("ab")
        hole, at = self._hole.get(device), self._at[device]
        end = hole.start if hole else FRAMES[device][at - 1].end_counter if at else 0
        return {(device, 1): end - self._rng.choice([0, 73, 300])}

    def _next(self, device: str) -> list[Entry]:
        entry = FRAMES[device][self._at[device]]
        self._at[device] += 1
        hole = self._hole.get(device)
        if hole is None:
            if self._rng.random() < 0.15:
                self._hole[device] = entry
                return []
            return [entry]
        if self._rng.random() < 0.3:
            del self._hole[device]
            held = replace(entry, is_held=True)
            return [held, replace(hole, releases_to=entry.start, state=entry.state)]
        return [replace(entry, is_held=True)]


def run(seed: int) -> None:
    """Work until the power goes, twice; look at what is left each time."""
    rng = random.Random(seed)
    disk, content, work = Disk(rng.randint(1, 160), rng), Content(), Work(rng)
    for _ in range(2):
        content, then = _until_cut(disk, content, work, rng)
        disk = disk.after_cut(rng.randint(20, 160))
        whole = deepcopy(disk)
        found = _found(Disk.after_cut(whole, None))
        assert found in (content, then), f"seed {seed}: what was written is not what is there"
        content = found


def _until_cut(
    disk: Disk, content: Content, work: Work, rng: random.Random
) -> tuple[Content, Content]:
    """Give what must be there, and what may be instead: the batch under way, whole."""
    then = content
    machine = Machine(disk, rng.choice([1, 8, 40]))
    with suppress(PowerCut):
        spool = Spool(PATH, MIB, connect=machine.connect)
        while True:
            batch, committed = work.batch()
            then = content.with_batch(batch, committed)
            spool.write(batch, committed)
            content = then
    machine.go_down()
    return content, then


def _found(disk: Disk) -> Content:
    machine = Machine(disk, 1000)
    spool = Spool(PATH, MIB, connect=machine.connect)
    content = Content.of(spool)
    assert spool.salvaged is None
    spool.close()
    machine.go_down()
    return content


def failing_seeds(seeds: Iterator[int] | range) -> Iterator[int]:
    for seed in seeds:
        try:
            run(seed)
        except Exception:
            yield seed


def test_what_write_returned_for_survives_a_cut() -> None:
    failed = list(failing_seeds(SEEDS))
    assert not failed, f"seeds {failed}; run one with ECGOMICS_SEED=N -k one_seed"


def test_one_seed() -> None:
    run(int(os.environ.get("ECGOMICS_SEED", "0")))


def run_refused(seed: int) -> None:
    """Work while some accesses fail, trying again as the outbox does; then the power goes."""
    rng = random.Random(seed)
    refusals = rng.sample(range(2, 250), 20)
    disk, content, work = Disk(None, rng, refusals), Content(), Work(rng)
    machine = Machine(disk, rng.choice([1, 8, 40]))
    spool = _tried(lambda: Spool(PATH, MIB, connect=machine.connect))
    while disk.n_accesses < 250:
        batch, committed = work.batch()
        content = content.with_batch(batch, committed)
        try:
            spool.write(batch, committed)
        except sqlite3.Error:
            _tried(partial(_again, spool, batch, committed))
    machine.go_down()
    found = _found(disk.after_cut(None))
    # A write that failed may have been done all the same; the cloud takes what comes twice once.
    for rows in (found.in_order, found.held):
        for device in rows:
            rows[device] = list(dict.fromkeys(rows[device]))
    for device, rows in found.held.items():
        found.held[device] = [row for row in rows if row not in found.in_order[device]]
    assert found == content, f"seed {seed}: what was written is not what is there"


def _again(spool: Spool, batch: list[Entry], committed: dict[BootKey, int]) -> None:
    spool.reopen()
    spool.write(batch, committed)


def _tried(action: Callable[[], T]) -> T:
    for _ in range(40):
        with suppress(sqlite3.Error, ConfigError):
            return action()
    pytest.fail("the disk never recovered")


def test_a_disk_that_refuses_now_and_then_costs_nothing() -> None:
    for seed in range(100):
        run_refused(seed)


@contextmanager
def setting(before: str, after: str) -> Iterator[None]:
    durable = spool_file.DURABLE
    assert before in durable
    spool_file.DURABLE = tuple(after if line == before else line for line in durable)
    try:
        yield
    finally:
        spool_file.DURABLE = durable


@contextmanager
def early_word() -> Iterator[None]:
    """`write` returns before it wrote; the next call does the work."""
    write = Spool.write
    left: dict[int, tuple[list[Entry], dict[BootKey, int]]] = {}

    def early(spool: Spool, batch: list[Entry], committed: dict[BootKey, int]) -> None:
        if (before := left.pop(id(spool), None)) is not None:
            write(spool, *before)
        left[id(spool)] = batch, committed

    Spool.write = early  # type: ignore[method-assign, assignment]  # the mutant
    try:
        yield
    finally:
        Spool.write = write  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "mutant",
    [
        lambda: setting("synchronous = EXTRA", "synchronous = OFF"),
        lambda: setting("synchronous = EXTRA", "synchronous = NORMAL"),
        lambda: setting("synchronous = EXTRA", "synchronous = FULL"),
        lambda: setting("journal_mode = WAL", "journal_mode = OFF"),
        early_word,
    ],
    ids=[
        "never synced",
        "synced at checkpoints",
        "folder not synced",
        "no journal",
        "acknowledged before",
    ],
)
def test_a_spool_that_is_not_durable_is_caught(
    mutant: Callable[[], Iterator[None]],
) -> None:
    with mutant():  # type: ignore[attr-defined]  # a context manager
        assert next(failing_seeds(SEEDS), None) is not None
