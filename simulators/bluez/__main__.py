"""``python -m simulators.bluez HCI``: a bus with BlueZ's stand-in on it, to try things by hand."""

import asyncio
import signal
import sys
from typing import Annotated

import typer

from ecgcore.errors import ConfigError
from simulators.bluez.bus import private_bus
from simulators.bluez.stack import open_bluez


def serve(
    hci: Annotated[
        str, typer.Argument(help="Bumble transport of the controller.")
    ] = "tcp-client:127.0.0.1:6402",
) -> None:
    """Put ``org.bluez`` on a private D-Bus, over one controller of the virtual radio.

    The line it prints makes any program that uses Bleak find it.
    """
    asyncio.run(_serve(hci))


async def _serve(hci: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with private_bus() as address, open_bluez(hci, address):
        print(f"export DBUS_SYSTEM_BUS_ADDRESS='{address}'", flush=True)
        await stop.wait()


if __name__ == "__main__":
    try:
        typer.run(serve)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
