"""The hub: bounded queues, one encoding for all, nothing lost in silence."""

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from cloud import hub as hub_module
from cloud.hub import TRY_AGAIN_LATER, Client, Hub


async def drain(client: Client) -> list[str | bytes]:
    messages = []
    try:
        while True:
            async with asyncio.timeout(0.01):
                messages.append(await client.next())
    except TimeoutError:
        return messages


def strips(first: int, n: int) -> list[bytes]:
    return [b"%d" % i for i in range(first, first + n)]


async def test_a_slow_client_loses_the_oldest_strips_and_is_told_first() -> None:
    client = Client("s")
    client.want("p1", strips=True)
    client.offer_text("hello")
    for strip in strips(0, 100):
        client.offer_strip(strip)
    dropped, hello, *rest = await drain(client)
    assert json.loads(dropped) == {"type": "dropped", "messages": 36}
    assert hello == "hello"
    assert rest == strips(36, 64)


async def test_a_wall_gets_room_for_each_patient() -> None:
    client = Client("s")
    for patient in "abc":
        client.want(patient, strips=True)
    for strip in strips(0, 3 * 64):
        client.offer_strip(strip)
    assert await drain(client) == strips(0, 3 * 64)


@given(st.lists(st.sampled_from(["text", "strip"]), max_size=400))
async def test_every_strip_is_delivered_or_counted_and_texts_keep_their_order(
    offers: list[str],
) -> None:
    client = Client("s")
    client.want("p1", strips=True)
    for number, kind in enumerate(offers):
        if kind == "text":
            client.offer_text(json.dumps({"type": "t", "n": number}))
        else:
            client.offer_strip(b"%d" % number)
    heard = [await client.next() for _ in range(len(client._waiting) + bool(client._dropped))]
    told = [json.loads(m) for m in heard if isinstance(m, str)]
    assert [t["n"] for t in told if t["type"] == "t"] == [
        n for n, kind in enumerate(offers) if kind == "text"
    ]
    delivered = [int(m) for m in heard if isinstance(m, bytes)]
    assert delivered == sorted(delivered)
    assert len(delivered) <= 64
    assert len(delivered) + sum(t.get("messages", 0) for t in told) == offers.count("strip")


async def test_json_is_never_lost_in_silence() -> None:
    client = Client("s")
    for number in range(hub_module._MOST_TEXTS):
        client.offer_text(str(number))
    assert not client.closing.is_set()
    client.offer_text("one too many")
    assert client.closing.is_set()
    assert client.close_code == TRY_AGAIN_LATER


def joined(hub: Hub, owner: str = "s") -> Client:
    client = hub.join(owner)
    assert client is not None
    return client


async def test_only_listeners_of_a_patient_hear_her() -> None:
    hub = Hub()
    ada, bea, numbers_only = joined(hub), joined(hub), joined(hub)
    hub.subscribe(ada, "p1", strips=True)
    hub.subscribe(bea, "p2", strips=True)
    hub.subscribe(numbers_only, "p1", strips=False)
    hub.send_strip("p1", b"strip")
    hub.send_text("p1", "numbers")
    hub.send_all("everybody")
    assert await drain(ada) == [b"strip", "numbers", "everybody"]
    assert await drain(bea) == ["everybody"]
    assert await drain(numbers_only) == ["numbers", "everybody"]


async def test_who_left_or_unsubscribed_hears_nothing_more() -> None:
    hub = Hub()
    gone, quiet = joined(hub), joined(hub)
    hub.subscribe(gone, "p1", strips=True)
    hub.subscribe(quiet, "p1", strips=True)
    hub.leave(gone)
    hub.unsubscribe(quiet, "p1")
    assert not hub.is_heard("p1")
    hub.send_text("p1", "numbers")
    hub.send_all("everybody")
    assert await drain(gone) == []
    assert await drain(quiet) == ["everybody"]


async def test_one_message_object_serves_all() -> None:
    hub = Hub()
    clients = [joined(hub) for _ in range(3)]
    for client in clients:
        hub.subscribe(client, "p1", strips=True)
    strip = bytes(300)
    hub.send_strip("p1", strip)
    assert all([(await client.next()) is strip for client in clients])


async def test_the_end_of_a_session_ends_its_clients_only() -> None:
    hub = Hub()
    mine, other = joined(hub, "mine"), joined(hub, "other")
    hub.close_all_of("mine", 4401)
    assert (mine.closing.is_set(), mine.close_code) == (True, 4401)
    assert not other.closing.is_set()


async def test_streams_are_stable_and_distinct() -> None:
    hub = Hub()
    numbers = [hub.stream_of(p) for p in ("a", "b", "a", "c")]
    assert numbers[0] == numbers[2]
    assert len(set(numbers)) == 3


async def test_there_is_room_for_so_many_clients_and_no_more() -> None:
    hub = Hub()
    clients = [joined(hub) for _ in range(hub_module._MOST_CLIENTS)]
    assert hub.join("s") is None
    hub.leave(clients[0])
    assert hub.join("s") is not None
