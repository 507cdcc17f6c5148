"""Between gateways and their broker: a relay that is gone, slow or half open when the plan says so.

Bytes are never changed or dropped inside of a connection; TCP does not do that either. What breaks
is the connection: it is refused, ended, late, or stands and carries nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from ecgcore.wire.broker import Broker
from simulators.lab.timeline import Timeline
from simulators.scenario.faults import Scope, UplinkSlow
from simulators.scenario.plan import Plan, Planned

_log = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 16
_BACKLOG = 4096
_WITHOUT_END = ("reconnect_storm",)


class Relay:
    """Relays TCP connections to one address."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._at = ("127.0.0.1", 0)
        self._server: asyncio.Server | None = None
        self._in_force: Counter[str] = Counter()
        self._slow: list[UplinkSlow] = []
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.n_connections = 0
        """Accepted so far."""

    @asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Serve; give the port.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        await self._open(host, port)
        try:
            yield self._at[1]
        finally:
            self._close()
            await self.cut()

    async def _open(self, host: str, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, host, port, backlog=_BACKLOG)
        self._at = (host, self._server.sockets[0].getsockname()[1])

    def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def obey(self, planned: Planned, timeline: Timeline) -> None:
        """Make one fault happen, from its beginning to its end."""
        await timeline.until(planned.start_s)
        _log.warning("uplink %s begins", planned.kind)
        if planned.kind in _WITHOUT_END:
            await self.cut()
            return
        await self._change(planned, +1)
        try:
            await timeline.until(planned.end_s)
        finally:
            await self._change(planned, -1)
            _log.info("uplink %s is over", planned.kind)

    async def _change(self, planned: Planned, by: int) -> None:
        self._in_force[planned.kind] += by
        match planned.kind:
            case "uplink_gone" if by > 0:
                # Nobody listens: who calls is refused at once.
                self._close()
                await self.cut()
            case "uplink_gone" if not self._in_force["uplink_gone"]:
                await self._open(*self._at)
            case "uplink_half_open":
                if self._in_force["uplink_half_open"]:
                    self._flows.clear()
                else:
                    # What stood without carrying anything never comes to life again.
                    self._flows.set()
                    await self.cut()
            case "uplink_slow" if isinstance(planned.fault, UplinkSlow):
                change = self._slow.append if by > 0 else self._slow.remove
                change(planned.fault)

    async def cut(self) -> None:
        """End every connection at once."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.n_connections += 1
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            # Cancelled by `cut` alone: the end of the connection, not of a task.
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        far_reader, far_writer = await asyncio.open_connection(*self._upstream)
        try:
            both = [
                asyncio.ensure_future(self._pump(reader, far_writer)),
                asyncio.ensure_future(self._pump(far_reader, writer)),
            ]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in both:
                    each.cancel()
                await asyncio.wait(both)
        finally:
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                await self._flows.wait()
                for slow in self._slow:
                    await asyncio.sleep(slow.delay_ms / 1000 + len(data) / slow.bytes_per_s)
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def relayed(plan: Plan, timeline: Timeline, broker: Broker) -> AsyncIterator[Broker]:
    """Put a relay that obeys a plan before a broker; give the address that gateways use.

    Where nothing is planned for it there is none: it would cost more than the gateways.
    """
    if not any(each.fault.scope is Scope.UPLINK for each in plan.shared()):
        yield broker
        return
    relay = Relay(broker.host, broker.port)
    async with relay.listening() as port, asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(relay.obey(each, timeline), name=each.kind)
            for each in plan.shared()
            if each.fault.scope is Scope.UPLINK
        ]
        try:
            yield replace(broker, host="127.0.0.1", port=port)
        finally:
            for task in work:
                task.cancel()
