"""The relay before the broker, between a real client and a real server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from ecgcore.clock import UtcClock
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import Relay
from simulators.scenario.plan import Planned, make_plan
from simulators.scenario.read import parse_scenario


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def planned(kind: str, more: str = "") -> Planned:
    text = f"""
        name = "uplink"
        duration = "1 h"
        [[patch]]
        [[fault]]
        kind = "{kind}"
        at = 0
        for = "300 ms"
        {more}
    """
    (one,) = make_plan(parse_scenario(text, "uplink.toml")).faults
    return one


def started() -> Timeline:
    clock = UtcClock(time.time_ns)
    return Timeline(clock, clock.now_ns())


class Talk:
    """One connection through the relay."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "Talk":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def hear(self, words: bytes) -> bytes:
        self.writer.write(words)
        async with asyncio.timeout(5):
            return await self._reader.read(100)

    async def is_over(self) -> bool:
        try:
            async with asyncio.timeout(5):
                return await self._reader.read(100) == b""
        except OSError:
            return True


async def test_without_a_fault_it_carries_everything() -> None:
    async with echo() as upstream, Relay("127.0.0.1", upstream).listening() as port:
        talk = await Talk.to(port)
        assert await talk.hear(b"hello") == b"hello"
        talk.writer.close()


async def test_gone_ends_what_stands_and_refuses_until_the_end() -> None:
    relay = Relay("127.0.0.1", 0)
    async with echo() as upstream:
        relay = Relay("127.0.0.1", upstream)
        async with relay.listening() as port:
            talk = await Talk.to(port)
            assert await talk.hear(b"hello") == b"hello"
            fault = asyncio.create_task(relay.obey(planned("uplink_gone"), started()))
            assert await talk.is_over()
            with pytest.raises(OSError, match="onnect"):
                await Talk.to(port)
            await fault
            again = await Talk.to(port)
            assert await again.hear(b"again") == b"again"
            again.writer.close()
            talk.writer.close()


async def test_half_open_carries_nothing_and_never_comes_to_life_again() -> None:
    async with echo() as upstream:
        relay = Relay("127.0.0.1", upstream)
        async with relay.listening() as port:
            talk = await Talk.to(port)
            assert await talk.hear(b"hello") == b"hello"
            fault = asyncio.create_task(relay.obey(planned("uplink_half_open"), started()))
            await asyncio.sleep(0.05)
            talk.writer.write(b"lost")
            young = await Talk.to(port)
            assert not fault.done()
            assert await talk.is_over()
            assert await young.is_over()
            assert fault.done()
            again = await Talk.to(port)
            assert await again.hear(b"again") == b"again"
            for each in (talk, young, again):
                each.writer.close()


async def test_slow_is_late_and_whole() -> None:
    async with echo() as upstream:
        relay = Relay("127.0.0.1", upstream)
        async with relay.listening() as port:
            talk = await Talk.to(port)
            slow = planned("uplink_slow", "delay_ms = 60")
            fault = asyncio.create_task(relay.obey(slow, started()))
            await asyncio.sleep(0.01)
            before_s = time.monotonic()
            assert await talk.hear(b"hello") == b"hello"
            assert time.monotonic() - before_s >= 0.12
            await fault
            talk.writer.close()


async def test_a_storm_ends_all_connections_once() -> None:
    async with echo() as upstream:
        relay = Relay("127.0.0.1", upstream)
        async with relay.listening() as port:
            talks = [await Talk.to(port) for _ in range(20)]
            for talk in talks:
                assert await talk.hear(b"hello") == b"hello"
            await relay.obey(planned("reconnect_storm"), started())
            assert all([await talk.is_over() for talk in talks])
            again = await Talk.to(port)
            assert await again.hear(b"again") == b"again"
            assert relay.n_connections == 21
            for each in (*talks, again):
                each.writer.close()
