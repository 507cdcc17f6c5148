"""A gateway that is killed at named points, again and again, and the ledger it leaves.

``python -m tests.gateway.kill_run [--seed N | --seeds N] [--mutant NAME]``: one line for each seed
that fails, exit code 1 if any did. Recorder and outbox are the real ones, over a file; patch and
engine are stand-ins that keep journals a SIGKILL cannot undo. Every run of the gateway is a fork
of a process that has imported everything and started no thread.
"""

import argparse
import asyncio
import gc
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from devices.driver import Samples
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame, decode_frame
from gateway.outbox import Outbox
from gateway.recorder import Recorder, RecorderConfig
from gateway.spool import Backlog, Entry, Wanted
from gateway.spool_file import transaction
from gateway.spool_store import Store
from tests.gateway.patches import SIGNAL, ModelPatch

DEVICE = "polar-h10-0A1B2C3D"
N = 73
STEPS = 10
MOST_KILLS = 3
_MOST_S = 30
POINTS: dict[str, tuple[type, str]] = {
    "taken": (Recorder, "take"),
    "put": (Outbox, "put"),
    "deleted": (Store, "_delete"),
    "inserted": (Store, "_insert"),
    "released": (Store, "_release"),
    "state kept": (Store, "_keep_state"),
    "written": (Store, "write"),
    "read": (Store, "after"),
    "committed": (Outbox, "committed"),
}
"""Methods right behind which the process dies."""
ALL_POINTS = (*POINTS, "publishing", "stored")
MUTANTS = ("deletes what was only sent", "keeps the state apart", "releases apart", "forgets a put")


class Journal:
    """Lines in a file, each there for good once `add` returned, whatever dies then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    def text(self) -> str:
        return self._path.read_text()

    def lines(self) -> list[str]:
        return self.text().splitlines()


@dataclass
class Killer:
    """Ends the process at the `ordinal`-th passing of `point`."""

    point: str
    ordinal: int
    seen: Counter[str] = field(default_factory=Counter)

    def reach(self, point: str) -> None:
        self.seen[point] += 1
        if point == self.point and self.seen[point] == self.ordinal:
            os.kill(os.getpid(), signal.SIGKILL)


class Engine:
    """Stores each frame once, in counter order, before it says so."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / "engine")
        self.frames = [decode_frame(bytes.fromhex(line)) for line in self._journal.lines()]
        self._spans = {(f.boot_id, f.start, f.end) for f in self.frames}
        self._next = {f.boot_id: f.end for f in self.frames}

    def store(self, data: bytes) -> tuple[int, int]:
        """Give boot and the counter below which everything is stored."""
        frame = decode_frame(data)
        span, then = (frame.boot_id, frame.start, frame.end), self._next.get(frame.boot_id, 0)
        if span not in self._spans:
            assert frame.start == then, f"frame at {frame.start}, stored up to {then}"
            self._journal.add(data.hex())
            self._spans.add(span)
            self._next[frame.boot_id] = frame.end
        return frame.boot_id, self._next[frame.boot_id]


class Run:
    """One life of the gateway."""

    def __init__(
        self, folder: Path, rng: random.Random, key: bytes | None, mutant: str | None
    ) -> None:
        self._folder, self._rng, self._key, self._mutant = folder, rng, key, mutant
        self._taken = Journal(folder / "taken")
        self._engine = Engine(folder)
        self._patch = ModelPatch(clock_ppm=12)
        self._hole: Frame | None = None
        self._held_to_go = 0
        self._cursor_id = 0

    async def live(self, killer: Killer | None) -> None:
        path, key = self._folder / "s.db", self._key
        async with Outbox.open(path, max_bytes=1 << 20, linger_s=0, key=key) as outbox:
            self._outbox, self._killer = outbox, killer
            services = [asyncio.create_task(run()) for run in (outbox.run, self._send)]
            await self._first_of(self._record(), services)
            if self._mutant != "deletes what was only sent":
                await self._first_of(outbox.emptied.wait(), services)
                assert not outbox.backlog, outbox.backlog
            for service in services:
                service.cancel()
            await asyncio.wait(services)

    @staticmethod
    async def _first_of(work: Coroutine[Any, Any, Any], services: list[asyncio.Task[None]]) -> None:
        """Wait for the work, but not when a service failed."""
        task = asyncio.ensure_future(work)
        await asyncio.wait([task, *services], return_when=asyncio.FIRST_COMPLETED, timeout=_MOST_S)
        for done in (*services, task):
            if done.done():
                done.result()
        assert task.done(), "stuck"

    async def _record(self) -> None:
        config = RecorderConfig(DEVICE, SIGNAL)
        stored = await self._outbox.state(DEVICE)
        self._recorder = Recorder(config, lambda: self._rng.randrange(1 << 32), stored)
        taken = [line for line in self._taken.lines() if line.isdigit()]
        self._taken.add("life")
        await self._fill_what_is_left()
        at = int(taken[-1]) + N + self._rng.randrange(300) if taken else 0
        for _ in range(STEPS):
            if self._hole is None and stored and self._rng.random() < 0.25:
                # This one the patch keeps, and sends later.
                self._held_to_go = self._rng.randint(2, 5)
            else:
                self._take(at)
            at += N
            if self._rng.random() < 0.4:
                await self._outbox.flush()
            await asyncio.sleep(0)
        await self._outbox.flush()
        await self._fill_what_is_left()
        await self._outbox.flush()

    def _take(self, at: int) -> None:
        samples, utc_ns = self._patch.notification(at), self._patch.utc_ns(at + N)
        self._taken.add(str(at))
        frame = self._recorder.take(samples, utc_ns, is_lead_off=False)
        assert frame is not None
        if self._held_to_go and self._hole is None and frame.gap_before == N:
            self._hole = frame
        if self._hole is None:
            self._held_to_go = 0
            self._outbox.put(Entry.of(frame, self._recorder.dump()))
            return
        held = replace(frame, gap_before=0, gap_reason=GapReason.NONE)
        self._outbox.put(Entry.of(held, self._recorder.dump(), is_held=True))
        self._held_to_go -= 1
        if self._held_to_go <= 0:
            self._fill(self._hole, self._hole.first_counter)

    async def _fill_what_is_left(self) -> None:
        await self._outbox.flush()
        held = await self._outbox.held(DEVICE)
        if held:
            first = decode_frame(held[0].frame)
            self._fill(first, first.first_counter)

    def _fill(self, behind: Frame, end: int) -> None:
        """Put what was missing right before a frame; everything that waited goes behind it."""
        first_sample = int(behind.adc[0, 0]) - N
        samples: Samples = self._patch.notification(first_sample)
        filled = replace(behind, first_counter=end - N, adc=samples.adc, gap_before=0)
        filled = replace(filled, gap_reason=GapReason.NONE)
        self._taken.add(f"{first_sample} replayed")
        position = self._recorder.position
        assert position is not None
        state = self._recorder.dump()
        self._outbox.put(Entry.of(filled, state, releases_to=position.counter))
        self._hole, self._held_to_go = None, 0

    async def _send(self) -> None:
        while True:
            self._outbox.changed.clear()
            wanted = Wanted(DEVICE, self._cursor_id, self._rng.randint(1, 8))
            rows = [row for _, row in await self._outbox.evenly([wanted], 8)]
            for row in rows:
                self._reach("publishing")
                if self._mutant == "deletes what was only sent":
                    self._outbox.committed(DEVICE, row.boot_id, row.end_counter)
                    await asyncio.sleep(0.002)
                boot_id, through = self._engine.store(row.frame)
                self._reach("stored")
                self._cursor_id = row.row_id
                if self._rng.random() < 0.7:
                    self._outbox.committed(DEVICE, boot_id, through)
            if not rows:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.002):
                        await self._outbox.changed.wait()
                # Whatever was not committed goes out again.
                self._cursor_id = 0

    def _reach(self, point: str) -> None:
        if self._killer:
            self._killer.reach(point)


def _hook(killer: Killer | None, durable: Journal) -> None:
    """Have the process die behind the named methods; note what became durable."""
    write = Store.write

    def noting(store: Store, entries: list[Entry], committed: Any) -> dict[str, Backlog]:
        backlog = write(store, entries, committed)
        for entry in entries:
            first_counter = decode_frame(entry.frame).first_counter
            durable.add(f"{entry.boot_id} {first_counter} {entry.end_counter}")
        return backlog

    Store.write = noting  # type: ignore[method-assign, assignment]  # to note what is durable
    for point, (owner, name) in POINTS.items():
        if killer is not None and killer.point == point:
            _die_behind(owner, name, killer)


def _die_behind(owner: type, name: str, killer: Killer) -> None:
    method = getattr(owner, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        killer.reach(killer.point)
        return result

    setattr(owner, name, dying)


def _mutate(mutant: str | None) -> None:
    if mutant == "keeps the state apart":
        write = Store.write

        def apart(store: Store, entries: list[Entry], committed: Any) -> dict[str, Backlog]:
            with transaction(store._db):
                for entry in entries:
                    store._keep_state(entry.device, entry.state)
            return write(store, entries, committed)

        Store.write = apart  # type: ignore[method-assign, assignment]  # the mutant
    elif mutant == "releases apart":
        insert, release = Store._insert, Store._release

        def alone(store: Store, entry: Entry, now_s: int) -> None:
            if entry.releases_to is not None:
                store._db.execute("COMMIT")
                store._db.execute("BEGIN")
                release(store, (entry.device, entry.boot_id), entry.releases_to)
            insert(store, replace(entry, releases_to=None), now_s)

        Store._insert = alone  # type: ignore[method-assign]  # the mutant
    elif mutant == "forgets a put":
        put = Outbox.put

        def forgetful(outbox: Outbox, entry: Entry) -> None:
            if entry.end_counter % 7:
                put(outbox, entry)

        Outbox.put = forgetful  # type: ignore[method-assign]  # the mutant


def _in_fork(work: Callable[[], None]) -> int:
    """Give the exit code, negative for a signal."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(seed: int, killed: Counter[str], mutant: str | None = None) -> str | None:
    """Run one seed; give what is wrong, None if the ledger is exact.

    Parameters
    ----------
    killed : Counter[str]
        Gets one for each kill, by point.
    """
    rng = random.Random(seed)
    base = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="kill-", dir=base if base.is_dir() else None))
    try:
        for life in range(MOST_KILLS + 1):
            killer = _drawn(rng) if life < MOST_KILLS else None
            one_life = partial(_one_life, folder, f"{seed}-{life}", killer, mutant)
            code = _in_fork(one_life)
            if killer and code == -signal.SIGKILL:
                killed[killer.point] += 1
            if code not in (0, -signal.SIGKILL) or (killer is None and code):
                return f"life {life} ended with {code} (to be killed: {killer})"
        return "; ".join(_wrong(folder)) or None
    finally:
        shutil.rmtree(folder)


def _drawn(rng: random.Random) -> Killer:
    point = rng.choice(ALL_POINTS)
    return Killer(point, rng.randint(1, 2 if point == "released" else 9))


def _one_life(folder: Path, seed: str, killer: Killer | None, mutant: str | None) -> None:
    _mutate(mutant)
    _hook(killer, Journal(folder / "durable"))
    # Every other seed under a key.
    key = bytes(range(32)) if int(seed.partition("-")[0]) % 2 else None
    asyncio.run(Run(folder, random.Random(seed), key, mutant).live(killer))


def _wrong(folder: Path) -> Iterator[str]:
    """Reconcile the engine's ledger with what was durable and what the patch sent."""
    frames = Engine(folder).frames
    stored = Counter((f.boot_id, c) for f in frames for c in range(f.first_counter, f.end))
    named = {(f.boot_id, c) for f in frames for c in range(f.start, f.first_counter)}
    lines = [tuple(map(int, line.split())) for line in Journal(folder / "durable").lines()]
    durable = {(boot_id, c) for boot_id, start, end in lines for c in range(start, end)}
    if lost := durable - set(stored):
        yield f"lost {len(lost)}"
    if twice := [sample for sample, n in stored.items() if n > 1]:
        yield f"duplicated {len(twice)}"
    if wrong := named & (durable | set(stored)):
        yield f"{len(wrong)} samples named missing that were recorded"
    offsets = {(f.boot_id, int(v) - f.first_counter - k) for f in frames for k, v in _values(f)}
    if len(offsets) != len({f.boot_id for f in frames}):
        yield f"samples in another's place: boots and offsets {offsets}"
    # The last life was not killed: nothing it took may be missing.
    *_, last = Journal(folder / "taken").text().split("life\n")
    numbers = {int(v) for f in frames for _, v in _values(f)}
    taken = {int(line.split()[0]) + k for line in last.splitlines() for k in range(N)}
    if not taken <= numbers:
        yield f"{len(taken - numbers)} samples of the last life are nowhere"


def _values(frame: Frame) -> Iterator[tuple[int, int]]:
    return enumerate(frame.adc[0].tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--mutant", choices=MUTANTS)
    given = parser.parse_args()
    seeds = range(given.seeds) if given.seed is None else [given.seed]
    # Forks then share what was imported.
    gc.freeze()
    n_failed, killed = 0, Counter[str]()
    for seed in seeds:
        if (wrong := check(seed, killed, given.mutant)) is not None:
            n_failed += 1
            print(f"seed {seed}: {wrong}", flush=True)
            if given.mutant:
                break
    print(f"{len(seeds)} seeds, {n_failed} failed; killed", *map("%s %d,".__mod__, killed.items()))
    sys.exit(n_failed > 0)


if __name__ == "__main__":
    main()
