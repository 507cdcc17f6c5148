"""The three levels of Bluetooth truth: what lies between the gateway and the simulated patches.

Tests with an argument `level` run on the levels that ``--level`` names: the two that need nothing
but this machine by default, the real daemon in the guest of `tests.qemu`.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum

import pytest
from bleak.backends.bluezdbus.client import BleakClientBlueZDBus
from bleak.backends.bluezdbus.manager import _global_instances, get_global_bluez_manager
from bleak.exc import BleakError

from simulators.bluez.bus import private_bus
from simulators.bluez.stack import open_bluez
from simulators.vhci import plug_in
from tests.patience import until_true
from tests.simulators.room import Room

_BUS = "DBUS_SYSTEM_BUS_ADDRESS"
_ADAPTER_S = 30.0
_NEAR_M = 2.0
_numbers = itertools.count(1)


class Level(StrEnum):
    """Which Bluetooth."""

    BUMBLE = "bumble"
    """Our backend for Bleak, over HCI."""
    BLUEZ = "bluez"
    """Bleak's own backend for BlueZ, and the stand-in for the daemon."""
    SOCKET = "bluez-socket"
    """The same, with notifications by AcquireNotify."""
    BLUETOOTHD = "bluetoothd"
    """Bleak's own backend for BlueZ, the real daemon, and the kernel's Bluetooth."""
    BLUETOOTHD_SOCKET = "bluetoothd-socket"
    """The same, with notifications by AcquireNotify."""

    @property
    def speed(self) -> float:
        """Signal time over wall time; the emulated machine has a ceiling."""
        return 20.0 if self in ON_THIS_MACHINE else 5.0


ON_THIS_MACHINE = (Level.BUMBLE, Level.BLUEZ, Level.SOCKET)


@asynccontextmanager
async def reached(there: Room, level: Level) -> AsyncIterator[str]:
    """Give what a gateway calls its radio, to reach the patches of a room through `level`."""
    if level is Level.BUMBLE:
        yield f"bumble:{there.hci}"
        return
    with pytest.MonkeyPatch.context() as patched:
        if level in (Level.SOCKET, Level.BLUETOOTHD_SOCKET):
            _notify_by_socket(patched)
        for peripheral in there.peripherals:
            # BlueZ tells of an advert only if it is new or its level is, as it always is on air.
            there.air.place(peripheral.address, _NEAR_M)
        async with _bluez(there, level, patched):
            try:
                yield "native"
            finally:
                await _leave_bus()


def _notify_by_socket(patched: pytest.MonkeyPatch) -> None:
    start_notify = BleakClientBlueZDBus.start_notify

    async def by_socket(*args: object, **kwargs: object) -> None:
        await start_notify(*args, **kwargs | {"bluez": {"use_start_notify": False}})  # type: ignore[arg-type]

    patched.setattr(BleakClientBlueZDBus, "start_notify", by_socket)


def _bluez(
    there: Room, level: Level, patched: pytest.MonkeyPatch
) -> AbstractAsyncContextManager[None]:
    if level in ON_THIS_MACHINE:
        return _stand_in(there, patched)
    return _adapter_of_daemon(there)


@asynccontextmanager
async def _stand_in(there: Room, patched: pytest.MonkeyPatch) -> AsyncIterator[None]:
    async with private_bus() as address, open_bluez(there.hci, address):
        patched.setenv(_BUS, address)
        yield


@asynccontextmanager
async def _adapter_of_daemon(there: Room) -> AsyncIterator[None]:
    # A new address each time, so that nothing is remembered of the last test's room.
    async with plug_in(there.air, f"02:00:00:00:00:{next(_numbers):02X}"):
        await until_true(_has_adapter, _ADAPTER_S)
        yield


async def _has_adapter() -> bool:
    try:
        (await get_global_bluez_manager()).get_default_adapter()
    except (BleakError, KeyError):
        return False
    return True


async def _leave_bus() -> None:
    """Have Bleak let go of the bus, before the bus is gone."""
    manager = _global_instances.pop(asyncio.get_running_loop(), None)
    if manager and manager._bus:
        manager._bus.disconnect()
        await manager._bus.wait_for_disconnect()
        if manager._bus_watcher_task:
            await manager._bus_watcher_task
