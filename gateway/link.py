"""One Bluetooth connection to one patch, from connect to orderly stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak_retry_connector import BleakOutOfConnectionSlotsError, establish_connection

from devices import sig
from devices.driver import (
    Answer,
    Command,
    CommandReply,
    Conversation,
    Driver,
    Listen,
    Read,
    Refused,
    Request,
    Signal,
    Wish,
)
from ecgcore.errors import EcgomicsError
from gateway.scanner import Sighting

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_DEFAULTS = Wish()
_INBOX_NOTIFICATIONS = 64
_REPLY_S = 5.0
_STOP_S = 2.0
_DISCONNECT_S = 3.0
_CONNECT_ATTEMPTS = 2
# What Bleak's backends raise when the peer or the stack is gone; time-outs are OSErrors.
_GONE = (BleakError, EOFError, OSError)
# Insufficient authentication and insufficient encryption, in the Attribute Protocol.
_UNPAIRED = (0x05, 0x0F)


class LinkError(EcgomicsError):
    """A link that cannot go on; the session starts over."""


class Receipt(Protocol):
    """Says to a radio that keeps notifications what became of one."""

    @property
    def source(self) -> str:
        """Who keeps it, and numbers it among all of the patch."""
        ...

    @property
    def number(self) -> int:
        """Its running number there."""
        ...

    def handled(self) -> None:
        """Note that the gateway has taken it; more may come."""
        ...

    def safe(self) -> None:
        """Note that the cloud has committed what it carried, and all before it."""
        ...


class OutOfSlotsError(LinkError):
    """The adapter holds as many links as it can."""


class BondError(LinkError):
    """Pairing failed, or the patch has forgotten it; the bond is removed on this side, too."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Bytes from the patch, and when they came."""

    characteristic: str
    data: bytes
    arrival_ns: int
    n_dropped: int = 0
    """Notifications right before this one for which the inbox had no room."""
    receipt: Receipt | None = None
    """None where whoever delivered it keeps no copy."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the patch says of itself; empty or None where it says nothing."""

    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery_pct: int | None = None


class Link:
    """A connected patch.

    Notifications go into `inbox`, which drops when it is full; whoever empties it hands command
    replies back by `answer`.
    """

    def __init__(
        self,
        driver: Driver,
        now_ns: Callable[[], int],
        wish: Wish = _DEFAULTS,
        at_ns: Callable[[int], int] = int,
    ) -> None:
        self.dialogue = driver.open(wish)
        self.inbox: asyncio.Queue[Notification] = asyncio.Queue(_INBOX_NOTIFICATIONS)
        self._n_dropped = 0
        self.is_lost = False
        self.is_stream_ended = False
        """Whether the patch ended the stream by itself; until the next start."""
        self.news = asyncio.Event()
        """Set when the link is lost, and by who empties the inbox as the stream begins or ends."""
        self._now_ns = now_ns
        self._at_ns = at_ns
        self._client: BleakClient | None = None
        self._replies: dict[str, asyncio.Future[CommandReply | None]] = {}

    @asynccontextmanager
    async def connected(self, sighting: Sighting) -> AsyncIterator[None]:
        """Connect and, on leaving, stop the stream and disconnect; cancelling does it, too."""
        try:
            self._client = await establish_connection(
                BleakClient,
                sighting.ble_device,
                sighting.device_id,
                disconnected_callback=self._on_disconnected,
                max_attempts=_CONNECT_ATTEMPTS,
                backend=sighting.client_backend,
            )
        except BleakOutOfConnectionSlotsError as error:
            msg = "the adapter holds as many links as it can"
            raise OutOfSlotsError(msg) from error
        try:
            yield
        finally:
            await self._close(self._client)

    @property
    def is_away(self) -> bool:
        """Whether the host that holds the link is out of hearing, so that silence says nothing."""
        backend = self._client._backend if self._client else None
        return not self.is_lost and bool(getattr(backend, "is_away", False))

    async def start(self) -> Signal | None:
        """Subscribe in the driver's order, then start the stream; None: the patch has no ECG.

        Raises
        ------
        LinkError
            If the patch lacks what the driver needs, refuses, or is gone.
        """
        try:
            if self.dialogue.needs_bond:
                await self._bond()
            for listen in self.dialogue.listens:
                await self._listen(listen)
            return await self.converse(self.dialogue.start())
        except BleakGATTProtocolError as error:
            if error.code not in _UNPAIRED:
                raise
            await self._unbond()
            msg = "the patch does not know this gateway any more; pairing anew"
            raise BondError(msg) from error

    async def _bond(self) -> None:
        try:
            await self.check().pair()
        except NotImplementedError:
            # macOS pairs by itself as soon as something needs it.
            return
        except (BleakError, TimeoutError) as error:
            self.check()
            await self._unbond()
            msg = f"pairing failed: {error}"
            raise BondError(msg) from error

    async def _unbond(self) -> None:
        # Whatever is left of an old bond on this side would fail the next attempt, too.
        with suppress(LinkError, NotImplementedError, *_GONE):
            await self.check().unpair()

    async def restart(self) -> Signal | None:
        """Stop and start the stream on the standing link.

        Raises
        ------
        LinkError
            If the patch refuses or is gone.
        """
        self.is_stream_ended = False
        with suppress(LinkError):
            await self.converse(self.dialogue.stop())
        return await self.converse(self.dialogue.start())

    async def converse(self, conversation: Conversation[_T]) -> _T:
        """Carry out what a conversation asks for; give what it ends with.

        Raises
        ------
        LinkError
            If the patch refuses or is gone.
        """
        answer: Answer = None
        try:
            while True:
                answer = await self._carry_out(conversation.send(answer))
        except StopIteration as end:
            result: _T = end.value
            return result
        except Refused as error:
            raise LinkError(str(error)) from error
        finally:
            conversation.close()

    async def details(self) -> Details:
        """Read Device Information and battery as far as the patch has them."""
        software = await self._text(sig.SOFTWARE_REVISION)
        battery = await self._read(sig.BATTERY_LEVEL)
        return Details(
            model=await self._text(sig.MODEL_NUMBER),
            serial=await self._text(sig.SERIAL_NUMBER),
            # What a person calls the firmware is the software revision, if there is one.
            firmware=software or await self._text(sig.FIRMWARE_REVISION),
            battery_pct=min(battery[0], 100) if battery else None,
        )

    def answer(self, reply: CommandReply) -> None:
        """Hand over a reply found among the notifications."""
        waiting = self._replies.get(reply.name)
        if waiting and not waiting.done():
            waiting.set_result(reply)

    def end_stream(self) -> None:
        """Note that the patch ended the stream."""
        self.is_stream_ended = True
        self.news.set()

    def check(self) -> BleakClient:
        """Give the client of the standing link.

        Raises
        ------
        LinkError
            If there is no link any more.
        """
        if self._client is None or self.is_lost:
            msg = "link lost"
            raise LinkError(msg)
        return self._client

    async def _listen(self, listen: Listen) -> None:
        client = self.check()
        characteristic = client.services.get_characteristic(listen.characteristic)
        if characteristic is None:
            if listen.required:
                msg = f"the patch has no characteristic {listen.characteristic}"
                raise LinkError(msg)
            return
        await client.start_notify(
            characteristic, partial(self._on_notification, listen.characteristic)
        )

    async def _carry_out(self, request: Request) -> Answer:
        match request:
            case Read(uuid):
                return await self._read(uuid)
            case Command(_, uuid, payload, has_reply=False):
                async with asyncio.timeout(_REPLY_S):
                    await self.check().write_gatt_char(uuid, payload, response=True)
                return None
            case Command():
                return await self._command(request)

    async def _command(self, command: Command) -> CommandReply | None:
        client = self.check()
        waiting: asyncio.Future[CommandReply | None] = asyncio.get_running_loop().create_future()
        self._replies[command.name] = waiting
        try:
            async with asyncio.timeout(_REPLY_S):
                await client.write_gatt_char(command.characteristic, command.payload, response=True)
                reply = await waiting
        except TimeoutError:
            return None
        finally:
            del self._replies[command.name]
        if reply is None:
            msg = f"{command.name}: link lost"
            raise LinkError(msg)
        return reply

    async def _text(self, uuid: str) -> str:
        return (await self._read(uuid)).decode("utf-8", "replace").strip("\0 ")

    async def _read(self, uuid: str) -> bytes:
        client = self.check()
        characteristic = client.services.get_characteristic(uuid)
        if characteristic is None or "read" not in characteristic.properties:
            return b""
        return bytes(await client.read_gatt_char(characteristic))

    async def _close(self, client: BleakClient) -> None:
        # A patch that is left streaming stays on until its battery is empty.
        with suppress(LinkError, *_GONE):
            async with asyncio.timeout(_STOP_S):
                await self.converse(self.dialogue.stop())
                await self._stop_listening(client)
        with suppress(*_GONE):
            async with asyncio.timeout(_DISCONNECT_S):
                await client.disconnect()

    async def _stop_listening(self, client: BleakClient) -> None:
        for listen in self.dialogue.listens:
            if characteristic := client.services.get_characteristic(listen.characteristic):
                await client.stop_notify(characteristic)

    def _on_notification(
        self, uuid: str, _characteristic: BleakGATTCharacteristic, data: bytearray
    ) -> None:
        if self.inbox.full():
            self._n_dropped += 1
            return
        # A relay tells when the bytes came to it; that may be long ago.
        came_ns: int | None = getattr(data, "arrival_ns", None)
        arrival_ns = self._now_ns() if came_ns is None else self._at_ns(came_ns)
        receipt: Receipt | None = getattr(data, "receipt", None)
        self.inbox.put_nowait(Notification(uuid, bytes(data), arrival_ns, self._n_dropped, receipt))
        self._n_dropped = 0

    def _on_disconnected(self, _client: BleakClient) -> None:
        self.is_lost = True
        self.news.set()
        for waiting in self._replies.values():
            if not waiting.done():
                waiting.set_result(None)
