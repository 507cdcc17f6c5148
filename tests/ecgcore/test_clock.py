from ecgcore.clock import UtcClock


def test_gives_what_it_reads() -> None:
    assert UtcClock(lambda: 1_700_000_000_000_000_001).now_ns() == 1_700_000_000_000_000_001


def test_runs_faster_from_its_origin_on() -> None:
    now_ns = 1_700_000_000_000_000_000
    clock = UtcClock(lambda: now_ns + 2_000_000_000, origin_ns=now_ns, speed=30.0)
    assert clock.now_ns() == now_ns + 60_000_000_000
