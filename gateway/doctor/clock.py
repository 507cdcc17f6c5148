"""The clock: every sample's UTC hangs on it."""

import ctypes
import ctypes.util
import sys
import time

from gateway.doctor.check import Finding, failed, ok, warning
from gateway.settings import GatewaySettings

_WHAT = "clock"
# This module did not exist before.
_BUILT_S = 1_767_225_600
_UNSYNCHRONISED = 5
_ADVICE = "turn time synchronisation on: `timedatectl set-ntp true`"


async def check_clock(_settings: GatewaySettings) -> list[Finding]:
    """Ask the kernel whether somebody keeps the clock right."""
    now_s = time.time()
    if now_s < _BUILT_S:
        return [
            failed(_WHAT, f"it is not {time.strftime('%Y-%m-%d', time.gmtime(now_s))}", _ADVICE)
        ]
    state = _kernel_state() if sys.platform == "linux" else None
    if state is None:
        return [warning(_WHAT, "nobody tells whether it is right", "check it against another one")]
    if state == _UNSYNCHRONISED:
        return [warning(_WHAT, "it is not synchronised", _ADVICE)]
    return [ok(_WHAT, "it is synchronised")]


def _kernel_state() -> int | None:
    """Give the state of the clock as adjtimex(2) tells it; None if it cannot be asked."""
    library = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
    # Longer than the kernel's structure; all zero asks without changing anything.
    buffer = ctypes.create_string_buffer(512)
    state = int(library.adjtimex(buffer))
    return None if state < 0 else state
