"""Work that nobody waits for."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from dbus_fast import DBusError

_log = logging.getLogger(__name__)


class Chores:
    """Runs it, until `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin; a peer's refusal, or the loss of its link, ends it with a line in the log."""
        task = asyncio.create_task(_log_refusal(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _log_refusal(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except DBusError as refused:
        _log.info("not done error=%s text=%s", refused.type, refused.text)
