"""What the broker says becomes what the pages hear, and nothing else does."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.hub import Client
from cloud.live import Live
from cloud.services import Service
from cloud.strips import strip_message
from cloud.worn import Worn
from ecgcore.clock import UtcClock
from ecgcore.compose import compose
from ecgcore.errors import EcgomicsError
from ecgcore.wire import topics
from ecgcore.wire.frame import encode_frame
from ecgcore.wire.messages import DeviceStatus, GatewayStatus, Heartbeat, LinkState, Numbers
from tests.cloud.frames import DEVICE, START_NS, frame
from tests.ecgcore.reporting import given as report_input

OTHER = "polar-h10-0A1B2C3E"
NUMBERS = Numbers(
    device=DEVICE, boot_id=7, newest_ns=START_NS + 5, safe_through_ns=START_NS, hr_bpm=75, sqi=1
)
STATUS = DeviceStatus(
    device=DEVICE, gateway="gw1", at_ns=1, link=LinkState.STREAMING, since_ns=0
)  # fmt: skip


def listening() -> tuple[Live, Client]:
    """Ada wears a patch and somebody looks at her."""
    live = Live(UtcClock(lambda: 1000))
    live.worn.update([Worn(DEVICE, "p1", START_NS), Worn(OTHER, "p2", START_NS)])
    client = live.hub.join("s")
    assert client is not None
    live.hub.subscribe(client, "p1", strips=True)
    return live, client


async def heard(client: Client) -> list[Any]:
    found = []
    try:
        while True:
            async with asyncio.timeout(0.01):
                message = await client.next()
            found.append(message if isinstance(message, bytes) else json.loads(message))
    except TimeoutError:
        return found


async def test_numbers_status_and_strips_reach_the_listener() -> None:
    live, client = listening()
    of = frame(100)
    live.receive(topics.live(DEVICE, "numbers"), NUMBERS.model_dump_json().encode(), 0)
    live.receive(topics.up("gw1", DEVICE, "status"), STATUS.model_dump_json().encode(), 0)
    live.receive(topics.live(DEVICE, "strip"), encode_frame(of), 0)
    numbers, status, strip = await heard(client)
    assert numbers == {"type": "numbers", "patient": "p1", **NUMBERS.model_dump(mode="json")}
    assert status == {"type": "status", "patient": "p1", **STATUS.model_dump(mode="json")}
    assert strip == strip_message(of, live.hub.stream_of("p1"))


async def test_another_patients_data_does_not() -> None:
    live, client = listening()
    theirs = NUMBERS.model_copy(update={"device": OTHER})
    live.receive(topics.live(OTHER, "numbers"), theirs.model_dump_json().encode(), 0)
    live.receive(topics.live(OTHER, "strip"), encode_frame(frame(0, device=OTHER)), 0)
    live.receive(topics.live("unworn", "strip"), encode_frame(frame(0, device="unworn")), 0)
    assert await heard(client) == []


async def test_what_was_recorded_before_she_wore_the_patch_is_not_shown() -> None:
    live, client = listening()
    before = replace(frame(0), utc_ns=START_NS - 1)
    old = NUMBERS.model_copy(update={"newest_ns": START_NS - 1})
    live.receive(topics.live(DEVICE, "strip"), encode_frame(before), 0)
    live.receive(topics.live(DEVICE, "numbers"), old.model_dump_json().encode(), 0)
    assert await heard(client) == []
    worn = live.worn.of_patient("p1")
    assert worn is not None
    assert worn.numbers is None


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (topics.live(DEVICE, "strip"), encode_frame(frame(0, device=OTHER))),
        (topics.live(DEVICE, "strip"), b"no frame"),
        (
            topics.live(DEVICE, "numbers"),
            NUMBERS.model_copy(update={"device": OTHER}).model_dump_json().encode(),
        ),
        (topics.live(DEVICE, "numbers"), b"{}"),
        (topics.up("gw1", OTHER, "status"), STATUS.model_dump_json().encode()),
        (topics.service("engine"), b"\xff"),
        ("ecg/v1/x/gw1/y/status", STATUS.model_dump_json().encode()),
        (
            topics.live(DEVICE, "report"),
            compose(report_input(patient_ref="p2")).model_dump_json().encode(),
        ),
    ],
)
async def test_a_message_that_names_another_or_is_broken_is_refused(
    topic: str, payload: bytes
) -> None:
    live, client = listening()
    with pytest.raises(EcgomicsError):
        live.receive(topic, payload, 0)
    assert await heard(client) == []


@given(
    topic=st.sampled_from(
        [topics.live(DEVICE, kind) for kind in ("strip", "numbers", "report")]
        + [topics.up("gw1", DEVICE, "status"), topics.service("engine"), "ecg/v1/live", "x"]
    ),
    payload=st.binary(max_size=200),
)
async def test_any_bytes_are_taken_or_refused(topic: str, payload: bytes) -> None:
    live, _ = listening()
    try:
        live.receive(topic, payload, 0)
    except EcgomicsError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, nothing else is


async def test_a_report_comes_whole() -> None:
    live, client = listening()
    report = compose(report_input())
    live.receive(topics.live(DEVICE, "report"), report.model_dump_json().encode(), 0)
    [message] = await heard(client)
    assert message == {
        "type": "report", "patient": "p1", "report": report.model_dump(mode="json"),
    }  # fmt: skip


def heartbeat(service: str = "engine") -> tuple[str, bytes]:
    beat = Heartbeat(service=service, at_ns=0, started_ns=0, database=True)
    return topics.service(service), beat.model_dump_json().encode()


async def test_the_engine_is_up_while_its_heart_beats() -> None:
    live, client = listening()
    live.receive(*heartbeat(), 10.0)
    live.note_engine(12.9)
    assert live.services.is_up(Service.ENGINE)
    live.note_engine(13.0)
    assert not live.services.is_up(Service.ENGINE)
    live.receive(*heartbeat("another"), 13.0)
    assert not live.services.is_up(Service.ENGINE)
    told = await heard(client)
    assert [message["engine"]["up"] for message in told] == [True, False]
    assert all(message["type"] == "services" for message in told)


async def test_the_engine_is_up_while_its_workers_read_all_shards() -> None:
    live, _ = listening()

    def beat(worker: str, shards: int, now_s: float) -> bool:
        word = Heartbeat(
            service="engine", at_ns=0, started_ns=0, database=True, worker=worker, shards=shards
        )
        live.receive(topics.service("engine"), word.model_dump_json().encode(), now_s)
        return live.services.is_up(Service.ENGINE)

    assert not beat("a", 32, 10.0)
    assert beat("b", 32, 10.1)
    # b is gone; a has not taken over what it had yet.
    assert beat("a", 32, 12.0)
    assert not beat("a", 32, 15.0)
    assert beat("a", 64, 16.0)


async def test_services_are_told_only_when_they_change() -> None:
    live, client = listening()
    for up in (False, True, True, True, False):
        live.note(Service.BROKER, up=up)
    assert [message["broker"]["up"] for message in await heard(client)] == [True, False]


def test_a_patch_that_changes_its_wearer_is_known_no_more() -> None:
    live = Live(UtcClock(lambda: 0))
    live.worn.update([Worn(DEVICE, "p1", START_NS)])
    live.receive(topics.live(DEVICE, "numbers"), NUMBERS.model_dump_json().encode(), 0)
    live.worn.update([Worn(DEVICE, "p1", START_NS)])
    kept = live.worn.of_patient("p1")
    assert kept is not None
    assert kept.numbers == NUMBERS
    live.worn.update([Worn(DEVICE, "p2", START_NS + 100)])
    fresh = live.worn.of_patient("p2")
    assert fresh is not None
    assert fresh.numbers is None
    assert live.worn.of_patient("p1") is None


async def test_a_gateway_that_has_left_the_broker_is_told_for_its_patches() -> None:
    live, client = listening()
    status = STATUS.model_dump_json().encode()
    live.receive(topics.up("gw1", DEVICE, "status"), status, 0)
    for gateway, online in (("gw2", False), ("gw1", True), ("gw1", False), ("gw1", False)):
        word = GatewayStatus(gateway=gateway, online=online, since_ns=1).model_dump_json()
        live.receive(topics.gateway_status(gateway), word.encode(), 0)
    live.receive(topics.up("gw1", DEVICE, "status"), status, 0)
    assert [each["uplink"] for each in await heard(client)] == [True, False, True]


async def test_a_gateway_speaks_for_itself_alone() -> None:
    live, _ = listening()
    word = GatewayStatus(gateway="gw1", online=False, since_ns=1).model_dump_json()
    with pytest.raises(EcgomicsError):
        live.receive(topics.gateway_status("gw2"), word.encode(), 0)
