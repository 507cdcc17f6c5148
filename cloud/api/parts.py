"""What the routes work with, made once by the composition root."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from cloud.live import Live
from cloud.phones import Phones, RelayTarget
from cloud.store.database import DbPool
from cloud.throttle import Throttle, ThrottleConfig
from cloud.tickets import Tickets
from cloud.workers import Workers, WorkersConfig
from ecgcore.wire.messages import DeviceCommand

SendCommand = Callable[[str, DeviceCommand], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The server's parts."""

    pool: DbPool
    live: Live
    pages_dir: Path
    is_secure: bool
    """Whether people reach the server over TLS."""
    wall_ns: Callable[[], int]
    """Real UTC, also where a rig's clock runs faster: sessions are for people."""
    monotonic_s: Callable[[], float]
    send_command: SendCommand
    """Sends a command to a gateway; raises MqttError while the broker is away."""
    workers: Workers = field(default_factory=lambda: Workers(WorkersConfig("cloud.paper.worker")))
    """They answer the paper's call; started by the first one."""
    relay: RelayTarget | None = None
    """The gateway that takes phones; None: none does."""
    phones: Phones = field(default_factory=Phones)
    tickets: Tickets = field(default_factory=Tickets)
    login_tries: Throttle = field(default_factory=lambda: Throttle(ThrottleConfig()))
    """By user name and address."""
    address_tries: Throttle = field(
        default_factory=lambda: Throttle(ThrottleConfig(burst=30, refill_s=1))
    )
    """By address, so that trying many names does not help either."""
    account_calls: Throttle = field(
        default_factory=lambda: Throttle(ThrottleConfig(burst=300, refill_s=0.05))
    )
    """Every call of the interface, by account."""
    address_calls: Throttle = field(
        default_factory=lambda: Throttle(ThrottleConfig(burst=2000, refill_s=0.005))
    )
    """And by address: a hospital's many pages may come from one."""


async def _parts(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


Server = Annotated[Parts, Depends(_parts)]
