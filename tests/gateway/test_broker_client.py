"""In through TLS and accounts, on NATS with MQTT 3.1.1 and on Mosquitto with both versions."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, MqttError, ProtocolVersion

from ecgcore.errors import ConfigError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.frame import decode_frame
from ecgcore.wire.messages import GatewayStatus
from gateway.broker_client import BrokerAccess
from gateway.cancellation import cancel_all
from gateway.outbox import Outbox
from gateway.sender import Sender
from gateway.uplink import Uplink
from tests.gateway.broker import GATEWAY, Nats, running_nats, until
from tests.gateway.certificates import Authority
from tests.gateway.mosquitto import Mosquitto, running_mosquitto
from tests.gateway.test_uplink import make_sender, make_with, put


@asynccontextmanager
async def connecting(
    folder: Path, access: BrokerAccess, **more: Any
) -> AsyncIterator[tuple[Outbox, Sender, Uplink]]:
    async with Outbox.open(folder / "s.db", max_bytes=1 << 24, linger_s=0.01) as outbox:
        sender = make_sender(outbox)
        uplink = make_with(access, sender, **more)
        tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(uplink.run())]
        try:
            yield outbox, sender, uplink
        finally:
            await cancel_all(tasks, 1)


def access_to(url: str, **more: Any) -> BrokerAccess:
    return BrokerAccess(Broker.parse(url), GATEWAY, timeout_s=5, **more)


def certified(broker: Mosquitto, **more: Any) -> BrokerAccess:
    certificate, key = broker.ca.issue("gateway")
    files = {"ca": broker.ca.path, "certificate": certificate, "key": key}
    return access_to(broker.url(), **(files | more))


def engine_of(broker: Mosquitto, protocol: ProtocolVersion) -> Client:
    certificate, key = broker.ca.issue("engine")
    context = ssl.create_default_context(cafile=broker.ca.path)
    context.load_cert_chain(certificate, key)
    return Client(
        "127.0.0.1", broker.port, username="engine", password="p-engine",
        tls_context=context, protocol=protocol, timeout=5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("version", "protocol"), [("3.1.1", ProtocolVersion.V311), ("5", ProtocolVersion.V5)]
)
async def test_frames_pass_with_either_version_over_tls_with_our_certificate(
    tmp_path: Path, version: Any, protocol: ProtocolVersion
) -> None:
    async with (
        running_mosquitto(tmp_path / "mosquitto") as broker,
        engine_of(broker, protocol) as engine,
        connecting(tmp_path, certified(broker, version=version)) as (outbox, _, uplink),
    ):
        await engine.subscribe(f"{topics.ROOT}/+/+/+/samples", qos=1)
        put(outbox, "a", 0, 3)
        async with asyncio.timeout(10):
            heard = []
            async for message in engine.messages:
                heard.append(decode_frame(bytes(message.payload)).first_counter)  # type: ignore[arg-type]
                if len(heard) == 3:
                    break
        assert heard == [0, 73, 146]
        assert uplink.trouble is None
        word = '{"device":"a","boot_id":1,"through":219,"through_ns":0}'
        await engine.publish(topics.committed(GATEWAY, "a"), word, qos=1)
        await until(outbox.emptied.is_set)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_wrong_password_is_told_counted_and_not_insisted_on(
    tmp_path: Path, version: Any
) -> None:
    async with running_mosquitto(tmp_path / "mosquitto") as broker:
        access = certified(broker, version=version)
        wrong = BrokerAccess(
            Broker.parse(broker.url(password="guess")), GATEWAY, version=version,
            ca=access.ca, certificate=access.certificate, key=access.key,
        )  # fmt: skip
        async with connecting(tmp_path, wrong) as (outbox, _, uplink):
            put(outbox, "a", 0, 3)
            await until(lambda: uplink.n_refused)
            assert "refuses home: " in str(uplink.trouble)
            assert "guess" not in str(uplink.trouble)
            await asyncio.sleep(0.7)
            assert uplink.n_refused == 1
            assert outbox.backlog["a"].n_frames == 3


# paho leaves a socket whose handshake failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda folder, broker: {"ca": Authority(folder, "stranger").path},
            "certificate verify failed",
        ),
        (lambda folder, broker: {"certificate": None, "key": None}, ""),
    ],
)
async def test_a_broker_that_is_not_trusted_or_does_not_trust_us_is_tried_again(
    tmp_path: Path, spoil: Callable[[Path, Mosquitto], dict[str, Any]], told: str
) -> None:
    async with running_mosquitto(tmp_path / "mosquitto") as broker:
        access = certified(broker, **spoil(tmp_path / "other", broker))
        async with connecting(tmp_path, access) as (_, _, uplink):
            await until(lambda: uplink.trouble != "not connected yet")
            assert told in str(uplink.trouble)
            assert str(broker.port) in str(uplink.trouble)


async def test_nats_over_tls_knows_us_by_our_certificate(tmp_path: Path) -> None:
    ca = Authority(tmp_path / "ca")
    server, server_key = ca.issue("server")
    certificate, key = ca.issue("gateway")
    async with running_nats(tmp_path) as broker:
        await broker.kill()
        at = broker.server.data_dir / "nats.conf"
        config = json.loads(at.read_text())
        config["mqtt"]["tls"] = {
            "cert_file": str(server), "key_file": str(server_key),
            "ca_file": str(ca.path), "verify": True,
        }  # fmt: skip
        at.write_text(json.dumps(config))
        await broker.start()
        url = broker.url.replace("mqtt://", "mqtts://")
        access = access_to(url, ca=ca.path, certificate=certificate, key=key)
        async with connecting(tmp_path, access) as (_, _, uplink):
            await until(lambda: uplink.trouble is None)


async def test_presence_is_retained_and_the_will_says_when_the_gateway_has_gone(
    tmp_path: Path,
) -> None:
    async with running_nats(tmp_path) as broker:
        async with connecting(tmp_path, access_to(broker.url)) as (_, _, uplink):
            await until(lambda: uplink.trouble is None)
            assert (await _presence(broker)).online
        assert not (await _presence(broker)).online
        async with asyncio.timeout(10), _listener(broker) as client:
            with suppress(MqttError):
                async with access_to(broker.url).client(1, 5) as dying:
                    dying._disconnected.add_done_callback(lambda lost: lost.exception())
                    await dying.publish(
                        topics.gateway_status(GATEWAY),
                        GatewayStatus(gateway=GATEWAY, online=True, since_ns=5).model_dump_json(),
                        qos=1,
                        retain=True,
                    )
                    await client.subscribe(topics.all_gateways(), qos=1)
                    messages = aiter(client.messages)
                    assert _status(await anext(messages)).online
                    # The power is cut: the connection ends without a word.
                    dying._client.socket().shutdown(socket.SHUT_RDWR)
                    gone = _status(await anext(messages))
            assert not gone.online
            assert gone.since_ns == 5


def _listener(broker: Nats) -> Client:
    return Client("127.0.0.1", broker.server.port, username="engine", password="p-engine")


async def _presence(broker: Nats) -> GatewayStatus:
    async with asyncio.timeout(10), _listener(broker) as client:
        await client.subscribe(topics.all_gateways(), qos=1)
        return _status(await anext(aiter(client.messages)))


def _status(message: Any) -> GatewayStatus:
    assert topics.parse_gateway(message.topic.value) == GATEWAY
    return GatewayStatus.model_validate_json(message.payload)


@pytest.mark.parametrize(
    ("url", "more", "told"),
    [
        ("mqtts://h", {"certificate": "x"}, "belong together"),
        ("mqtts://h", {"key": "x"}, "belong together"),
        ("mqtt://h", {"ca": "x"}, "need mqtts://"),
        ("mqtts://h", {"ca": "none.pem"}, "broker_ca"),
        ("mqtts://h", {"certificate": "none.pem", "key": "none.key"}, "broker_certificate"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, url: str, more: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        access_to(url, **{name: tmp_path / at for name, at in more.items()}).tls()
