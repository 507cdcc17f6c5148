"""Agents: who is asked when pairing needs a person."""

from typing import Any

from bumble import pairing
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method

from simulators.bluez.callers import Callers, caller
from simulators.bluez.errors import error

_Io = pairing.PairingDelegate.IoCapability
_CAPABILITIES = {
    "": _Io.DISPLAY_OUTPUT_AND_KEYBOARD_INPUT,
    "DisplayOnly": _Io.DISPLAY_OUTPUT_ONLY,
    "DisplayYesNo": _Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT,
    "KeyboardOnly": _Io.KEYBOARD_INPUT_ONLY,
    "NoInputNoOutput": _Io.NO_OUTPUT_NO_INPUT,
    "KeyboardDisplay": _Io.DISPLAY_OUTPUT_AND_KEYBOARD_INPUT,
}


class AgentDelegate(pairing.PairingDelegate):
    """Asks a client's agent about the pairing of one device."""

    def __init__(
        self, bus: MessageBus, client: str, path: str, capability: str, device_path: str
    ) -> None:
        super().__init__(_CAPABILITIES[capability])
        self._bus = bus
        self._client = client
        self._path = path
        self._device_path = device_path

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Ask whether the peer shows the same number."""
        return await self._ask("RequestConfirmation", "ou", number) is not None

    async def get_number(self) -> int | None:
        """Ask for the number on the peer's label or display."""
        answer = await self._ask("RequestPasskey", "o")
        return int(answer[0]) if answer else None

    async def display_number(self, number: int, digits: int) -> None:
        """Have a number shown that is to be entered at the peer."""
        await self._ask("DisplayPasskey", "ouq", number, 0)

    async def _ask(self, member: str, signature: str, *values: int) -> list[Any] | None:
        """Give what the agent answers; None if it refuses."""
        reply = await self._bus.call(
            Message(
                destination=self._client,
                path=self._path,
                interface="org.bluez.Agent1",
                member=member,
                signature=signature,
                body=[self._device_path, *values],
            )
        )
        return None if reply.message_type is MessageType.ERROR else list(reply.body)


class AgentManager(ServiceInterface):
    """``org.bluez.AgentManager1``: keeps one agent for each client."""

    def __init__(self, bus: MessageBus, callers: Callers) -> None:
        super().__init__("org.bluez.AgentManager1")
        self._bus = bus
        self._agents: dict[str, tuple[str, str]] = {}
        self._default: str | None = None
        callers.on_gone(self._forget)

    def delegate(self, client: str, device_path: str) -> pairing.PairingDelegate | None:
        """Give who answers for `client`: its own agent, the default one, or None.

        Without one nothing is paired: since 5.7 the kernel asks even when no passkey is needed.
        """
        for name in (client, self._default):
            if name in self._agents:
                return AgentDelegate(self._bus, name, *self._agents[name], device_path)
        return None

    def _forget(self, client: str) -> None:
        self._agents.pop(client, None)
        if self._default == client:
            self._default = None

    @dbus_method(name="RegisterAgent")
    def _register_agent(self, agent: DBusObjectPath, capability: DBusStr) -> None:
        if capability not in _CAPABILITIES:
            raise error("InvalidArguments", "Invalid arguments in method call")
        if caller() in self._agents:
            raise error("AlreadyExists", "Already Exists")
        self._agents[caller()] = (agent, capability)

    @dbus_method(name="UnregisterAgent")
    def _unregister_agent(self, agent: DBusObjectPath) -> None:
        self._require(agent)
        self._forget(caller())

    @dbus_method(name="RequestDefaultAgent")
    def _request_default_agent(self, agent: DBusObjectPath) -> None:
        self._require(agent)
        self._default = caller()

    def _require(self, agent: str) -> None:
        if self._agents.get(caller(), ("",))[0] != agent:
            raise error("DoesNotExist", "Does Not Exist")
