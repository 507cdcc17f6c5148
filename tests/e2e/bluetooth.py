"""A simulated patch in Chromium's own Bluetooth emulation.

The browser's DevTools domain `BluetoothEmulation` gives what the page does with a peripheral and
takes the peripheral's answers; all of Web Bluetooth above it is the real one. The one thing it
cannot simulate is a notification. So each is read: the answer to a read fires the same event on the
same object of the page, which is given a read property for that.
"""

import asyncio
import base64
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from playwright.async_api import Browser, CDPSession, Page

from ecgcore.clock import UtcClock
from simulators.patch import AttRefused, Notification, Property, SimulatedPatch

ARGUMENTS = ("--enable-experimental-web-platform-features",)
_TICK_S = 0.02
_CONFIGURATION = "00002902-0000-1000-8000-00805f9b34fb"
_REMEMBER = """
(() => {
  const listening = new Map();
  const start = BluetoothRemoteGATTCharacteristic.prototype.startNotifications;
  BluetoothRemoteGATTCharacteristic.prototype.startNotifications = async function () {
    const started = await start.call(this);
    listening.set(this.uuid, this);
    return started;
  };
  window.__notify = async (uuids) => {
    let told = 0;
    try {
      for (const uuid of uuids) {
        await listening.get(uuid).readValue();
        told += 1;
      }
    } catch (error) {
      if (error.name !== "NetworkError") throw error;
    }
    return told;
  };
})();
"""


class EmulatedPatch:
    """One simulated patch as the browser's Bluetooth sees it."""

    def __init__(
        self, patch: SimulatedPatch, clock: UtcClock, on_sent: Callable[[range], None]
    ) -> None:
        self._patch = patch
        self._clock = clock
        self._on_sent = on_sent
        self._uuid_of: dict[str, str] = {}
        self._subscribed: set[str] = set()
        self._values: dict[str, deque[bytes]] = defaultdict(deque)
        self._outgoing: deque[Notification] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.n_links = 0

    async def switch_on(self, browser: Browser) -> None:
        """Put the patch into the browser's reach."""
        self._cdp: CDPSession = await browser.new_browser_cdp_session()
        await self._say("enable", state="powered-on", leSupported=True)
        self._cdp.on("BluetoothEmulation.gattOperationReceived", self._spawned(self._on_gatt))
        self._cdp.on(
            "BluetoothEmulation.characteristicOperationReceived", self._spawned(self._on_operation)
        )
        await self._say(
            "simulatePreconnectedPeripheral",
            address=self._patch.address,
            name=self._patch.name,
            manufacturerData=[],
            knownServiceUuids=[service.uuid for service in self._patch.services],
        )
        await self._add_services()

    async def let_be_chosen(self, page: Page) -> None:
        """Choose the patch whenever the page asks the person for one."""
        await page.add_init_script(_REMEMBER)
        prompts = await page.context.new_cdp_session(page)
        chosen: set[str] = set()

        async def choose(prompt: dict[str, Any]) -> None:
            if prompt["devices"] and prompt["id"] not in chosen:
                chosen.add(prompt["id"])
                choice = {"id": prompt["id"], "deviceId": prompt["devices"][0]["id"]}
                await prompts.send("DeviceAccess.selectPrompt", choice)

        await prompts.send("DeviceAccess.enable")
        prompts.on("DeviceAccess.deviceRequestPrompted", self._spawned(choose))

    async def stream(self, page: Page) -> None:
        """Send what the patch has to send, until cancelled."""
        while True:
            if self.n_links:
                self._outgoing.extend(self._patch.due(self._clock.now_ns()))
            due = [self._outgoing.popleft() for _ in range(len(self._outgoing))]
            await self._notify(page, [each for each in due if self._is_heard(each)])
            await asyncio.sleep(_TICK_S)

    async def drop_link(self) -> None:
        """End the link from the patch's side."""
        self._forget_host()
        await self._say("simulateGATTDisconnection", address=self._patch.address)

    def _is_heard(self, notification: Notification) -> bool:
        return notification.characteristic in self._subscribed

    async def _notify(self, page: Page, notifications: list[Notification]) -> None:
        if not notifications:
            return
        for each in notifications:
            self._values[each.characteristic].append(each.value)
        told = await page.evaluate(
            "(uuids) => window.__notify(uuids)", [each.characteristic for each in notifications]
        )
        for each in notifications[:told]:
            self._on_sent(each.samples)
        if told < len(notifications):
            # The page has hung up; the emulation has no event for that.
            self._forget_host()

    def _forget_host(self) -> None:
        self._subscribed.clear()
        self._values.clear()
        self._patch.disconnect()

    async def _add_services(self) -> None:
        for service in self._patch.services:
            added = await self._say(
                "addService", address=self._patch.address, serviceUuid=service.uuid
            )
            for each in service.characteristics:
                has = each.properties
                characteristic = await self._say(
                    "addCharacteristic",
                    serviceId=added["serviceId"],
                    characteristicUuid=each.uuid,
                    properties={
                        "read": True,
                        "write": Property.WRITE in has,
                        "writeWithoutResponse": Property.WRITE_WITHOUT_RESPONSE in has,
                        "notify": Property.NOTIFY in has,
                        "indicate": Property.INDICATE in has,
                    },
                )
                self._uuid_of[characteristic["characteristicId"]] = each.uuid
                if has & (Property.NOTIFY | Property.INDICATE):
                    await self._say(
                        "addDescriptor",
                        characteristicId=characteristic["characteristicId"],
                        descriptorUuid=_CONFIGURATION,
                    )

    async def _on_gatt(self, event: dict[str, Any]) -> None:
        self.n_links += event["type"] == "connection"
        await self._say(
            "simulateGATTOperationResponse", address=event["address"], type=event["type"], code=0
        )

    async def _on_operation(self, event: dict[str, Any]) -> None:
        uuid, kind = self._uuid_of[event["characteristicId"]], event["type"]
        answer: dict[str, Any] = {"code": 0}
        try:
            if kind == "read":
                answer["data"] = base64.b64encode(self._read(uuid)).decode()
            else:
                self._carry_out(uuid, kind, base64.b64decode(event.get("data", "")))
        except AttRefused as error:
            answer["code"] = error.code
        await self._say(
            "simulateCharacteristicOperationResponse",
            characteristicId=event["characteristicId"],
            type=kind,
            **answer,
        )

    def _read(self, uuid: str) -> bytes:
        if self._values[uuid]:
            return self._values[uuid].popleft()
        return self._patch.read(uuid, self._clock.now_ns())

    def _carry_out(self, uuid: str, kind: str, data: bytes) -> None:
        now_ns, mtu = self._clock.now_ns(), self._patch.att_mtu
        if kind == "write":
            self._outgoing.extend(self._patch.write(uuid, data, now_ns, mtu))
            return
        is_on = kind == "subscribe-to-notifications"
        self._patch.subscribe(uuid, is_on, now_ns, mtu)
        (self._subscribed.add if is_on else self._subscribed.discard)(uuid)

    async def _say(self, command: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self._cdp.send(f"BluetoothEmulation.{command}", parameters)
        return answer

    def _spawned(self, handle: Callable[[dict[str, Any]], Any]) -> Callable[[Any], None]:
        def spawn(event: dict[str, Any]) -> None:
            task = asyncio.create_task(handle(event))
            self._tasks.add(task)
            task.add_done_callback(self._done)

        return spawn

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()
