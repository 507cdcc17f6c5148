"""Commands from the cloud: each carried out once, in time, and answered by an event.

Who says what may be done is the broker: only the cloud may write under a gateway's `command`
topics. What cannot be read has nobody to answer to and is logged; everything else is answered.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pydantic import ValidationError

from ecgcore.errors import CommandError, EcgomicsError
from ecgcore.wire.messages import DeviceCommand
from gateway.events import Events

_log = logging.getLogger(__name__)
_MOST_WAITING = 64
_REMEMBERED_IDS = 256
_CARRY_OUT_S = 30.0

CarryOut = Callable[[DeviceCommand], Awaitable[str]]
"""Does it and says what came of it; raises CommandError if it cannot."""


class CommandDesk:
    """Takes commands and has them carried out.

    Parameters
    ----------
    now_ns : Callable[[], int]
        UTC.
    """

    def __init__(self, carry_out: CarryOut, events: Events, now_ns: Callable[[], int]) -> None:
        self._carry_out = carry_out
        self._events = events
        self._now_ns = now_ns
        self._waiting: asyncio.Queue[DeviceCommand] = asyncio.Queue(_MOST_WAITING)
        self._seen: deque[str] = deque(maxlen=_REMEMBERED_IDS)

    def take(self, device: str, payload: bytes) -> None:
        """Take a command as it came; never waits."""
        try:
            command = DeviceCommand.model_validate_json(payload)
        except ValidationError as error:
            self._refuse_unread(device, payload, error)
            return
        if command.device != device:
            _log.warning("command ignored device=%s names=%s", device, command.device)
            return
        if command.command_id in self._seen:
            return
        self._seen.append(command.command_id)
        try:
            self._waiting.put_nowait(command)
        except asyncio.QueueFull:
            self._answer(command, ok=False, detail="too many commands at once")

    async def run(self) -> None:
        """Carry out what is taken, one after another, until cancelled."""
        while True:
            command = await self._waiting.get()
            try:
                detail = await self._in_time(command)
            except EcgomicsError as error:
                self._answer(command, ok=False, detail=str(error))
            else:
                self._answer(command, ok=True, detail=detail)

    async def _in_time(self, command: DeviceCommand) -> str:
        late_s = (self._now_ns() - command.expires_ns) / 1e9
        if late_s > 0:
            msg = f"expired {late_s:.0f} s ago"
            raise CommandError(msg)
        try:
            async with asyncio.timeout(_CARRY_OUT_S):
                return await self._carry_out(command)
        except TimeoutError:
            msg = f"not done within {_CARRY_OUT_S:g} s"
            raise CommandError(msg) from None

    def _answer(self, command: DeviceCommand, *, ok: bool, detail: str) -> None:
        _log.info(
            "command device=%s name=%s id=%s ok=%s detail=%s",
            command.device,
            command.name,
            command.command_id,
            ok,
            detail,
        )
        events = self._events.of(command.device)
        events.command(command.command_id, command.name, ok=ok, detail=detail)

    def _refuse_unread(self, device: str, payload: bytes, error: ValidationError) -> None:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        detail = f"{where}: {first['msg']}" if where else first["msg"]
        _log.warning("command not understood device=%s error=%s", device, detail)
        with suppress(ValueError, AttributeError, TypeError):
            given = json.loads(payload)
            command_id, name = given.get("command_id"), given.get("name")
            if isinstance(command_id, str) and 0 < len(command_id) <= 64:
                self._events.of(device).command(command_id, str(name)[:32], ok=False, detail=detail)
