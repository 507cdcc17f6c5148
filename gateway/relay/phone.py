"""The gateway's picture of the phones and of the patches they reach.

Theory of operation: a phone's state outlives its connections. While a phone is *away*, its patches'
Bleak clients stay connected and silent, because the phone keeps the Bluetooth links and stores what
comes; only when it is away longer than the limit are they told that the link is lost. When the
phone is back, each patch's log goes on where it stopped (`gateway.relay.log`).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from bleak.exc import BleakError, BleakGATTProtocolError

from gateway.relay.log import PatchLog
from gateway.relay.messages import (
    Done,
    Failed,
    Held,
    Hello,
    Kind,
    Progress,
    Record,
    RelayMessageError,
    Request,
    Resume,
    Seen,
    Standing,
    ToPhone,
)

_log = logging.getLogger(__name__)
# Sooner than a stall is looked for (5 s); a phone speaks every second.
_SILENCE_S = 3.0
_MOST_PATCHES = 16
_TELL_S = 0.2
_WINDOW_STEP = 128
# Beyond it the phone's clock is wrong, not the network slow.
_SKEW_NS = 2_000_000_000


class RelayedBytes(bytearray):
    """A notification's bytes with what the phone knows of it."""

    arrival_ns: int
    """UTC of the wall clock when it came to the phone."""
    receipt: "Receipt | None" = None
    """None for an answer that came ahead of its turn."""


class Receipt:
    """Whoever takes a notification says here what became of it."""

    def __init__(self, patch: "RelayedPatch", number: int) -> None:
        self._patch = patch
        self.source = patch.address
        self.number = number

    def handled(self) -> None:
        """Note that it was taken; the next ones may come."""
        self._patch.handled(self.number)

    def safe(self) -> None:
        """Note that all it carried is committed by the cloud."""
        self._patch.settle(self.number)


class Client(Protocol):
    """The Bleak client of a patch's link, as its patch sees it."""

    @property
    def link(self) -> int:
        """Number of the phone's link."""

    @property
    def takes_log(self) -> bool:
        """Whether what the log holds can be delivered yet."""

    def is_reply(self, record: Record) -> bool:
        """Tell whether a record answers a write, and must not wait behind stored ones."""

    def deliver(self, record: Record, data: RelayedBytes) -> bool:
        """Hand a notification on; False if nobody listens to the characteristic."""

    def ended(self) -> None:
        """Take note that the link is over."""


class Channel(Protocol):
    """An open connection to a phone."""

    def send(self, message: ToPhone) -> None:
        """Queue a message."""

    async def ask(
        self, patch: "RelayedPatch", request: Callable[[int], Request]
    ) -> Done | Failed | None:
        """Send a request with a number of its own and wait; None if the phone went away."""

    def close(self) -> None:
        """Hang up."""


class RelayedPatch:
    """One patch as one phone reaches it."""

    def __init__(self, phone: "Phone", device: str, name: str) -> None:
        self.phone = phone
        self.device = device
        self.name = name
        self.seen: Seen | None = None
        """The last advertisement; None where the phone has only a standing link."""
        self.standing: Standing | None = None
        """The phone's link to it."""
        self.log = PatchLog()
        self.client: Client | None = None
        self._is_resumed = False
        self._ends_after: int | None = None
        self._told = (0, 0)
        self._telling: asyncio.TimerHandle | None = None
        self._is_delivering = False

    @property
    def address(self) -> str:
        """What Bleak calls it."""
        return f"{self.phone.name}/{self.device}"

    @property
    def is_away(self) -> bool:
        """Whether silence says nothing about the patch."""
        return self.phone.is_away or (self.client is not None and self.log.n_waiting > 0)

    def hello(self, held: Held) -> None:
        """Go on after the phone has come."""
        self.name = held.name
        self.standing = held.standing
        self._is_resumed = False
        self.resume(held.first)
        link = held.standing.link if held.standing else None
        if self.client and self.client.link != link:
            # The log tells so itself, unless the phone lost it.
            self._ends_after = held.next - 1
        self.deliver()

    def resume(self, first: int = 1) -> None:
        """Let the phone send its log, once a connection."""
        if self._is_resumed or self.phone.channel is None:
            return
        self._is_resumed = True
        after = self.log.resume(first)
        self._told = (self.log.safe, self.log.window)
        self.phone.channel.send(Resume(self.device, after, *self._told))

    def attach(self, client: Client, standing: Standing) -> None:
        """Give the log to a client."""
        self.client, self.standing, self._ends_after = client, standing, None
        self.log.requeue()
        self.resume()

    def detach(self, client: Client) -> None:
        """Take it from the client; what it did not handle waits for the next."""
        if self.client is client:
            self.client = None

    async def ask(self, request: Callable[[int], Request]) -> Done:
        """Have the phone carry something out.

        Raises
        ------
        BleakError
            If the phone is away or could not.
        """
        channel = self.phone.channel
        answer = await channel.ask(self, request) if channel else None
        if answer is None:
            msg = "the phone is away"
            raise BleakError(msg)
        if isinstance(answer, Failed):
            if answer.att is not None:
                raise BleakGATTProtocolError(answer.att)
            raise BleakError(answer.detail)
        return answer

    def take(self, record: Record) -> None:
        """Take a record from the phone.

        Raises
        ------
        RelayMessageError
            If it was not asked for.
        """
        client = self.client
        if record.is_ahead:
            if client and client.is_reply(record):
                self._take_ahead(client, record)
            return
        if not self._is_resumed or record.number > self._told[1]:
            msg = f"relay record {record.number} of {self.device} was not asked for"
            raise RelayMessageError(msg)
        is_new = self.log.take(record)
        is_end = record.kind is Kind.LINK_ENDED
        if is_end and self.standing and record.link == self.standing.link:
            self.standing = None
        if is_new and client and client.is_reply(record):
            self._hand_out(client, self.log.pull_newest())
        self.deliver()

    def _take_ahead(self, client: Client, record: Record) -> None:
        if self.log.take_ahead(record):
            data = RelayedBytes(record.value)
            data.arrival_ns = record.utc_ns + self.phone.skew_ns
            client.deliver(record, data)

    def deliver(self) -> None:
        """Hand out what may be handed out."""
        # A receipt may come back from within.
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while (client := self.client) and client.takes_log and (record := self.log.next()):
                self._hand_out(client, record)
        finally:
            self._is_delivering = False
        self._end_if_over()
        self._tell_soon()

    def _hand_out(self, client: Client, record: Record) -> None:
        if record.kind is Kind.LINK_ENDED:
            self._drop(record.number)
            if record.link == client.link:
                self._end(client)
            return
        data = RelayedBytes(record.value)
        data.arrival_ns = record.utc_ns + self.phone.skew_ns
        data.receipt = Receipt(self, record.number)
        if not client.deliver(record, data):
            self._drop(record.number)

    def _drop(self, number: int) -> None:
        self.log.handled(number)
        self.log.settle(number)

    def _end_if_over(self) -> None:
        over = self._ends_after is not None and self.log.delivered >= self._ends_after
        if over and self.client:
            self._end(self.client)

    def _end(self, client: Client) -> None:
        self._ends_after = None
        self.client = None
        client.ended()

    def lose(self) -> None:
        """Give the link up: the phone was away too long."""
        self.standing = None
        if self.client:
            self._end(self.client)

    def handled(self, number: int) -> None:
        """Note that a delivered record was taken."""
        self.log.handled(number)
        self.deliver()

    def settle(self, number: int) -> None:
        """Note that what a record became is committed."""
        if self.log.settle(number):
            self._tell_soon()

    def _tell_soon(self) -> None:
        safe, window = self.log.safe, self.log.window
        is_due = safe > self._told[0] or window - self._told[1] >= _WINDOW_STEP
        if is_due and self._is_resumed and self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(_TELL_S, self._tell)

    def _tell(self) -> None:
        self._telling = None
        if self.phone.channel and self._is_resumed:
            self._told = (self.log.safe, self.log.window)
            self.phone.channel.send(Progress(self.device, *self._told))

    def left(self) -> None:
        """Note that the phone went away."""
        self._is_resumed = False


class Phone:
    """One phone, over its connections."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.patches: dict[str, RelayedPatch] = {}
        self.channel: Channel | None = None
        self.skew_ns = 0
        """Added to the phone's UTC where its clock is wrong."""
        self._heard_s = self._came_s = float("-inf")

    @property
    def is_away(self) -> bool:
        """Whether the phone cannot be heard, or came only a moment ago."""
        now_s = asyncio.get_running_loop().time()
        is_new = now_s - self._came_s < _SILENCE_S
        return self.channel is None or is_new or now_s - self._heard_s > _SILENCE_S

    def heard(self) -> None:
        """Note that something came from it."""
        self._heard_s = asyncio.get_running_loop().time()

    def came(self, hello: Hello, channel: Channel, may_relay: Callable[[Seen], bool]) -> None:
        """Go on over a new connection."""
        if self.channel:
            self.channel.close()
            self.left(self.channel)
        self.channel = channel
        self.heard()
        self._came_s = self._heard_s
        self._set_skew(time.time_ns() - hello.utc_ns)
        for held in hello.patches:
            services = [service.uuid for service in held.standing.services] if held.standing else []
            seen = Seen(held.device, held.name, services=services)
            if may_relay(seen):
                self.patch(held.device, held.name).hello(held)

    def left(self, channel: Channel) -> None:
        """Note the end of a connection."""
        if self.channel is channel:
            self.channel = None
            for patch in self.patches.values():
                patch.left()

    def patch(self, device: str, name: str) -> RelayedPatch:
        """Give a patch, new or known.

        Raises
        ------
        RelayMessageError
            If the phone names more than a phone can reach.
        """
        if device not in self.patches:
            if len(self.patches) >= _MOST_PATCHES:
                msg = f"a phone reaches {_MOST_PATCHES} patches at most"
                raise RelayMessageError(msg)
            self.patches[device] = RelayedPatch(self, device, name)
        return self.patches[device]

    def _set_skew(self, behind_ns: int) -> None:
        self.skew_ns = behind_ns if abs(behind_ns) > _SKEW_NS else 0
        if self.skew_ns:
            _log.warning("clock of phone %s is %.1f s off", self.name, -behind_ns / 1e9)
