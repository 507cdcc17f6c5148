import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import EventError
from ecgcore.wire.events import (
    BatteryEvent,
    ClockEvent,
    CommandEvent,
    ContactEvent,
    DeviceEvent,
    Event,
    EventKind,
    HeartRateEvent,
    LinkEvent,
    RssiEvent,
    StoreEvent,
    UnreadEvent,
    decode_event,
    stamped,
)
from ecgcore.wire.messages import Contact, LinkState

EVENTS: list[Event] = [
    BatteryEvent(pct=80),
    ContactEvent(contact=Contact.OFF),
    RssiEvent(rssi_dbm=-71),
    HeartRateEvent(bpm=61, rr_ms=(983.4, 991.2), contact=Contact.ON),
    UnreadEvent(characteristic="2a37", data=b"AP8=", detail="kind 9", n_dropped=3),
    LinkEvent(state=LinkState.STALLED, detail="no samples for 5 s"),
    ClockEvent(detail="reset", drift_ppm=-12.5),
    StoreEvent(detail="disk full"),
    CommandEvent(command_id="c1", name="identify", ok=True),
]


def made(event: Event, number: int = 4) -> DeviceEvent:
    return DeviceEvent(device="h10", boot_id=7, number=number, at_ns=10**18, event=event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.kind))
def test_an_event_reads_back(event: Event) -> None:
    message = made(event)
    assert decode_event(message.model_dump_json().encode()) == message


def test_there_is_an_event_of_every_kind() -> None:
    assert {event.kind for event in EVENTS} == set(EventKind)


def test_raw_bytes_travel_as_base64() -> None:
    event = UnreadEvent(characteristic="2a37", data=b"AP8=")
    assert event.data == b"\x00\xff"
    assert json.loads(made(event).model_dump_json())["event"]["data"].strip() == "AP8="


def test_the_floor_is_stamped_on_sending() -> None:
    message = made(BatteryEvent(pct=80))
    payload = message.model_dump_json(exclude={"floor"}).encode()
    assert decode_event(stamped(payload, 3)) == message.model_copy(update={"floor": 3})


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_by_their_own_error(payload: bytes) -> None:
    with pytest.raises(EventError):
        decode_event(payload)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": -1},
        {"number": 1, "floor": 2},
        {"boot_id": 1 << 32},
        {"at_ns": 1 << 63},
        {"event": {"kind": "battery", "pct": 101}},
        {"event": {"kind": "unheard_of"}},
        {"event": {"kind": "store", "detail": "a\0b"}},
        {"event": {"kind": "store", "detail": "x" * 500}},
        {"event": {"kind": "heart_rate", "bpm": 60, "rr_ms": [float("nan")]}},
        {"event": {"kind": "unread", "characteristic": "x", "data": "A" * 8000}},
    ],
)
def test_what_no_database_could_keep_is_refused(changed: dict[str, object]) -> None:
    whole = json.loads(made(BatteryEvent(pct=80)).model_dump_json())
    assert decode_event(json.dumps(whole).encode())
    with pytest.raises(EventError):
        decode_event(json.dumps(whole | changed).encode())
