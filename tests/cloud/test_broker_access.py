"""Who may say and hear what on the embedded broker, role by role and topic by topic."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.reasoncodes import ReasonCode

from cloud.embedded.nats import EmbeddedNats
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from tests.servers import running_nats

DEVICE = "polar-h10-0A1B2C3D"


@pytest.fixture
def nats(tmp_path: Path) -> object:
    with running_nats(tmp_path, gateways=("gw1", "gw2", "live", "gateway", "47")) as (_, embedded):
        yield embedded


def _client(nats: EmbeddedNats, user: str, password: str | None = None) -> aiomqtt.Client:
    broker = Broker.parse(nats.url(user, password or user))
    return aiomqtt.Client(
        broker.host, broker.port, username=broker.username, password=broker.password, timeout=3
    )


@pytest.mark.parametrize(
    ("user", "topic", "may"),
    [
        ("gw1", topics.up("gw1", DEVICE, "samples"), True),
        ("gw1", topics.up("gw1", DEVICE, "status"), True),
        ("gw1", topics.up("gw1", DEVICE, "live"), True),
        ("gw1", topics.up("gw1", DEVICE, "event"), True),
        ("gw1", topics.gateway_status("gw1"), True),
        ("gw1", topics.up("gw2", DEVICE, "samples"), False),
        ("gw1", topics.up("gw2", DEVICE, "live"), False),
        ("gw1", topics.up("gw2", DEVICE, "event"), False),
        ("gw1", topics.gateway_status("gw2"), False),
        ("gw1", topics.command("gw1", DEVICE), False),
        ("gw1", topics.up("gw1", DEVICE, "more"), False),
        ("live", topics.live("live", "strip"), False),
        ("gateway", topics.gateway_status("gw1"), False),
        ("gw1", topics.committed("gw1", DEVICE), False),
        ("gw1", topics.live(DEVICE, "strip"), False),
        ("gw1", topics.service("engine"), False),
        ("gw2", topics.up("gw2", DEVICE, "samples"), True),
        ("engine", topics.committed("gw1", DEVICE), True),
        ("server", topics.live(DEVICE, "strip"), True),
    ],
)
async def test_publishing(nats: EmbeddedNats, user: str, topic: str, may: bool) -> None:
    async with _client(nats, "engine") as listener, _client(nats, user) as speaker:
        await listener.subscribe("ecg/v1/#", qos=1)
        await speaker.publish(topic, b"first", qos=1)
        # What is allowed always comes after what was not, so its coming first is the answer.
        await listener.publish("ecg/v1/service/end", b"end", qos=1)
        async with asyncio.timeout(3):
            heard = await anext(aiter(listener.messages))
        assert (heard.topic.value == topic) is may


@pytest.mark.parametrize(
    ("user", "topic", "may"),
    [
        ("gw1", topics.committed_of_gateway("gw1"), True),
        ("gw1", topics.committed_of_gateway("gw2"), False),
        ("gw1", topics.commands_of_gateway("gw1"), True),
        ("gw1", topics.commands_of_gateway("gw2"), False),
        ("gw1", topics.all_gateways(), False),
        # Called like another part of the tree.
        ("live", topics.all_live(), False),
        ("live", topics.commands_of_gateway("live"), True),
        ("47", topics.of_shard(47, "samples"), False),
        ("gw1", topics.all_live(), False),
        ("gw1", topics.all_status(), False),
        ("gw1", "#", False),
        ("engine", topics.of_shard(3, "samples"), True),
        ("server", topics.all_live(), True),
    ],
)
async def test_subscribing(nats: EmbeddedNats, user: str, topic: str, may: bool) -> None:
    async with _client(nats, user) as client:
        [code] = await client.subscribe(topic, qos=1)
    assert isinstance(code, ReasonCode)
    assert code.is_failure is not may


async def test_a_wrong_password_is_refused(nats: EmbeddedNats) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with _client(nats, "gw1", "guess"):
            pass


def test_passwords_are_not_for_other_users_of_the_machine(tmp_path: Path) -> None:
    with running_nats(tmp_path) as (_, embedded):
        mode = (embedded.data_dir / "nats.conf").stat().st_mode
    assert mode & 0o077 == 0
