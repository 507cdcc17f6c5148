from hypothesis import given
from hypothesis import strategies as st

from cloud.event_order import EventBatch, EventOrder
from ecgcore.wire.events import BatteryEvent, DeviceEvent


def test_numbers_count_only_without_a_hole() -> None:
    order = EventOrder()
    assert [order.take(number, 0) for number in (0, 2, 3, 2)] == [True, True, True, False]
    assert order.next == 1
    assert order.take(1, 0)
    assert order.next == 4
    assert not order.take(3, 0)


def test_nobody_waits_for_what_the_gateway_has_no_more() -> None:
    order = EventOrder()
    order.take(7, 0)
    assert order.next == 0
    order.take(9, 6)
    assert order.next == 6
    order.take(8, 7)
    assert order.next == 10


def test_a_gateway_that_runs_ahead_fills_no_memory() -> None:
    order = EventOrder()
    for number in range(1, 20_000, 2):
        order.take(number, 0)
    assert len(order.above) <= 4096


@given(st.permutations(range(12)), st.integers(0, 11))
def test_in_any_order_each_is_new_once_and_the_end_is_the_same(
    numbers: list[int], given_up: int
) -> None:
    """The gateway keeps nothing below `given_up`; what it keeps comes in any order, and twice."""
    order = EventOrder()
    kept = [number for number in numbers if number >= given_up]
    new = [number for number in [*kept, *kept] if order.take(number, given_up)]
    assert sorted(new) == list(range(given_up, 12))
    assert order.next == 12
    assert not order.above


def test_a_batch_tells_each_gateway_how_far_its_boots_are() -> None:
    batch, order = EventBatch(), EventOrder(3)
    for number in (3, 1):
        event = DeviceEvent(
            device="a", boot_id=9, number=number, at_ns=5, event=BatteryEvent(pct=80)
        )
        batch.take("home", event, order)
    assert [each.event.number for each in batch.new] == [3]
    [(gateway, word)] = batch.words()
    assert gateway == "home"
    assert (word.device, word.boot_id, word.through, word.kind) == ("a", 9, 4, "event")
