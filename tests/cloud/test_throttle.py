"""Token buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.throttle import Throttle, ThrottleConfig

CONFIG = ThrottleConfig(burst=3, refill_s=10, most_keys=4)


def test_a_burst_then_one_every_refill() -> None:
    throttle = Throttle(CONFIG)
    assert [throttle.wait_s("k", 0) for _ in range(3)] == [0, 0, 0]
    assert throttle.wait_s("k", 4) == pytest.approx(6)
    assert throttle.wait_s("k", 10.1) == 0
    assert throttle.wait_s("k", 10.1) > 0


def test_keys_do_not_share_and_forgetting_fills_up() -> None:
    throttle = Throttle(CONFIG)
    for _ in range(4):
        throttle.wait_s("k", 0)
    assert throttle.wait_s("other", 0) == 0
    throttle.forget("k")
    assert throttle.wait_s("k", 0) == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle(CONFIG)
    for number in range(100):
        throttle.wait_s(str(number), 0)
    assert len(throttle._buckets) == CONFIG.most_keys


@given(st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_the_burst_and_the_refill(pauses_s: list[float]) -> None:
    throttle, now_s, passed = Throttle(CONFIG), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        passed += throttle.wait_s("k", now_s) == 0
    assert passed <= CONFIG.burst + now_s / CONFIG.refill_s + 1e-6
