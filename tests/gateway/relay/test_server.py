"""The relay's port: who gets in, who may relay what, and what is not understood."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from ecgcore.errors import ConfigError
from gateway.radio import Radio, radio_opener
from gateway.relay import messages
from gateway.relay.backend import open_radio
from tests.gateway.broker import free_port
from tests.gateway.relay.pocket import SECRET

HELLO = '{"type":"hello","version":1,"phone":"x","utc_ns":0,"monotonic_ns":0,"patches":[]}'
NAME = "Polar H10 0A1B2C3D"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("ECGOMICS_GATEWAY_RELAY_SECRET", SECRET)
    return free_port()


@pytest.fixture
async def radio(port: int) -> AsyncIterator[Radio]:
    async with open_radio(f"127.0.0.1:{port}") as radio:
        yield radio


@asynccontextmanager
async def phone(port: int, **headers: str) -> AsyncIterator[ClientConnection]:
    given = {"Authorization": f"Bearer {SECRET}", **headers}
    async with connect(f"ws://127.0.0.1:{port}", additional_headers=given) as socket:
        yield socket


async def say(socket: ClientConnection, *said: messages.FromPhone) -> None:
    for message in said:
        await socket.send(messages.encode_text(message))


async def hear(socket: ClientConnection, kind: type) -> messages.ToPhone:
    async with asyncio.timeout(10):
        while True:
            text = await socket.recv()
            assert isinstance(text, str)
            message = messages.decode_to_phone(text)
            if isinstance(message, kind):
                return message


def hello(name: str = "x") -> messages.Hello:
    return messages.Hello(messages.VERSION, name, time.time_ns(), 0, [])


@asynccontextmanager
async def scanning(radio: Radio) -> AsyncIterator["asyncio.Queue[tuple[BLEDevice, str | None]]"]:
    seen: asyncio.Queue[tuple[BLEDevice, str | None]] = asyncio.Queue()

    def on_detection(device: BLEDevice, data: AdvertisementData) -> None:
        seen.put_nowait((device, data.local_name))

    async with BleakScanner(on_detection, backend=radio.scanner_backend):
        yield seen


async def test_a_connection_may_relay_only_the_patches_it_names(port: int, radio: Radio) -> None:
    allowed = {"X-ECGomics-Patches": "polar-h10-FFFFFFFF, polar-h10-EEEEEEEE"}
    async with scanning(radio) as seen, phone(port, **allowed) as socket:
        await say(
            socket,
            hello(),
            messages.Seen("a", NAME),
            messages.Seen("b", "A strap of nobody"),
            messages.Seen("c", "Polar H10 FFFFFFFF"),
        )
        _, name = await asyncio.wait_for(seen.get(), 10)
    assert name == "Polar H10 FFFFFFFF"
    assert seen.empty()


@pytest.mark.parametrize("shown", [None, "Bearer", f"Bearer {SECRET}x"])
async def test_nobody_comes_in_without_the_secret(
    port: int, radio: Radio, shown: str | None
) -> None:
    headers = {"Authorization": shown} if shown else {}
    with pytest.raises(InvalidStatus, match="401"):
        await connect(f"ws://127.0.0.1:{port}", additional_headers=headers)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (["{}"], 1008),
        (['{"type":"alive"}'], 1008),
        ([b"\0" * 60], 1008),
        ([HELLO.replace('"version":1', '"version":9')], 4400),
        ([HELLO, HELLO], 1008),
        ([HELLO, '{"type":"done","request":7}'], 1008),
        ([HELLO, b"\1"], 1008),
        (
            [
                HELLO,
                messages.encode_record(messages.Record(messages.Kind.LINK_ENDED, "n", 1, 1, 0, 0)),
            ],
            1008,
        ),
    ],
)
async def test_what_is_not_understood_ends_the_connection_and_no_other(
    port: int, radio: Radio, said: list[str | bytes], code: int
) -> None:
    async with scanning(radio) as seen, phone(port) as other, phone(port) as socket:
        await say(other, hello("other"))
        for message in said:
            await socket.send(message)
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == code
        await say(other, messages.Seen("a", NAME))
        await asyncio.wait_for(seen.get(), 10)


async def test_what_the_phone_cannot_do_is_bleaks_error(port: int, radio: Radio) -> None:
    services = [messages.Service("s" * 36, [messages.Characteristic(DATA, ["read", "notify"])])]
    async with scanning(radio) as seen, phone(port) as socket:
        await say(socket, hello(), messages.Seen("a", NAME))
        device, _ = await asyncio.wait_for(seen.get(), 10)
        client = BleakClient(device, backend=radio.client_backend)
        connecting = asyncio.create_task(client.connect())
        asked = await hear(socket, messages.Connect)
        standing = messages.Standing(1, 0, services)
        await say(socket, messages.Done(asked.request, standing=standing))  # type: ignore[union-attr]
        await connecting
        assert client.mtu_size == 517
        for failed, error in ((3, BleakGATTProtocolError), (None, BleakError)):
            reading = asyncio.create_task(client.read_gatt_char(DATA))
            asked = await hear(socket, messages.Read)
            await say(socket, messages.Failed(asked.request, "will not", failed))  # type: ignore[union-attr]
            with pytest.raises(error):
                await reading
        reading = asyncio.create_task(client.read_gatt_char(DATA))
        await hear(socket, messages.Read)
        await socket.close()
        with pytest.raises(BleakError, match="away"):
            await reading
        assert client.is_connected


async def test_a_phone_that_comes_again_replaces_itself(port: int, radio: Radio) -> None:
    async with phone(port) as before, phone(port) as after:
        await say(before, hello())
        await hear(before, messages.Welcome)
        await say(after, hello())
        await hear(after, messages.Scan)
        await asyncio.wait_for(before.wait_closed(), 10)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", ":80", "127.0.0.1:99999"])
async def test_an_address_that_cannot_be_is_named(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGOMICS_GATEWAY_RELAY_SECRET", SECRET)
    with pytest.raises(ConfigError, match="relay:"):
        async with open_radio(address):
            pass


@pytest.mark.parametrize("secret", [None, "short"])
async def test_without_a_secret_there_is_no_relay(
    secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECGOMICS_GATEWAY_RELAY_SECRET", raising=False)
    if secret:
        monkeypatch.setenv("ECGOMICS_GATEWAY_RELAY_SECRET", secret)
    with pytest.raises(ConfigError, match="ECGOMICS_GATEWAY_RELAY_SECRET"):
        async with radio_opener("relay:127.0.0.1:0")():
            pass
