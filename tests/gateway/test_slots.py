import asyncio

import pytest

from gateway.slots import Slots


async def _occupy(slots: Slots, order: list[int], number: int, hold: asyncio.Event) -> None:
    async with slots.hold():
        order.append(number)
        await hold.wait()


async def test_never_more_than_there_are_and_first_come_first_served() -> None:
    slots, order = Slots(2), list[int]()
    holds = [asyncio.Event() for _ in range(5)]
    tasks = [
        asyncio.create_task(_occupy(slots, order, number, hold))
        for number, hold in enumerate(holds)
    ]
    for number in range(5):
        await asyncio.sleep(0.01)
        assert slots.in_use <= 2
        assert order == list(range(min(number + 2, 5)))
        holds[number].set()
    await asyncio.gather(*tasks)
    assert slots.in_use == 0


async def test_who_gives_up_waiting_takes_no_slot() -> None:
    slots, order, hold = Slots(1), list[int](), asyncio.Event()
    first = asyncio.create_task(_occupy(slots, order, 1, hold))
    second = asyncio.create_task(_occupy(slots, order, 2, hold))
    await asyncio.sleep(0.01)
    second.cancel()
    hold.set()
    await asyncio.wait([first, second])
    assert (order, slots.in_use) == ([1], 0)
    async with asyncio.timeout(1), slots.hold():
        assert slots.in_use == 1


async def test_a_refusal_takes_the_number_down_and_time_brings_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots(8)
    async with slots.hold(), slots.hold(), slots.hold():
        slots.out_of_slots()
        assert slots.most == 2
    monkeypatch.setattr("gateway.slots._SHRUNK_S", 0.0)
    await asyncio.sleep(0.01)
    async with slots.hold():
        assert slots.most == 3
