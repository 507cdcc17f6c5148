"""One MQTT connection of a virtual gateway: paho on the event loop, cheap enough for thousands.

No thread, no task and no future for each message: the loop watches the socket, what arrives is
handed on by a call, and what is published is written at once. A connection that is over is over;
the next one is another object.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from ecgcore.wire.broker import Broker

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_KEEPALIVE_S = 20
_TIMEOUT_S = 20.0


class Connection:
    """A connection that hears one topic.

    Parameters
    ----------
    broker : Broker
    name : str
        Client id, and user name where there is a password.
    hears : str
        Topic filter.
    most_inflight : int
        Messages under way at once.
    take : Callable[[str, bytes], None]
        Is given what comes: topic and payload.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        hears: str,
        most_inflight: int,
        take: Callable[[str, bytes], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._broker = broker
        self._hears = hears
        self._take = take
        self._heard: asyncio.Future[None] = self._loop.create_future()
        self.down = asyncio.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
        if broker.password:
            client.username_pw_set(name, broker.password)
        if broker.tls:
            client.tls_set_context(ssl.create_default_context())
        client.max_inflight_messages_set(most_inflight)
        client.connect_timeout = _TIMEOUT_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        self._client = client

    async def open(self) -> None:
        """Connect and subscribe.

        Raises
        ------
        OSError
            If nobody answers, or not as we wish.
        """
        at = self._broker.host, self._broker.port, _KEEPALIVE_S
        await asyncio.to_thread(self._client.connect, *at)
        async with asyncio.timeout(_TIMEOUT_S):
            await self._heard

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at QoS 1; what becomes of it is not told here."""
        self._client.publish(topic, payload, qos=1)

    def keep(self) -> None:
        """Ping when it is due, and write what the socket did not take; to be called often."""
        self._client.loop_misc()
        self._flush()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()

    def _flush(self) -> None:
        if self._client.want_write():
            self._client.loop_write()

    def _read(self) -> None:
        self._client.loop_read()
        # What is published in a callback is only queued there.
        self._flush()

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _props: object
    ) -> None:
        if code.is_failure:
            self._settle(ConnectionError(str(code)))
        else:
            client.subscribe(self._hears)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _: object
    ) -> None:
        refused = any(code.is_failure for code in codes)
        self._settle(ConnectionError(f"may not hear {self._hears}") if refused else None)

    def _settle(self, refused: ConnectionError | None) -> None:
        if self._heard.done():
            return
        if refused:
            self._heard.set_exception(refused)
        else:
            self._heard.set_result(None)

    def _on_disconnect(self, *_: object) -> None:
        self._settle(ConnectionError("closed"))
        self.down.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._take(message.topic, bytes(message.payload))

    # paho opens its socket in the connecting thread.
    def _on_socket_open(self, _client: mqtt.Client, _data: object, sock: "SocketLike") -> None:
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.call_soon_threadsafe(self._loop.add_reader, sock.fileno(), self._read)

    def _on_socket_close(self, _client: mqtt.Client, _data: object, sock: "SocketLike") -> None:
        self._loop.remove_reader(sock.fileno())
