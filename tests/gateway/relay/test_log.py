"""A patch's log at the gateway: in order, once, and safe only when all before it is."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.relay.log import PatchLog
from gateway.relay.messages import Kind, Record


def record(number: int) -> Record:
    return Record(Kind.NOTIFICATION, "d", 1, number, 0, 0, "c", bytes([number % 256]))


def delivered(log: PatchLog) -> list[int]:
    numbers = []
    while found := log.next():
        numbers.append(found.number)
    return numbers


STEPS = ("come", "again", "deliver", "settle oldest", "settle newest", "requeue")


@given(st.lists(st.sampled_from(STEPS), max_size=80))
def test_whatever_happens_every_record_is_told_and_safe_only_behind_what_is(
    steps: list[str],
) -> None:
    log = PatchLog()
    sent, told, unsettled = log.resume(1), list[int](), list[int]()
    for step in [*steps, "requeue", *["deliver"] * 99]:
        if step == "come":
            sent += 1
            log.take(record(sent))
        elif step == "again":
            # The connection broke: the phone still holds everything behind what is safe.
            sent = log.resume(log.safe + 1)
        elif step == "deliver" and (found := log.next()):
            told.append(found.number)
            log.handled(found.number)
            unsettled.append(found.number)
        elif step.startswith("settle") and unsettled:
            log.settle(unsettled.pop(0 if step.endswith("oldest") else -1))
        elif step == "requeue":
            log.requeue()
        assert log.safe < min(unsettled, default=sent + 1)
    assert told == list(range(1, sent + 1))
    for number in unsettled:
        log.settle(number)
    assert log.safe == sent
    assert (log.n_missing, log.n_waiting) == (0, 0)


def test_the_window_bounds_what_waits() -> None:
    log = PatchLog()
    log.resume(1)
    at = 0
    while at < log.window:
        at += 1
        assert log.take(record(at))
    assert log.n_waiting == at == 512
    assert len(delivered(log)) == 32
    assert log.window == 512 + 32


def test_only_so_many_are_under_way_until_they_are_handled() -> None:
    log = PatchLog()
    log.resume(1)
    for number in range(1, 41):
        log.take(record(number))
    assert delivered(log) == list(range(1, 33))
    log.handled(5)
    assert delivered(log) == [33]


def test_what_nobody_handled_is_delivered_again_first() -> None:
    log = PatchLog()
    log.resume(1)
    for number in range(1, 6):
        log.take(record(number))
    assert delivered(log) == [1, 2, 3, 4, 5]
    log.handled(1)
    log.handled(3)
    log.requeue()
    assert delivered(log) == [2, 4, 5]


def test_what_was_freed_before_is_not_asked_for() -> None:
    log = PatchLog()
    assert log.resume(8) == 7
    assert log.safe == 7
    log.take(record(8))
    assert delivered(log) == [8]
    assert log.settle(8)
    assert log.safe == 8


def test_what_the_phone_lost_is_counted() -> None:
    log = PatchLog()
    log.resume(1)
    log.take(record(1))
    assert log.resume(5) == 4
    assert log.n_missing == 3
    assert not log.take(record(2))
    assert log.n_repeated == 1


def test_a_record_ahead_of_its_turn_counts_once() -> None:
    log = PatchLog()
    log.resume(1)
    assert log.take_ahead(record(3))
    assert not log.take_ahead(record(3))
    assert [log.take(record(number)) for number in (1, 2, 3, 4)] == [True, True, False, True]
    assert delivered(log) == [1, 2, 4]
    assert log.safe == 0
    assert log.settle(1)
    assert log.settle(2)
    assert log.safe == 3
