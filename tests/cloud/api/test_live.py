"""The live WebSocket with a real client."""

import asyncio
import json
import socket
import struct
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from cloud.strips import strip_message
from ecgcore.wire import topics
from ecgcore.wire.frame import encode_frame
from tests.cloud.api.house import ADA, BEA, House, store_frames, store_minute
from tests.cloud.api.test_patients import NUMBERS, STATUS
from tests.cloud.frames import DEVICE, frame


async def close_code(house: House, ticket: str, origin: str | None) -> int:
    async with connect(f"{house.live_url}?ticket={ticket}", origin=origin) as link:  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await link.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_a_ticket_is_good_once_and_only_for_this_server(house: House) -> None:
    used = await house.ticket("ada")
    async with connect(f"{house.live_url}?ticket={used}", origin=house.url) as link:  # type: ignore[arg-type]
        hello = json.loads(await link.recv())
    assert hello["type"] == "hello"
    assert abs(hello["now_ns"] - time.time_ns()) < 10**10
    assert hello["speed"] == 1.0
    assert await close_code(house, used, house.url) == 4401
    assert await close_code(house, "guess", house.url) == 4401
    assert await close_code(house, "", house.url) == 4401
    for origin in (None, "http://evil.example", "null"):
        assert await close_code(house, await house.ticket("ada"), origin) == 4403


async def test_a_foreign_origin_does_not_spend_the_ticket(house: House) -> None:
    ticket = await house.ticket("ada")
    assert await close_code(house, ticket, "http://evil.example") == 4403
    async with connect(f"{house.live_url}?ticket={ticket}", origin=house.url) as link:  # type: ignore[arg-type]
        assert json.loads(await link.recv())["type"] == "hello"


async def test_a_subscriber_starts_with_all_that_is_known(house: House) -> None:
    await store_minute(house.parts.pool)
    await house.publish(
        (topics.live(DEVICE, "numbers"), NUMBERS.model_dump_json().encode()),
        (topics.up("gw1", DEVICE, "status"), STATUS.model_dump_json().encode()),
    )
    worn = house.parts.live.worn.of_patient(ADA)
    assert worn is not None
    await house.until(lambda: worn.numbers is not None and worn.status is not None)
    async with house.browser("ada") as client:
        made = (await client.post(f"/api/v1/patients/{ADA}/reports")).json()
    async with house.page("ada") as page:
        services = await page.hear("services")
        assert services["broker"]["up"]
        assert services["database"]["up"]
        assert not services["engine"]["up"]
        await page.say("subscribe", ADA)
        subscribed = await page.hear("subscribed")
        assert subscribed == {
            "type": "subscribed", "patient": ADA, "stream": subscribed["stream"],
            "name": "Ada Moss", "bed": "1", "device_id": DEVICE,
        }  # fmt: skip
        assert (await page.hear("status"))["link"] == "streaming"
        assert (await page.hear("numbers"))["hr_bpm"] == 75.0
        assert (await page.hear("report"))["report"] == made
        # 10 s are 1300 samples; stored were frames of 100.
        first = (await page.hear("strip"))["bytes"]
        assert struct.unpack_from("<Q", first, 16)[0] == 6500
        assert struct.unpack_from("<I", first, 4)[0] == subscribed["stream"]
        rest = [(await page.hear("strip"))["bytes"] for _ in range(12)]
        assert struct.unpack_from("<Q", rest[-1], 16)[0] == 7700


async def test_what_comes_now_goes_to_its_subscribers_only(house: House) -> None:
    of = frame(0)
    async with house.page("ada") as ada, house.page("bea") as bea:
        await ada.say("subscribe", ADA)
        await ada.hear("subscribed")
        await bea.say("subscribe", BEA, ADA)
        assert (await bea.hear("refused"))["patient"] == ADA
        await house.publish((topics.live(DEVICE, "strip"), encode_frame(of)))
        stream = house.parts.live.hub.stream_of(ADA)
        assert (await ada.hear("strip"))["bytes"] == strip_message(of, stream)
        with pytest.raises(TimeoutError):
            await bea.hear("strip", within_s=0.3)
        await ada.say("unsubscribe", ADA)
        await house.until(lambda: not house.parts.live.hub.is_heard(ADA))


async def test_nonsense_ends_the_connection(house: House) -> None:
    for nonsense in ("", "{", '{"type":"x"}', '{"type":"subscribe"}', b"\x00", "[" * 5000):
        async with house.page("ada") as page:
            await page.link.send(nonsense)
            async with asyncio.timeout(5):
                await page.link.wait_closed()
            assert page.link.close_code == 1008, nonsense


async def test_signing_out_ends_the_connection_and_the_tickets(house: House) -> None:
    async with house.browser("ada") as client:
        one = (await client.post("/api/v1/live/ticket")).json()["ticket"]
        two = (await client.post("/api/v1/live/ticket")).json()["ticket"]
        async with connect(f"{house.live_url}?ticket={one}", origin=house.url) as link:  # type: ignore[arg-type]
            await link.recv()
            await client.post("/api/v1/logout")
            async with asyncio.timeout(5):
                await link.wait_closed()
            assert link.close_code == 4401
    assert await close_code(house, two, house.url) == 4401


async def test_a_session_that_runs_out_ends_the_connection(house: House) -> None:
    in_a_moment = time.time_ns() + 1_500_000_000
    async with house.browser("ada") as client:
        await house.parts.pool.execute("UPDATE auth_session SET expires_ns = $1", in_a_moment)
        ticket = (await client.post("/api/v1/live/ticket")).json()["ticket"]
    async with connect(f"{house.live_url}?ticket={ticket}", origin=house.url) as link:  # type: ignore[arg-type]
        async with asyncio.timeout(5):
            await link.wait_closed()
        assert link.close_code == 4401


async def test_a_slow_client_is_told_what_it_missed_and_others_are_unaffected(
    house: House,
) -> None:
    """One client stops reading; strips are large so that socket buffers fill soon."""
    n_strips, n_samples = 400, 30_000
    async with house.page("ada") as quick, _not_reading(house) as (reader, writer):
        await quick.say("subscribe", ADA)
        await quick.hear("subscribed")
        await house.until(lambda: len(house.parts.live.hub._listeners.get(ADA, ())) == 2)
        waits_s = []
        for number in range(n_strips):
            of = frame(number * n_samples, n_samples)
            strip = strip_message(of, house.parts.live.hub.stream_of(ADA))
            start_s = time.monotonic()
            house.parts.live.hub.send_strip(ADA, strip)
            assert (await quick.hear("strip"))["bytes"] == strip
            waits_s.append(time.monotonic() - start_s)
        assert sorted(waits_s)[int(0.99 * n_strips)] < 0.5
        dropped, strips = await _read_until_end(reader, writer, n_samples)
    assert dropped > 0
    assert dropped + strips == n_strips


class _not_reading:
    """A hand-made WebSocket client that subscribes and then reads nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._house.url.removeprefix("http://").split(":")
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        sock.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=sock, limit=2**16)
        ticket = await self._house.ticket("ada")
        self._writer.write(
            f"GET /live?ticket={ticket} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Version: 13\r\nOrigin: {self._house.url}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        command = json.dumps({"type": "subscribe", "patients": [ADA]}).encode()
        # A masked text frame; a mask of zeros changes nothing.
        self._writer.write(bytes([0x81, 0x80 | len(command), 0, 0, 0, 0]) + command)
        return reader, self._writer

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()


async def _read_until_end(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n_samples: int
) -> tuple[int, int]:
    """Read all that was sent; give how many strips were named as dropped and how many came."""
    dropped = strips = 0
    while True:
        try:
            async with asyncio.timeout(1):
                opcode, payload = await _read_message(reader)
        except TimeoutError:
            return dropped, strips
        if opcode == 2:
            assert len(payload) == 48 + 2 * n_samples
            strips += 1
        elif opcode == 1 and json.loads(payload)["type"] == "dropped":
            dropped += json.loads(payload)["messages"]


async def _read_message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
    return first & 15, await reader.readexactly(length)


async def test_the_past_of_many_frames_is_not_cut(house: House) -> None:
    """Small frames: ten seconds are many strips, yet none is dropped."""
    await store_frames(house.parts.pool, [frame(at, 26) for at in range(0, 1300, 26)])
    async with house.page("ada") as page:
        await page.say("subscribe", ADA)
        for at in range(0, 1300, 26):
            strip = (await page.hear("strip"))["bytes"]
            assert struct.unpack_from("<Q", strip, 16)[0] == at
