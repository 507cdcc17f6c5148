import random

import pytest

from gateway.backoff import Backoff, BackoffConfig


def test_limits_double_up_to_the_cap_and_start_again() -> None:
    backoff = Backoff(BackoffConfig(first_s=0.3, base_s=1.0, cap_s=60.0), lambda: 1.0)
    limits_s = [0.3, 1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff.next_s() for _ in limits_s] == limits_s
    backoff.reset()
    assert backoff.next_s() == 0.3


def test_jitter_is_full() -> None:
    # Uniform on [0, limit): mean 1/2, standard deviation 1/sqrt(12) of the limit.
    draw = random.Random(7).random
    waits_s = []
    for _ in range(4000):
        backoff = Backoff(BackoffConfig(), draw)
        backoff.next_s()
        waits_s.append(backoff.next_s())
    mean_s = sum(waits_s) / len(waits_s)
    spread_s = (sum((w - mean_s) ** 2 for w in waits_s) / len(waits_s)) ** 0.5
    assert mean_s == pytest.approx(0.5, abs=0.02)
    assert spread_s == pytest.approx(12**-0.5, abs=0.01)


def test_years_of_failures_stay_at_the_cap() -> None:
    backoff = Backoff(BackoffConfig(), lambda: 1.0)
    for _ in range(5000):
        backoff.next_s()
    assert backoff.next_s() == 60.0
