"""Commands from clinicians to the gateway that has the patch."""

import asyncio

import aiomqtt
import pytest

from cloud.embedded.nats import EmbeddedNats
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import CommandName, DeviceCommand, DeviceStatus
from tests.cloud.api.house import ADA, House
from tests.cloud.api.test_patients import STATUS
from tests.cloud.frames import DEVICE
from tests.servers import Server

URL = f"/api/v1/patients/{ADA}/command"


async def _told(house: House, status: DeviceStatus) -> None:
    """Have the server hear of the patch from its gateway."""
    payload = status.model_dump_json().encode()
    await house.publish((topics.up("gw1", DEVICE, "status"), payload))
    worn = house.parts.live.worn.of_patient(ADA)
    assert worn is not None
    await house.until(lambda: worn.status == status)


async def test_a_command_reaches_the_gateway_that_has_the_patch(
    house: House, broker: tuple[Server, EmbeddedNats]
) -> None:
    await _told(house, STATUS)
    at = Broker.parse(broker[1].url("gw1", "gw1"))
    async with (
        aiomqtt.Client(at.host, at.port, username=at.username, password=at.password) as gateway,
        house.browser("dr-in") as client,
    ):
        await gateway.subscribe(topics.commands_of_gateway("gw1"), qos=1)
        before_ns = house.parts.live.clock.now_ns()
        order = {"name": "replay", "from_counter": 5, "to_counter": 80, "expires_s": 30}
        answer = await client.post(URL, json=order)
        async with asyncio.timeout(5):
            message = await anext(aiter(gateway.messages))
    assert answer.status_code == 202
    assert topics.parse_down(message.topic.value) == ("gw1", DEVICE, "command")
    command = DeviceCommand.model_validate_json(bytes(message.payload))  # type: ignore[arg-type]
    assert command.command_id == answer.json()["command_id"]
    assert (command.name, command.from_counter, command.to_counter) == (CommandName.REPLAY, 5, 80)
    assert command.expires_ns - before_ns == pytest.approx(30e9, abs=2e9)
    trail = await house.parts.pool.fetch("SELECT * FROM audit WHERE action = 'command'")
    assert [(row["username"], row["patient_id"]) for row in trail] == [("dr-in", ADA)]


@pytest.mark.parametrize(
    ("user", "order", "status"),
    [
        ("ada", {"name": "stop"}, 404),
        ("dr-out", {"name": "stop"}, 404),
        ("dr-in", {"name": "explode"}, 422),
        ("dr-in", {"name": "replay"}, 422),
        ("dr-in", {"name": "replay", "from_counter": 9, "to_counter": 9}, 422),
        ("dr-in", {"name": "stop", "expires_s": 0}, 422),
    ],
)
async def test_who_may_not_and_what_cannot_be_is_refused(
    house: House, user: str, order: dict[str, object], status: int
) -> None:
    await _told(house, STATUS)
    async with house.browser(user) as client:
        assert (await client.post(URL, json=order)).status_code == status


async def test_a_patch_that_no_gateway_has_cannot_be_told(house: House) -> None:
    async with house.browser("dr-in") as client:
        assert (await client.post(URL, json={"name": "stop"})).status_code == 409
        await _told(house, STATUS)
        gone = '{"gateway":"gw1","online":false,"since_ns":1}'
        await house.publish((topics.gateway_status("gw1"), gone.encode()))
        worn = house.parts.live.worn.of_patient(ADA)
        assert worn is not None
        await house.until(lambda: worn.status is not None and not worn.status.uplink)
        answer = await client.post(URL, json={"name": "stop"})
        overview = (await client.get(f"/api/v1/patients/{ADA}/overview")).json()
    assert answer.status_code == 409
    assert "no gateway" in answer.json()["detail"]
    assert overview["status"]["uplink"] is False


async def test_without_a_broker_it_is_said_so(
    house: House, broker: tuple[Server, EmbeddedNats]
) -> None:
    await _told(house, STATUS)
    await asyncio.to_thread(broker[0].kill)
    async with house.browser("dr-in") as client:
        answer = await client.post(URL, json={"name": "identify"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
