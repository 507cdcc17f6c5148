"""What the studies of the single archives have in common."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from cloud.evaluation.tables import Table
from cloud.evaluation.tally import Tally

J = TypeVar("J")
S = TypeVar("S")

TALLY_COLUMNS = ("Se %", "+P %", "F1 %")
_SAME_PERSON = {"mitdb": {"202": "201"}}
"""A record that was not tuned on, and one of the same person that may have been."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose."""

    noise: str = "em"
    """Noise record of nstdb."""
    clean: Path | None = None
    """Folder of the clean records for nstdb; the ``mitdb`` beside it if not given."""


@dataclass(frozen=True, slots=True)
class Study:
    """How one archive is judged: the jobs, each done on its own, and the tables of them all."""

    jobs: Callable[[Path, Path, Options], Sequence[Any]]
    """From the folder, what the user gave (for messages), and the options."""
    score: Callable[[Any], Any]
    """Run in other processes: what goes in and comes out is pickled."""
    tables: Callable[[Sequence[Any]], tuple[Table, ...]]
    sources: Callable[[Path, Options], tuple[Path, ...]] = lambda folder, _: (folder,)
    """The folders that the result depends on."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure is set against; None where nothing is known."""

    name: str
    ours: float | None
    peers: str
    """The best of what one could install instead, and which."""
    aim: str


def headline(aims: Iterable[Aim]) -> Table:
    """Put the figures that matter beside those of others."""
    rows = tuple((each.name, each.ours, each.peers, each.aim) for each in aims)
    note = (
        "Peers: what was measured for them once on whole archives or as their papers say; "
        "`make bench` measures the installable ones on the data at hand."
    )
    return Table("headline", "Beside others", ("", "ours", "peers' best", "aim"), rows, note)


def tally_cells(tally: Tally) -> tuple[float | None, float | None, float | None]:
    """Give the cells for `TALLY_COLUMNS`."""
    return tally.sensitivity_pct, tally.ppv_pct, tally.f1_pct


@cache
def tuned_on(dataset: str) -> frozenset[str]:
    """Name the records of an archive that parameters or models were made with."""
    path = files("cloud.evaluation") / "tuned_on" / f"{dataset}.txt"
    return frozenset(path.read_text().split()) if path.is_file() else frozenset()


def tuned_flag(dataset: str, name: str) -> str:
    """Say whether a record was tuned on: yes, no, or another record of that person."""
    if name in tuned_on(dataset):
        return "yes"
    other = _SAME_PERSON.get(dataset, {}).get(name)
    return f"person ({other})" if other in tuned_on(dataset) else "no"


def scored(score: Callable[[J], S], jobs: Sequence[J], n_workers: int) -> Iterator[S]:
    """Do the jobs, in as many processes; the results come in the order of the jobs."""
    if n_workers == 1 or len(jobs) < 2:
        yield from map(score, jobs)
        return
    # Spawned, not forked: numpy's and numba's threads do not survive a fork.
    with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
        try:
            yield from pool.map(score, jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def n_usable_cores() -> int:
    """Give how many cores this process may use."""
    return len(os.sched_getaffinity(0))
