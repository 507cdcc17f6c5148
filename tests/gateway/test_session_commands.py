"""What is told to a gateway from afar, done with a patch over the virtual link."""

from pathlib import Path

import pytest
from aiomqtt import Client

from ecgcore.wire import topics
from ecgcore.wire.events import BatteryEvent, CommandEvent, LinkEvent
from ecgcore.wire.messages import CommandName, DeviceCommand, LinkState
from tests.gateway.broker import GATEWAY, until
from tests.gateway.rig import assert_exact
from tests.gateway.test_session import Strap, streaming


async def _tell(strap: Strap, name: CommandName, device: str = "", **more: int) -> CommandEvent:
    """Send a command and give the gateway's answer."""
    device = device or strap.device
    command = DeviceCommand(
        device=device, command_id=f"{name}-{device}", name=name, expires_ns=(1 << 62) - 1, **more
    )
    port = strap.engine.broker.server.port
    async with Client("127.0.0.1", port, username="engine", password="p-engine") as client:
        payload = command.model_dump_json()
        await client.publish(topics.command(GATEWAY, device), payload, qos=1)

    def answers() -> list[CommandEvent]:
        events = [each.event for each in strap.engine.events if each.device == device]
        mine = [event for event in events if isinstance(event, CommandEvent)]
        return [event for event in mine if event.command_id == command.command_id]

    await until(answers)
    return answers()[0]


async def test_a_patch_is_stopped_and_started_from_afar_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with streaming(tmp_path, caplog) as strap:
        answer = await _tell(strap, CommandName.STOP)
        assert answer.ok
        await until(lambda: strap.states[-1] is LinkState.STOPPED)
        n_sent = len(strap.sent)
        answer = await _tell(strap, CommandName.IDENTIFY)
        assert (answer.ok, answer.detail) == (False, "there is no link to the patch")
        assert len(strap.sent) == n_sent
        await _tell(strap, CommandName.START)
        await strap.until_sent(10)
        # An H10 keeps nothing.
        answer = await _tell(strap, CommandName.REPLAY, from_counter=0, to_counter=9)
        assert (answer.ok, answer.detail) == (False, "this kind of patch cannot do that")
        answer = await _tell(strap, CommandName.STOP, "polar-h10-FFFFFFFF")
        assert (answer.ok, answer.detail) == (False, "this gateway does not have that patch")
        summary = await strap.gateway.stop()
        assert summary["events_left"] == 0
        assert_exact(strap.engine.of(strap.device), strap.sent)
        told = [each.event for each in strap.engine.events if each.device == strap.device]
        links = [event.state for event in told if isinstance(event, LinkEvent)]
        assert links[:4] == [
            LinkState.ADVERTISING,
            LinkState.CONNECTING,
            LinkState.STARTING,
            LinkState.STREAMING,
        ]
        assert links[4:6] == [LinkState.BACKOFF, LinkState.STOPPED]
        assert links[-1] is LinkState.STOPPED
        assert any(isinstance(event, BatteryEvent) for event in told)
        numbers = [each.number for each in strap.engine.events if each.device == strap.device]
        assert numbers == list(range(len(numbers)))
