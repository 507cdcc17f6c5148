"""How long a call takes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_REPEATS = 5


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


def cpu_s(call: Callable[[], object]) -> float:
    """Give the processor time of one call, in seconds."""
    start_s = time.process_time()
    call()
    return time.process_time() - start_s
