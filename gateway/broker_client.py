"""The gateway's MQTT client: who it is, how it encrypts, and what it leaves behind."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from aiomqtt import Client, ProtocolVersion, Will
from aiomqtt.exceptions import MqttCodeError
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ecgcore.errors import ConfigError
from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import GatewayStatus
from gateway.settings import GatewaySettings, MqttVersion

_KEEPALIVE_S = 20
# Nagle's algorithm against delayed acknowledgements costs 40 ms a frame.
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

_PROTOCOLS = {"3.1.1": ProtocolVersion.V311, "5": ProtocolVersion.V5}
# Answers that stay the same until a person changes something (MQTT 5, 2.4; paho maps 3.1.1 to it).
_REFUSALS = frozenset(
    ReasonCode(PacketTypes.CONNACK, name).value
    for name in (
        "Unsupported protocol version",
        "Client identifier not valid",
        "Bad user name or password",
        "Not authorized",
        "Banned",
        "Bad authentication method",
    )
)
_TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, "Session taken over").value


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How to get into the broker.

    Raises
    ------
    ConfigError
        If a certificate is given without its key, or TLS files without TLS.
    """

    broker: Broker
    gateway_id: str
    version: MqttVersion = "3.1.1"
    timeout_s: float = 10.0
    ca: Path | None = None
    """Certificates of those we trust; None: the system's."""
    certificate: Path | None = None
    """Our own, with the chain, in PEM."""
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            msg = "broker_certificate and broker_key belong together"
            raise ConfigError(msg)
        if (self.ca or self.certificate) and not self.broker.tls:
            msg = f"broker {self.broker}: certificates need mqtts://"
            raise ConfigError(msg)

    @classmethod
    def of(cls, settings: GatewaySettings) -> Self:
        """Give the access that the settings describe.

        Raises
        ------
        ConfigError
            If they cannot be, or a file of theirs cannot be used.
        """
        access = cls(
            Broker.parse(settings.broker_url.get_secret_value()),
            settings.gateway_id,
            version=settings.mqtt_version,
            timeout_s=settings.broker_timeout_s,
            ca=settings.broker_ca,
            certificate=settings.broker_certificate,
            key=settings.broker_key,
        )
        # A file that cannot be used is told at the start, too.
        access.tls()
        return access

    def tls(self) -> ssl.SSLContext | None:
        """Give the TLS context, made of the files as they are now; None without TLS.

        Raises
        ------
        ConfigError
            If a file cannot be used.
        """
        if not self.broker.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            msg = f"broker_ca {self.ca}: {error}"
            raise ConfigError(msg) from error
        if self.certificate and self.key:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except (OSError, ssl.SSLError) as error:
                msg = f"broker_certificate {self.certificate}, broker_key {self.key}: {error}"
                raise ConfigError(msg) from error
        return context

    def client(self, max_inflight: int, now_ns: int) -> Client:
        """Give a client, not yet connected, whose will says that the gateway has gone.

        Raises
        ------
        ConfigError
            If a TLS file cannot be used.
        """
        will = Will(self.status_topic, self.status(online=False, now_ns=now_ns), 1, retain=True)
        client = self._client(self.gateway_id, will, max_inflight)
        client.pending_calls_threshold = 2 * max_inflight
        return client

    def turned(self) -> Self:
        """Give the access that tries the next node of the broker's cluster first."""
        return replace(self, broker=self.broker.turned()) if self.broker.others else self

    def visitor(self) -> Client:
        """Give a client for a look, not yet connected: under a name of its own, without a will.

        Under the gateway's name it would throw out a gateway that runs.

        Raises
        ------
        ConfigError
            If a TLS file cannot be used.
        """
        return self._client(f"{self.gateway_id}-doctor", None, 1)

    def _client(self, identifier: str, will: Will | None, max_inflight: int) -> Client:
        is_v5 = self.version == "5"
        return Client(
            self.broker.host,
            self.broker.port,
            username=self.broker.username,
            password=self.broker.password,
            identifier=identifier,
            protocol=_PROTOCOLS[self.version],
            # The one is of MQTT 3.1.1 only, the other of MQTT 5.
            clean_session=None if is_v5 else True,
            clean_start=True if is_v5 else MQTT_CLEAN_START_FIRST_ONLY,
            will=will,
            timeout=self.timeout_s,
            keepalive=_KEEPALIVE_S,
            socket_options=(_NO_DELAY,),
            max_inflight_messages=max_inflight,
            tls_context=self.tls(),
        )

    @property
    def status_topic(self) -> str:
        """Where the gateway's presence is retained."""
        return topics.gateway_status(self.gateway_id)

    def status(self, *, online: bool, now_ns: int) -> str:
        """Give the message that says whether the gateway is there."""
        status = GatewayStatus(gateway=self.gateway_id, online=online, since_ns=now_ns)
        return status.model_dump_json()

    def reason(self, error: BaseException) -> str:
        """Give in words why there is no connection."""
        return self.refusal(error) or str(error).rpartition("] ")[2]

    def refusal(self, error: BaseException) -> str | None:
        """Give what the broker refuses, if that is why there is no connection."""
        if not isinstance(error, MqttCodeError) or not isinstance(error.rc, ReasonCode):
            return None
        if error.rc.value == _TAKEN_OVER:
            return f"another gateway calls itself {self.gateway_id}"
        if error.rc.value in _REFUSALS:
            who = self.broker.username or "a user without name"
            return f"refuses {who}: {error.rc}"
        return None


async def publish_together(
    client: Client, messages: Iterable[tuple[str, str | bytes]], *, qos: int
) -> None:
    """Publish payloads under their topics and wait for all; one by one each waits for the socket.

    Raises
    ------
    ExceptionGroup
        Of `MqttError`, if the connection ends.
    """
    async with asyncio.TaskGroup() as tasks:
        for topic, payload in messages:
            tasks.create_task(client.publish(topic, payload, qos=qos))
