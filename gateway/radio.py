"""Which Bluetooth the gateway uses: the platform's own, or one that a plug-in offers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from typing import Protocol

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from ecgcore.errors import ConfigError

NATIVE = "native"


class Radio(Protocol):
    """What Bleak needs to use a radio; None stands for the platform's own."""

    @property
    def client_backend(self) -> type[BaseBleakClient] | None:
        """For `BleakClient`."""

    @property
    def scanner_backend(self) -> type[BaseBleakScanner] | None:
        """For `BleakScanner`."""

    @property
    def closed(self) -> asyncio.Event:
        """Set when the radio is gone and has to be opened again."""


RadioOpener = Callable[[], AbstractAsyncContextManager[Radio]]


@dataclass(frozen=True, slots=True)
class _Native:
    client_backend: None = None
    scanner_backend: None = None
    closed: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def _open_native() -> AsyncIterator[Radio]:
    yield _Native()


def radio_opener(name: str) -> RadioOpener:
    """Give what opens the radio called ``native`` or ``NAME:ADDRESS``.

    Raises
    ------
    ConfigError
        If there is no radio of that name.
    """
    if name == NATIVE:
        return _open_native
    kind, _, address = name.partition(":")
    points = {point.name: point for point in entry_points(group="ecgomics.radios")}
    if kind not in points:
        known = ", ".join([NATIVE, *(f"{other}:ADDRESS" for other in sorted(points))])
        msg = f"radio {name!r} is not known; there is {known}"
        raise ConfigError(msg)
    try:
        opener = points[kind].load()
    except ModuleNotFoundError as error:
        msg = f"radio {kind!r}: {error.name} is not installed"
        raise ConfigError(msg) from error
    return partial(opener, address)
