"""The inbox stays bounded whatever the connection does; refusals are noticed."""

import asyncio
from pathlib import Path

import pytest

from cloud.ingest import AckOrder, Delivery, Inbox, ShardReader
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


async def test_every_device_has_its_turn_however_much_another_one_sent() -> None:
    inbox, reader = Inbox(), object()
    for k in range(900):
        inbox.put(Delivery("ecg/v1/3/gw1/late/samples", b"", lambda: None, reader, k))
    for k, device in enumerate(("new", "newer")):
        topic = f"ecg/v1/3/gw1/{device}/samples"
        inbox.put(Delivery(topic, b"", lambda: None, reader, 900 + k))
    assert [d.packet_id for d in await inbox.take(5, 0)] == [0, 900, 901, 1, 2]
    inbox.put(Delivery("ecg/v1/3/gw1/new/samples", b"", lambda: None, reader, 902))
    assert [d.packet_id for d in await inbox.take(3, 0)] == [3, 902, 4]
    assert [d.packet_id for d in await inbox.take(999, 0)] == list(range(5, 900))


async def test_what_comes_by_two_gateways_keeps_its_order() -> None:
    inbox, reader = Inbox(), object()
    for k in range(6):
        gateway = "gw1" if k < 4 else "gw2"
        inbox.put(Delivery(f"ecg/v1/3/{gateway}/a/samples", b"", lambda: None, reader, k))
    assert [d.packet_id for d in await inbox.take(9, 0)] == list(range(6))


def test_acknowledged_is_in_the_order_of_arrival() -> None:
    sent: list[int] = []
    order = AckOrder(lambda packet_id, _qos: sent.append(packet_id))
    done = {packet_id: order.arrived(packet_id, 1) for packet_id in (4, 2, 9)}
    done[9]()
    again = order.arrived(4, 1)
    assert sent == []
    again()
    assert sent == [4]
    done[2]()
    done[2]()
    assert sent == [4, 2, 9]


def test_a_new_connection_is_not_acknowledged_by_what_came_over_the_old_one() -> None:
    sent: list[int] = []
    order = AckOrder(lambda packet_id, _qos: sent.append(packet_id))
    old = order.arrived(1, 1)
    order.forget()
    new = order.arrived(1, 1)
    old()
    assert sent == []
    new()
    assert sent == [1]


async def test_a_broker_that_does_not_let_us_read_is_named(tmp_path: Path) -> None:
    with running_nats(tmp_path, gateways=("gw1",)) as (_, nats):
        reader = ShardReader(3, Broker.parse(nats.url("gw1", "gw1")), Inbox())
        with pytest.raises(ConfigError, match="does not let us read ecg/v1/3"):
            await reader.connect()
        reader.close()
