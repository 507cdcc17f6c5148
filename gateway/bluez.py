"""The remedies of `gateway.recovery` on Linux."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

from bleak_retry_connector import clear_cache

from gateway.recovery import Remedy

_log = logging.getLogger(__name__)
_RESTART = ("systemctl", "restart", "bluetooth.service")
_RESTART_S = 30.0

Remedies = Callable[[Remedy, str], Awaitable[bool]]
"""Carries out a remedy for the patch at an address; False if it could not."""


async def remedy_on_linux(remedy: Remedy, address: str) -> bool:
    """Carry out a remedy with BlueZ; False if it could not, which is logged.

    Parameters
    ----------
    address : str
        Of the patch; only FORGET_PATCH needs it.
    """
    try:
        done = await _HOW[remedy](address)
    except Exception as error:  # what goes wrong in a remedy must not end the session
        _log.warning("remedy failed remedy=%s error=%s", remedy.name.lower(), error)
        return False
    _log.warning("remedy remedy=%s address=%s done=%s", remedy.name.lower(), address, done)
    return done


async def no_remedy(_remedy: Remedy, _address: str) -> bool:
    """Do nothing: on this radio there is no remedy."""
    return False


def native_remedies() -> Remedies:
    """Give the remedies of this platform."""
    return remedy_on_linux if sys.platform == "linux" else no_remedy


async def _forget(address: str) -> bool:
    return await clear_cache(address)


async def _cycle(_address: str) -> bool:
    # Imported late: there is no such thing on other platforms.
    from bluetooth_adapters import get_adapters
    from bluetooth_auto_recovery import recover_adapter

    adapters = get_adapters()
    await adapters.refresh()
    name = adapters.default_adapter
    details = adapters.adapters.get(name)
    if details is None or not name.startswith("hci"):
        return False
    return bool(await recover_adapter(int(name.removeprefix("hci")), details["address"]))


async def _restart(_address: str) -> bool:
    process = await asyncio.create_subprocess_exec(*_RESTART)
    async with asyncio.timeout(_RESTART_S):
        return await process.wait() == 0


_HOW: Mapping[Remedy, Callable[[str], Awaitable[bool]]] = {
    Remedy.FORGET_PATCH: _forget,
    Remedy.CYCLE_ADAPTER: _cycle,
    Remedy.RESTART_STACK: _restart,
}
