"""What the gateway tells about its patches, on every change and every two seconds."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from aiomqtt import Client

from ecgcore.wire import topics
from ecgcore.wire.messages import Contact, DeviceStatus, LinkState
from gateway.broker_client import publish_together
from gateway.recorder import Counters, Recorder
from gateway.spool import Backlog

_COALESCE_S = 0.05
# Of two hundred patches, all at once would make the samples wait.
_TOGETHER = 16


@dataclass(slots=True)
class PatchView:
    """What a session knows of its patch beside the samples."""

    device: str
    link: LinkState
    since_ns: int
    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery_pct: int | None = None
    contact: Contact = Contact.UNKNOWN
    rssi_dbm: int | None = None
    decode_errors: int = 0
    overflows: int = 0
    """Notifications dropped because the gateway or its disk was behind."""
    trouble: str = ""
    """Why the last link failed; empty while the patch streams."""


def device_status(
    gateway_id: str,
    at_ns: int,
    view: PatchView,
    recorder: Recorder | None,
    backlog: Backlog | None,
    n_resent: int,
) -> DeviceStatus:
    """Put together one patch's status; without recorder it was never connected."""
    counters = recorder.counters if recorder else Counters()
    position = recorder.position if recorder else None
    return DeviceStatus(
        device=view.device,
        gateway=gateway_id,
        at_ns=at_ns,
        link=view.link,
        since_ns=view.since_ns,
        model=view.model,
        serial=view.serial,
        firmware=view.firmware,
        battery_pct=view.battery_pct,
        contact=view.contact,
        rssi_dbm=view.rssi_dbm,
        spooled_frames=backlog.n_frames if backlog else 0,
        oldest_uncommitted_ns=backlog.oldest_utc_ns if backlog else None,
        boot_id=position.boot_id if position else None,
        next_counter=position.counter if position else None,
        frames=counters.frames,
        gaps=counters.gaps,
        gap_samples=counters.gap_samples,
        missing_pct=recorder.missing_pct if recorder else None,
        duplicates=counters.duplicates,
        decode_errors=view.decode_errors,
        resent=n_resent,
        drift_ppm=recorder.clock.drift_ppm if recorder else None,
        clock_residual_p95_ms=recorder.clock.residual_p95_ms if recorder else None,
        clock_resets=counters.clock_resets,
        trouble=view.trouble,
    )


class StatusReporter:
    """Publishes the status of every patch at QoS 0; what is lost is soon said again.

    Parameters
    ----------
    gateway_id : str
    statuses : Callable[[], Iterable[DeviceStatus]]
        Gives the status of all patches now.
    period_s : float
    """

    def __init__(
        self, gateway_id: str, statuses: Callable[[], Iterable[DeviceStatus]], period_s: float
    ) -> None:
        self._gateway_id = gateway_id
        self._statuses = statuses
        self._period_s = period_s
        self.changed = asyncio.Event()
        """Set it to have the status published at once."""
        self._told = asyncio.Event()

    async def tell(self) -> None:
        """Have the status published and wait until it is; without broker that is never."""
        self._told.clear()
        self.changed.set()
        await self._told.wait()

    async def publish(self, client: Client) -> None:
        """Publish until cancelled or the connection ends."""
        while True:
            self.changed.clear()
            statuses = iter(self._statuses())
            while bunch := list(islice(statuses, _TOGETHER)):
                await publish_together(client, map(self._message, bunch), qos=0)
            if not self.changed.is_set():
                self._told.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self.changed.wait()
                    await asyncio.sleep(_COALESCE_S)

    def _message(self, status: DeviceStatus) -> tuple[str, str]:
        topic = topics.up(self._gateway_id, status.device, "status")
        return topic, status.model_dump_json()
