"""A D-Bus of one's own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ecgcore.errors import ConfigError

_START_S = 10.0
# Nobody but this user gets at the socket, so everybody there may own and call everything.
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="false"/>
    <allow receive_sender="*" eavesdrop="false"/>
  </policy>
</busconfig>
"""


@asynccontextmanager
async def private_bus() -> AsyncIterator[str]:
    """Run a message bus that nothing else on this machine knows of.

    Yields
    ------
    str
        Its address. Bleak takes it from the environment, ``DBUS_SYSTEM_BUS_ADDRESS``.

    Raises
    ------
    ConfigError
        If there is no dbus-daemon, or it does not start.
    """
    program = shutil.which("dbus-daemon")
    if program is None:
        msg = "there is no dbus-daemon; Debian has it in the package of that name"
        raise ConfigError(msg)
    # The path of a socket has at most 107 bytes, so it is not put where the caller wants.
    with tempfile.TemporaryDirectory(prefix="bluez-") as folder:
        socket = Path(folder, "bus")
        config = Path(folder, "bus.conf")
        await asyncio.to_thread(config.write_text, _CONFIG.format(socket=socket))
        daemon = await asyncio.create_subprocess_exec(
            program,
            f"--config-file={config}",
            "--nofork",
            "--nopidfile",
            "--print-address",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield await _address(daemon)
        finally:
            if daemon.returncode is None:
                daemon.terminate()
            await daemon.wait()


async def _address(daemon: asyncio.subprocess.Process) -> str:
    line = b""
    if daemon.stdout:
        async with asyncio.timeout(_START_S):
            line = await daemon.stdout.readline()
    if not line:
        msg = "dbus-daemon did not start"
        raise ConfigError(msg)
    return line.decode().strip()
