"""The stand-in put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from dbus_fast import DBusError
from dbus_fast.aio import MessageBus

from simulators.bluez.adapter import FORGET_AFTER_S, Adapter
from simulators.bluez.agent import AgentManager
from simulators.bluez.callers import Callers
from simulators.central import open_central

_NAME = "org.bluez"
_ROOT = "/org/bluez"


@asynccontextmanager
async def open_bluez(
    hci_address: str, bus_address: str, forget_after_s: float = FORGET_AFTER_S
) -> AsyncIterator[Adapter]:
    """Be ``org.bluez`` on a bus until the end of the context.

    When the controller goes, so does the adapter, as with one that is pulled out.

    Parameters
    ----------
    hci_address : str
        A Bumble transport, such as ``tcp-client:127.0.0.1:6402``.
    bus_address : str
        Of a message bus, such as `simulators.bluez.bus.private_bus` gives.
    forget_after_s : float
        A device to which no client connected is forgotten after so long a silence.

    Raises
    ------
    ConfigError
        If there is no controller at the address.
    """
    async with open_central(hci_address) as central:
        bus = await MessageBus(bus_address, negotiate_unix_fd=True).connect()
        callers = Callers(bus)
        await callers.watch()
        agents = AgentManager(bus, callers)
        adapter = Adapter(bus, central, agents, callers, forget_after_s)
        bus.export(_ROOT, agents)
        bus.export(adapter.path, adapter)
        await bus.request_name(_NAME)
        tasks = (
            asyncio.create_task(adapter.run(), name="adapter"),
            asyncio.create_task(_leave_with(central.closed, adapter), name="controller"),
        )
        try:
            yield adapter
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            with suppress(DBusError):
                await adapter.close()
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast


async def _leave_with(closed: asyncio.Event, adapter: Adapter) -> None:
    await closed.wait()
    await adapter.close()
