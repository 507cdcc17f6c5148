import asyncio

from simulators.ticker import Ticker


async def test_all_who_wait_are_woken_together_and_the_cancelled_left_out() -> None:
    ticker = Ticker()
    waiting = [asyncio.create_task(ticker.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait(waiting, timeout=2)
    assert [task.cancelled() for task in waiting] == [False, True, False]
    await asyncio.wait_for(ticker.wait(), 2)
