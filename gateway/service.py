"""Tells systemd how the gateway is, if systemd runs it (sd_notify(3)).

The watchdog is fed from the event loop, so a gateway that hangs is started again.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
_STATUS_S = 10.0
_USEC = 1e-6


class Service:
    """The line to systemd; without one every call does nothing.

    Parameters
    ----------
    environment : Mapping[str, str]
        With ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` as systemd sets them.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog_s = float(environment.get("WATCHDOG_USEC", 0)) * _USEC
        # Twice as often as asked, as sd_watchdog_enabled(3) recommends.
        self._period_s = watchdog_s / 2 if watchdog_s else _STATUS_S

    async def run(self, status: Callable[[], str]) -> None:
        """Say that the gateway is ready, then how it is, until cancelled; then that it stops."""
        if not self._address:
            return
        self._tell("READY=1")
        try:
            while True:
                self._tell(f"WATCHDOG=1\nSTATUS={status()}")
                await asyncio.sleep(min(self._period_s, _STATUS_S))
        finally:
            self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        # An abstract socket is written with @, and begins with a zero byte.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                # A systemd that does not listen must not hold the gateway up.
                line.setblocking(False)
                line.sendto(text.encode(), address)
        except OSError as error:
            _log.debug("systemd not told error=%s", error)
