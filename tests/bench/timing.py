"""How long a call takes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_REPEATS = 5
_MOST = 3


def best_us(call: Callable[[], object], n_calls: int) -> float:
    """Give microseconds a call: the best of some repeats, each of `n_calls`.

    The best, because whatever else the machine does can only add.
    """
    return min(_seconds(call, n_calls) for _ in range(_REPEATS)) / n_calls * 1e6


def _seconds(call: Callable[[], object], n_calls: int) -> float:
    start_s = time.perf_counter()
    for _ in range(n_calls):
        call()
    return time.perf_counter() - start_s


@contextmanager
def pinned() -> Iterator[None]:
    """Stay on one core, so that figures of one run can be compared."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cpu_s(call: Callable[[], object], enough_s: float = 20.0) -> float:
    """Give the processor time of a call, in seconds: the best of three, fewer if it is long.

    The best, because whatever else the machine does can only add.
    """
    took_s: list[float] = []
    while len(took_s) < _MOST and sum(took_s) < enough_s:
        start_s = time.process_time()
        call()
        took_s.append(time.process_time() - start_s)
    return min(took_s)
