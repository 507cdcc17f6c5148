"""How long a call takes."""

import time
from collections.abc import Callable

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
