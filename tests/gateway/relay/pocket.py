"""A phone in Python: a simulated patch on one side, the relay protocol on the other."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ecgcore.clock import UtcClock
from gateway.cancellation import cancel_all
from gateway.relay import messages
from gateway.relay.messages import Kind, Record
from simulators.patch import AttRefused, Notification, Property, SimulatedPatch

SECRET = "sixteen letters or more"
_TICK_S = 0.01


class Pocket:
    """The phone: its store outlives connections, and a restart of the app where a test says so."""

    def __init__(self, patch: SimulatedPatch, clock: UtcClock, port: int, phone: str = "p") -> None:
        self.patch = patch
        self.clock = clock
        self.port = port
        self.phone = phone
        self.device = f"web-{patch.address}"
        self.store: dict[int, Record] = {}
        self.next = 1
        self.safe = 0
        self.sent: list[range] = []
        """Samples that came over the link, as the patch numbers them."""
        self.requests: list[messages.Request] = []
        self.link: int | None = None
        self.n_links = 0
        self.subscribed: set[str] = set()
        self.is_in_reach = True
        self.may_connect = asyncio.Event()
        self.may_connect.set()
        self.resumed = asyncio.Event()
        self.n_sent = 0
        self._stored = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._window = self._cursor = 0
        self._written_to: set[str] = set()
        self._ahead: asyncio.Queue[bytes] = asyncio.Queue()

    async def run(self) -> None:
        """Live until cancelled."""
        tasks = [asyncio.create_task(work()) for work in (self._bluetooth, self._network)]
        try:
            await asyncio.gather(*tasks)
        finally:
            await cancel_all(tasks, 1)

    # -- Bluetooth ------------------------------------------------------------------------------

    async def _bluetooth(self) -> None:
        while True:
            if self.link is not None:
                for notification in self.patch.due(self.clock.now_ns()):
                    self._notified(notification)
            await asyncio.sleep(_TICK_S)

    def _notified(self, notification: Notification) -> None:
        if self.link is None or notification.characteristic not in self.subscribed:
            return
        if notification.samples:
            self.sent.append(notification.samples)
        self._keep(Kind.NOTIFICATION, notification.characteristic, notification.value)
        if notification.characteristic in self._written_to and self._socket:
            ahead = replace(self.store[self.next - 1], is_ahead=True)
            self._ahead.put_nowait(messages.encode_record(ahead))

    def _keep(self, kind: Kind, characteristic: str = "", value: bytes = b"") -> None:
        assert self.link is not None
        self.store[self.next] = Record(
            kind, self.device, self.link, self.next, time.monotonic_ns(), time.time_ns(),
            characteristic, value,
        )  # fmt: skip
        self.next += 1
        self._stored.set()

    def lose_link(self) -> None:
        """End the Bluetooth link, as when the patch is out of reach."""
        if self.link is not None:
            self._keep(Kind.LINK_ENDED)
            self.link = None
            self.subscribed.clear()
            self.patch.disconnect()

    # -- network --------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """Cut the connection without a word."""
        if self._socket:
            self._socket.transport.abort()

    async def _network(self) -> None:
        while True:
            await self.may_connect.wait()
            with suppress(OSError, ConnectionClosed, InvalidStatus, ExceptionGroup):
                await self._visit()
            self._socket = None
            self.resumed.clear()
            self._written_to.clear()
            self._ahead = asyncio.Queue()
            await asyncio.sleep(0.05)

    async def _visit(self) -> None:
        headers = {"Authorization": f"Bearer {SECRET}"}
        url = f"ws://127.0.0.1:{self.port}"
        async with connect(url, additional_headers=headers, compression=None) as self._socket:
            await self._say(
                messages.Hello(
                    messages.VERSION, self.phone, time.time_ns(), time.monotonic_ns(), self._held()
                )
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(self._socket))
                tasks.create_task(self._send_log(self._socket))
                tasks.create_task(self._chat())
                tasks.create_task(self._send_ahead(self._socket))

    def _held(self) -> list[messages.Held]:
        if self.link is None and not self.store:
            return []
        first = min(self.store, default=self.next)
        standing = self._standing() if self.link is not None else None
        return [messages.Held(self.device, self.patch.name, first, self.next, standing)]

    def _standing(self) -> messages.Standing:
        assert self.link is not None
        services = [
            messages.Service(
                service.uuid,
                [
                    messages.Characteristic(each.uuid, _names(each.properties))
                    for each in service.characteristics
                ],
            )
            for service in self.patch.services
        ]
        return messages.Standing(
            self.link, self.patch.att_mtu, services, self.next, sorted(self.subscribed)
        )

    async def _chat(self) -> None:
        while True:
            if self.link is None and self.is_in_reach:
                advert = self.patch.advertisement(self.clock.now_ns())
                await self._say(
                    messages.Seen(
                        self.device, advert.name, dict(advert.manufacturer),
                        list(advert.service_uuids), dict(advert.service_data), -60,
                    )
                )  # fmt: skip
            else:
                await self._say(messages.Alive())
            await asyncio.sleep(0.3)

    async def _say(self, message: messages.FromPhone) -> None:
        assert self._socket
        await self._socket.send(messages.encode_text(message))

    async def _send_log(self, socket: ClientConnection) -> None:
        await self.resumed.wait()
        while True:
            self._stored.clear()
            for number in sorted(self.store):
                if self._cursor < number <= self._window:
                    await socket.send(messages.encode_record(self.store[number]))
                    self._cursor = number
                    self.n_sent += 1
            await self._stored.wait()

    async def _send_ahead(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._ahead.get())

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            assert isinstance(text, str)
            match messages.decode_to_phone(text):
                case messages.Resume(_, after, safe, window):
                    self._cursor, self._window = after, window
                    self._free(safe)
                    self.resumed.set()
                case messages.Progress(_, safe, window):
                    self._window = window
                    self._free(safe)
                case messages.Welcome() | messages.Alive() | messages.Scan():
                    pass
                case request:
                    self.requests.append(request)
                    await self._say(self._carried_out(request))

    def _free(self, safe: int) -> None:
        assert self.safe <= safe < self.next
        self.safe = safe
        for number in [number for number in self.store if number <= safe]:
            del self.store[number]
        self._stored.set()

    def _carried_out(self, request: messages.Request) -> messages.Done | messages.Failed:
        number = request.request
        try:
            match request:
                case messages.Connect():
                    return self._connected(number)
                case messages.Disconnect():
                    self.lose_link()
                case messages.Read(_, _, characteristic):
                    value = self.patch.read(characteristic, self.clock.now_ns())
                    return messages.Done(number, value)
                case messages.Write(_, _, characteristic, value):
                    self._written(characteristic, value)
                case messages.Subscribe(_, _, characteristic):
                    self._subscribe(characteristic, is_on=True)
                case messages.Unsubscribe(_, _, characteristic):
                    self._subscribe(characteristic, is_on=False)
        except AttRefused as error:
            return messages.Failed(number, str(error), error.code)
        return messages.Done(number)

    def _connected(self, number: int) -> messages.Done | messages.Failed:
        if not self.is_in_reach:
            return messages.Failed(number, "out of reach")
        if self.link is None:
            self.n_links += 1
            self.link = self.n_links
        return messages.Done(number, standing=self._standing())

    def _written(self, characteristic: str, value: bytes) -> None:
        self._written_to.add(characteristic)
        now_ns, mtu = self.clock.now_ns(), self.patch.att_mtu
        for notification in self.patch.write(characteristic, value, now_ns, mtu):
            self._notified(notification)

    def _subscribe(self, characteristic: str, *, is_on: bool) -> None:
        (self.subscribed.add if is_on else self.subscribed.discard)(characteristic)
        now_ns, mtu = self.clock.now_ns(), self.patch.att_mtu
        self.patch.subscribe(characteristic, is_on, now_ns, mtu)


_NAMES = {
    Property.READ: "read",
    Property.WRITE: "write",
    Property.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Property.NOTIFY: "notify",
    Property.INDICATE: "indicate",
}


def _names(properties: Property) -> list[str]:
    return [name for flag, name in _NAMES.items() if flag in properties]
