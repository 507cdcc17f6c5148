import asyncio

from gateway.cancellation import cancel_all


async def _deaf(swallowed: list[int]) -> None:
    """Swallow the first cancellations, as asyncio's own parts can."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            swallowed.append(1)
            if len(swallowed) == 3:
                raise


async def test_tasks_that_swallow_a_cancellation_are_asked_again() -> None:
    swallowed: list[int] = []
    tasks = [asyncio.create_task(_deaf(swallowed)), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await cancel_all(tasks, 0.01)
    assert all(task.cancelled() for task in tasks)
    assert len(swallowed) == 3


async def test_nothing_to_cancel_is_done() -> None:
    await cancel_all([], 0.01)
