"""Cancelling tasks so that they end.

asyncio of Python 3.11 can swallow a cancellation: `asyncio.wait_for` when what it waits for is
done at that moment (python/cpython#86296), `TaskGroup` when a child fails at that moment
(python/cpython#116720). A loop that goes on after errors then never ends. Nor can it check
`Task.cancelling`, which a failed `TaskGroup` may leave above zero. So who cancels asks again.
"""

import asyncio
from collections.abc import Iterable


async def cancel_all(tasks: Iterable[asyncio.Task[None]], patience_s: float) -> None:
    """Cancel tasks and wait for their end, asking again every `patience_s`."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience_s)
