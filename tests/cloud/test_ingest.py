"""The inbox stays bounded whatever the connection does; refusals are noticed."""

import asyncio
from pathlib import Path

import pytest

from cloud.ingest import Delivery, Inbox, ShardReader
from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker
from tests.servers import running_nats


def delivery(payload: bytes, reader: object) -> Delivery:
    return Delivery("t", payload, lambda: None, reader, int(payload))


async def test_what_a_lost_connection_brought_is_forgotten() -> None:
    inbox, one, two = Inbox(), object(), object()
    for payload, reader in ((b"1", one), (b"2", two), (b"3", one)):
        inbox.put(delivery(payload, reader))
    inbox.forget(one)
    assert [d.payload for d in await inbox.take(10, 0)] == [b"2"]
    inbox.put(delivery(b"4", one))
    taking = asyncio.create_task(inbox.take(10, 0.05))
    await asyncio.sleep(0.01)
    inbox.forget(one)
    await asyncio.sleep(0.1)
    assert not taking.done()
    inbox.put(delivery(b"5", two))
    assert [d.payload for d in await taking] == [b"5"]


async def test_what_a_broker_repeats_waits_once() -> None:
    inbox, one, two = Inbox(), object(), object()
    for _ in range(1000):
        for payload, reader in ((b"1", one), (b"1", two), (b"2", one)):
            inbox.put(delivery(payload, reader))
    assert [(d.payload, d.reader) for d in await inbox.take(2, 0)] == [(b"1", one), (b"1", two)]
    assert [d.payload for d in await inbox.take(10, 0)] == [b"2"]


async def test_a_broker_that_does_not_let_us_read_is_named(tmp_path: Path) -> None:
    with running_nats(tmp_path, gateways=("gw1",)) as (_, nats):
        reader = ShardReader(3, Broker.parse(nats.url("gw1", "gw1")), Inbox())
        with pytest.raises(ConfigError, match="does not let us read ecg/v1/3"):
            await reader.connect()
        reader.close()
